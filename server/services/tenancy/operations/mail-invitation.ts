import type { Ctx } from '../../../kernel/context.js'
import type { StoredEvent } from '../../../kernel/events.js'
import { generateToken } from '../../../kernel/token-format.js'
import { sendMessage } from '../../../messages/send-message.js'
import { invitationLink } from '../invitation-link.js'
import { armInvitation, lockInvitation, stateOfInvitation } from '../models/invitation.js'
import { findTenantRow } from '../models/tenant.js'
import { INVITATION_PREFIX } from './accept-invitation.js'
import { inviterOf } from './inviter-of.js'

/**
 * Writes the mail of an invitation with a new token, whose text exists here only. Safe to repeat: a second mail
 * makes the link of the first worthless. An invitation that ended meanwhile is not mailed.
 */
export async function mailInvitation(
  ctx: Ctx,
  { payload, tenantId }: StoredEvent<'tenancy.invitation.created' | 'tenancy.invitation.resent'>,
): Promise<void> {
  if (tenantId === null) return
  const tenant = await findTenantRow(ctx.db, tenantId)
  const invitation = await lockInvitation(ctx.db, tenantId, payload.invitationId)
  const now = ctx.now()
  if (!tenant || !invitation || stateOfInvitation(invitation, now) !== 'pending') return

  const token = generateToken(INVITATION_PREFIX)
  await armInvitation(ctx.db, invitation, { tokenHash: ctx.secrets.hash('token', token), at: now })
  await sendMessage(ctx, invitation.email, 'invitation', {
    inviter: await inviterOf(ctx, invitation, tenant),
    tenant: tenant.name,
    role: invitation.role,
    email: invitation.email,
    link: invitationLink(ctx, token),
    expires_in: (invitation.expiresAt.getTime() - now.getTime()) / 1000,
  })
}
