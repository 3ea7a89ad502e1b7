import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { lockTenantRow, readAnyTenant, readTenantRow, type Tenant } from '../models/tenant.js'
import { reachTenant } from './reach-tenant.js'

/**
 * The tenant a path names, in one statement. Where a transaction is open (the check of If-Match before a change)
 * the row is locked, so that the change applies to what was compared.
 */
export async function readTenant(ctx: Ctx, idOrSlug: string): Promise<Tenant> {
  const reach = reachTenant(ctx, idOrSlug, { own: 'tenancy.tenant.read', any: 'tenancy.tenants.list' })
  const name = reach.kind === 'own' ? reach.id : reach.idOrSlug
  const tenant = ctx.db.inTransaction
    ? await lockTenantRow(ctx.db, name)
    : reach.kind === 'own'
      ? await readTenantRow(ctx.db, name)
      : await readAnyTenant(ctx.db, name)
  if (!tenant) throw new kernelErrors.NotFound()
  return tenant
}
