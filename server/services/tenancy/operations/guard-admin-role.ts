import type { Ctx } from '../../../kernel/context.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import { tenancyErrors } from '../errors.js'

/**
 * Refuses to give or take the role org_admin, or to change the account of who has it, with a credential that scopes
 * narrow: it would make, by way of a person, a wider credential than itself.
 */
export function guardAdminRole(ctx: Ctx, ...roles: (MembershipRole | null)[]): void {
  if (ctx.principal.scopes !== null && roles.includes('org_admin'))
    throw new tenancyErrors.WholeCredentialNeeded()
}
