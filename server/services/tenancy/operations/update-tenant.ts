import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { tenancyErrors } from '../errors.js'
import { findTenantRow, lockTenantRow, type Tenant, updateTenantRow } from '../models/tenant.js'
import type { UpdateTenantBody } from '../schemas.js'
import { forgetTenant } from '../state.js'
import { reachTenant } from './reach-tenant.js'

/** Renames a tenant, gives it another slug or, for operators, another plan. Needs a system transaction. */
export async function updateTenant(ctx: Ctx, idOrSlug: string, changes: UpdateTenantBody): Promise<Tenant> {
  const tenant = await lockReached(ctx, idOrSlug, 'tenancy.tenant.update')
  if (changes.plan !== undefined && !ctx.may('tenancy.tenants.administer').allowed) {
    throw new tenancyErrors.OperatorsOnly({ field: 'plan' })
  }
  if (tenant.status === 'deleting') throw new tenancyErrors.BeingDeleted()
  const { slug } = changes
  if (slug !== undefined && slug !== tenant.slug && (await findTenantRow(ctx.db, slug))) {
    throw new tenancyErrors.SlugTaken({ slug })
  }
  const fields = (['slug', 'name', 'plan'] as const).filter(
    (field) => changes[field] !== undefined && changes[field] !== tenant[field],
  )
  ctx.auditDetail = { fields }
  if (fields.length === 0) return tenant

  const updated = await updateTenantRow(ctx.db, tenant.id, changes)
  if (!updated) throw new kernelErrors.NotFound()
  await ctx.emit('tenancy.tenant.updated', { tenantId: tenant.id, fields }, tenant.id)
  forgetTenant(ctx, tenant.id, tenant.slug, updated.slug)
  return updated
}

/** The tenant a path names, judged and locked; its chain takes the audit line. */
export async function lockReached(ctx: Ctx, idOrSlug: string, own: string): Promise<Tenant> {
  const reach = reachTenant(ctx, idOrSlug, { own, any: 'tenancy.tenants.administer' })
  return lockForOperation(ctx, reach.kind === 'own' ? reach.id : reach.idOrSlug)
}

/** The tenant of this id or slug, locked; its chain takes the audit line. Throws 404 when there is none. */
export async function lockForOperation(ctx: Ctx, idOrSlug: string): Promise<Tenant> {
  const tenant = await lockTenantRow(ctx.db, idOrSlug)
  if (!tenant) throw new kernelErrors.NotFound()
  ctx.auditTenantId = tenant.id
  return tenant
}
