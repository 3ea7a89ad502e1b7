/** All that other services may import of tenancy. Its events are in events.ts. */
import './events.js'
import type { Resources } from '../../kernel/resources.js'
import { MEMBERSHIP_TOPIC } from './operations/change-members.js'

export { tenancyErrors } from './errors.js'
export { acceptInvitation, openInvitation } from './operations/accept-invitation.js'
export { addMember, setMemberRole } from './operations/change-members.js'
export { createTenant } from './operations/create-tenant.js'
export { guardAdminRole } from './operations/guard-admin-role.js'
export { nameOfTenant } from './operations/name-of-tenant.js'

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
