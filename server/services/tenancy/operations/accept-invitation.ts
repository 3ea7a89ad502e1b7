import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import { parseToken } from '../../../kernel/token-format.js'
import { tenancyErrors } from '../errors.js'
import {
  closeInvitation,
  type Invitation,
  lockInvitationByToken,
  stateOfInvitation,
} from '../models/invitation.js'
import { findMembership } from '../models/membership.js'
import { findPerson, type Person } from '../models/person.js'
import { findTenantRow, type Tenant } from '../models/tenant.js'
import { addMember } from './change-members.js'
import { inviterOf } from './inviter-of.js'

/** What invitation tokens begin with. */
export const INVITATION_PREFIX = 'vtr_inv_'

export interface AcceptedInvitation {
  invitationId: string
  tenant: Tenant
  role: MembershipRole
}

/**
 * Makes the signed-in caller a member by the token of an invitation to their verified address. Works exactly once,
 * however many call at the same time. Needs a system transaction.
 */
export async function acceptAsCaller(ctx: Ctx, token: string): Promise<AcceptedInvitation> {
  const person = await findPerson(ctx.db, ctx.principal.id)
  if (!person) throw new kernelErrors.Unauthenticated({ reason: 'The account is not active.' })
  return acceptInvitation(ctx, token, person)
}

/**
 * Makes a person a member by the token of an invitation, exactly once: whoever comes second finds it used. The
 * address must be theirs and verified. The caller has made sure of who they are. Needs a system transaction.
 */
export async function acceptInvitation(
  ctx: Ctx,
  token: string,
  person: Pick<Person, 'id' | 'email' | 'emailVerified'>,
): Promise<AcceptedInvitation> {
  const { invitation, tenant } = await openInvitation(ctx, token)
  if (invitation.email !== person.email) throw new tenancyErrors.InvitationForOther()
  if (!person.emailVerified) throw new tenancyErrors.EmailNotVerified()

  const { id: userId } = person
  await closeInvitation(ctx.db, invitation, { userId, at: ctx.now() })
  // Somebody added meanwhile keeps the role they were given.
  const member =
    (await findMembership(ctx.db, tenant.id, userId)) ??
    (await addMember(ctx, { tenantId: tenant.id, userId, role: invitation.role }))
  await ctx.emit('tenancy.invitation.accepted', { invitationId: invitation.id, userId }, tenant.id)
  ctx.auditTenantId = tenant.id
  ctx.auditDetail = { role: member.role }
  return { invitationId: invitation.id, tenant, role: member.role }
}

/** What the landing page shows of an open invitation. Needs a system transaction. */
export async function lookUpInvitation(ctx: Ctx, token: string) {
  const { invitation, tenant } = await openInvitation(ctx, token)
  return { invitation, tenant, inviter: await inviterOf(ctx, invitation, tenant) }
}

/**
 * The open invitation of a token with its tenant, locked until the transaction ends. Refuses what is unknown, used,
 * revoked, expired, or leads into a tenant that is not active. Needs a system transaction.
 */
export async function openInvitation(
  ctx: Ctx,
  token: string,
): Promise<{ invitation: Invitation; tenant: Tenant }> {
  // A wrong checksum costs no look-up.
  if (!parseToken(token, [INVITATION_PREFIX])) throw new tenancyErrors.InvitationUnknown()
  const invitation = await lockInvitationByToken(ctx.db, ctx.secrets.hash('token', token))
  if (!invitation) throw new tenancyErrors.InvitationUnknown()
  const state = stateOfInvitation(invitation, ctx.now())
  if (state === 'accepted') throw new tenancyErrors.InvitationUsed()
  if (state !== 'pending') throw new tenancyErrors.InvitationEnded({ state })
  const tenant = await findTenantRow(ctx.db, invitation.tenantId)
  if (!tenant || tenant.status === 'deleting') throw new tenancyErrors.InvitationUnknown()
  if (tenant.status === 'suspended') throw new kernelErrors.TenantSuspended()
  return { invitation, tenant }
}
