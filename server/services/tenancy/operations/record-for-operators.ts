import type { Ctx } from '../../../kernel/context.js'
import type { Tenant } from '../models/tenant.js'

/**
 * Repeats in the installation's own chain what an operator did to a tenant: the tenant's chain says what happened
 * to it, this one what the operators did. Others' calls are not repeated.
 */
export async function recordForOperators(ctx: Ctx, action: string, { id, slug }: Tenant): Promise<void> {
  if (!ctx.may('tenancy.tenants.administer').allowed) return
  await ctx.audit({ action, target: id, tenantId: null, detail: { slug } })
}
