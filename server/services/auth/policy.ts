import { definePolicy } from '../../kernel/define-policy.js'
import type { User } from './models/user.js'

/** An account as its administrators look at it. */
export interface ManagedUser extends User {
  /** In how many tenants the person is a member. */
  memberships: number
}

/**
 * Who may change another person's account. An organisation's admins may only where the account is wholly theirs:
 * made by their organisation, never claimed by its person, a member nowhere else and without a role of the
 * installation. Otherwise an admin of one organisation could walk into another by setting a password.
 */
export const authPolicy = definePolicy<ManagedUser>('auth', {
  'auth.users.manage': ({ actor, target }) =>
    (actor.roles.includes('super_admin') && actor.scopes === null) ||
    (target.managedByTenantId !== null &&
      target.managedByTenantId === actor.tenant?.id &&
      target.memberships <= 1 &&
      target.installationRole === null),
})
