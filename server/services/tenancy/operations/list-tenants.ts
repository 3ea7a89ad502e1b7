import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { listTenantRows, type TenantFilter } from '../models/tenant.js'
import { presentTenant } from '../present.js'
import type { ListTenantsQuery } from '../schemas.js'

/** A page of tenants, newest first: all for staff, else those the caller belongs to. Needs a system transaction. */
export function listTenants(ctx: Ctx, query: ListTenantsQuery) {
  const filter = { status: query.status, q: query.q, ...visibleTo(ctx) }
  return paginate(ctx, 'tenants', query, (window) => listTenantRows(ctx.db, filter, window), presentTenant)
}

/** A credential made for one tenant never shows the others its maker belongs to. */
function visibleTo(ctx: Ctx): Pick<TenantFilter, 'memberId' | 'id'> {
  const { principal } = ctx
  if (ctx.may('tenancy.tenants.list').allowed) return {}
  if (principal.kind === 'user' && (principal.via === 'jwt' || !principal.tenant))
    return { memberId: principal.id }
  return { id: ctx.tenant.id }
}
