import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'

/** The tenant a call may work on: the caller's own, by id, or any, as the path names it. */
export type Reach = { kind: 'own'; id: string } | { kind: 'any'; idOrSlug: string }

/**
 * Judges a call on the tenant that a path names by id or slug. On their own tenant callers need `own`; operators may
 * reach any with `any`. To everybody else a foreign tenant is not found, exactly as one that does not exist.
 */
export function reachTenant(ctx: Ctx, idOrSlug: string, needs: { own: string; any: string }): Reach {
  const { tenant } = ctx.principal
  if (tenant && (idOrSlug === tenant.id || idOrSlug === tenant.slug)) {
    ctx.authorize(needs.own)
    return { kind: 'own', id: tenant.id }
  }
  if (ctx.may(needs.any).allowed) return { kind: 'any', idOrSlug }
  if (ctx.may('tenancy.tenants.list').allowed) throw new kernelErrors.Forbidden({ permission: needs.any })
  throw new kernelErrors.NotFound()
}
