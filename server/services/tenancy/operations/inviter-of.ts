import type { Ctx } from '../../../kernel/context.js'
import type { Invitation } from '../models/invitation.js'
import { findPerson } from '../models/person.js'
import type { Tenant } from '../models/tenant.js'

/** Who invites, in words for the invited: the person's name or address, the organisation where nobody is left. */
export async function inviterOf(ctx: Ctx, invitation: Invitation, tenant: Tenant): Promise<string> {
  const person = invitation.invitedBy ? await findPerson(ctx.db, invitation.invitedBy) : null
  return person?.name ?? person?.email ?? tenant.name
}
