/** All that other services may import of tenancy. */
import './events.js'
import type { Ctx } from '../../kernel/context.js'
import type { Resources } from '../../kernel/resources.js'
import { listMembershipsOf, type MembershipOf } from './models/membership.js'
import { readAnyTenant, type Tenant } from './models/tenant.js'
import { MEMBERSHIP_TOPIC } from './operations/change-members.js'

export type { Membership, MembershipOf } from './models/membership.js'
export type { QuotaRef, Reservation } from './models/quota.js'
export type { Tenant, TenantStatus } from './models/tenant.js'
export { type AcceptedInvitation, acceptInvitation, openInvitation } from './operations/accept-invitation.js'
export { addMember, removeMember, setMemberRole } from './operations/change-members.js'
export { createTenant } from './operations/create-tenant.js'
export {
  commitReservation,
  consumeQuota,
  releaseReservation,
  reserveQuota,
  returnQuota,
} from './operations/use-quota.js'
export { resolveTenant } from './state.js'

/** The committed tenant of this id or slug, whatever its status, or null; works inside and outside of transactions. */
export function findTenant({ db }: Pick<Resources, 'db'>, idOrSlug: string): Promise<Tenant | null> {
  return readAnyTenant(db, idOrSlug.toLowerCase())
}

/**
 * Every tenant a person belongs to, whatever its status, oldest membership first. A system transaction, which it
 * joins where one is open; elsewhere it opens its own and sees what is committed.
 */
export function membershipsOf(ctx: Ctx, userId: string): Promise<MembershipOf[]> {
  if (ctx.db.scope?.role === 'system') return listMembershipsOf(ctx.db, userId)
  return ctx.system("a person's memberships are in many tenants", () => listMembershipsOf(ctx.db, userId))
}

/**
 * Calls `listener` with a user's id whenever, in any process, a membership of theirs began, ended or changed, right
 * after the commit. A hint that may be lost while Redis is away. Answers how to stop.
 */
export function watchMemberships(
  { bus }: Pick<Resources, 'bus'>,
  listener: (userId: string) => void,
): () => void {
  return bus.subscribe(MEMBERSHIP_TOPIC, listener)
}
