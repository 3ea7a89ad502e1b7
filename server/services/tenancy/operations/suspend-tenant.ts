import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { tenancyErrors } from '../errors.js'
import { type Tenant, type TenantChanges, updateTenantRow } from '../models/tenant.js'
import { forgetTenant } from '../state.js'
import { recordForOperators } from './record-for-operators.js'
import { lockForOperation } from './update-tenant.js'

/**
 * Shuts a tenant out, in every process within a second; its data stays. Safe to repeat: the first time and reason
 * are kept. Needs a system transaction.
 */
export async function suspendTenant(ctx: Ctx, idOrSlug: string, reason: string | undefined): Promise<Tenant> {
  const tenant = await lockForOperation(ctx, idOrSlug)
  if (tenant.status === 'deleting') throw new tenancyErrors.BeingDeleted()
  if (tenant.status === 'suspended') return tenant

  const changes = { status: 'suspended', suspendedAt: ctx.now(), suspendedReason: reason ?? null } as const
  if (reason !== undefined) ctx.auditDetail = { reason }
  await ctx.emit('tenancy.tenant.suspended', { tenantId: tenant.id }, tenant.id)
  return changeStatus(ctx, tenant, 'tenant.suspended', changes)
}

/** Lets a suspended tenant back in, or one whose deletion has not been carried out. Safe to repeat. Needs a system transaction. */
export async function resumeTenant(ctx: Ctx, idOrSlug: string): Promise<Tenant> {
  const tenant = await lockForOperation(ctx, idOrSlug)
  if (tenant.status === 'active') return tenant
  // Some of its data may be gone already.
  if (tenant.purgeAfter && tenant.purgeAfter <= ctx.now()) throw new tenancyErrors.GraceOver()

  ctx.auditDetail = { from: tenant.status }
  await ctx.emit('tenancy.tenant.resumed', { tenantId: tenant.id }, tenant.id)
  return changeStatus(ctx, tenant, 'tenant.resumed', {
    status: 'active',
    suspendedAt: null,
    suspendedReason: null,
    deleteRequestedAt: null,
    purgeAfter: null,
  })
}

/** Stores a new status and has every process see it from the commit on. */
export async function changeStatus(
  ctx: Ctx,
  tenant: Tenant,
  action: string,
  changes: TenantChanges,
): Promise<Tenant> {
  const changed = await updateTenantRow(ctx.db, tenant.id, changes)
  if (!changed) throw new kernelErrors.NotFound()
  await recordForOperators(ctx, action, changed)
  forgetTenant(ctx, tenant.id, tenant.slug)
  return changed
}
