import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { paginate } from '../../../kernel/pagination.js'
import { tenancyErrors } from '../errors.js'
import {
  countRecent,
  extendInvitation,
  findInvitation,
  type Invitation,
  insertInvitation,
  isMemberAddress,
  listInvitationRows,
  lockAddress,
  lockInvitation,
  revokeInvitationRow,
  revokeOpen,
  stateOfInvitation,
} from '../models/invitation.js'
import { presentInvitation } from '../present.js'
import type { CreateInvitationBody, ListInvitationsQuery } from '../schemas.js'
import { guardAdminRole } from './guard-admin-role.js'

const DAY_MS = 86_400_000
/** How long an invitation is open. */
const LIFE_MS = 7 * DAY_MS
/** What a tenant may send out in a day, so that it cannot be used to flood mailboxes. */
const INVITATIONS_A_DAY = 200
const MAILS_TO_ADDRESS_A_DAY = 10

/**
 * Invites an address into the caller's tenant and has the mail sent after the commit. An open invitation of the
 * same address is replaced: its link stops working. Refuses who is a member already.
 */
export async function createInvitation(ctx: Ctx, { email, role }: CreateInvitationBody): Promise<Invitation> {
  guardAdminRole(ctx, role)
  const { id: tenantId } = ctx.tenant
  await lockAddress(ctx.db, tenantId, email)
  if (await isMemberAddress(ctx.db, tenantId, email)) throw new tenancyErrors.AlreadyMember()
  await refuseFlood(ctx, email)

  const now = ctx.now()
  for (const id of await revokeOpen(ctx.db, tenantId, email, now)) {
    await ctx.emit('tenancy.invitation.revoked', { invitationId: id })
  }
  const invitation = await insertInvitation(ctx.db, {
    tenantId,
    email,
    role,
    invitedBy: ctx.principal.kind === 'user' ? ctx.principal.id : null,
    expiresAt: new Date(now.getTime() + LIFE_MS),
  })
  await ctx.emit('tenancy.invitation.created', { invitationId: invitation.id })
  ctx.auditDetail = { email, role }
  return invitation
}

/** Has a new mail with a new link sent, good for seven more days; the link before stops working. */
export async function resendInvitation(ctx: Ctx, invitationId: string): Promise<Invitation> {
  const invitation = await lockOpen(ctx, invitationId)
  guardAdminRole(ctx, invitation.role)
  await refuseFlood(ctx, invitation.email)
  ctx.auditDetail = { email: invitation.email }
  await ctx.emit('tenancy.invitation.resent', { invitationId })
  return extendInvitation(ctx.db, invitation, new Date(ctx.now().getTime() + LIFE_MS))
}

/** Takes an invitation back. Safe to repeat; one that was accepted stays so, and is refused. */
export async function revokeInvitation(ctx: Ctx, invitationId: string): Promise<void> {
  const invitation = await lockInvitation(ctx.db, ctx.tenant.id, invitationId)
  if (!invitation) throw new kernelErrors.NotFound()
  if (invitation.acceptedAt) throw new tenancyErrors.InvitationUsed()
  if (invitation.revokedAt) return

  await revokeInvitationRow(ctx.db, invitation, ctx.now())
  await ctx.emit('tenancy.invitation.revoked', { invitationId })
  ctx.auditDetail = { email: invitation.email }
}

/** A page of the invitations of the caller's tenant, newest first. */
export function listInvitations(ctx: Ctx, query: ListInvitationsQuery) {
  const now = ctx.now()
  const filter = { state: query.state, now }
  return paginate(
    ctx,
    'invitations',
    query,
    (window) => listInvitationRows(ctx.db, ctx.tenant.id, filter, window),
    (invitation) => presentInvitation(invitation, now),
  )
}

/** One invitation of the caller's tenant. Throws 404 when there is none. */
export async function readInvitation(ctx: Ctx, invitationId: string): Promise<Invitation> {
  const invitation = await findInvitation(ctx.db, ctx.tenant.id, invitationId)
  if (!invitation) throw new kernelErrors.NotFound()
  return invitation
}

/** Pending or expired: an expired one may be sent again. */
async function lockOpen(ctx: Ctx, invitationId: string): Promise<Invitation> {
  const invitation = await lockInvitation(ctx.db, ctx.tenant.id, invitationId)
  if (!invitation) throw new kernelErrors.NotFound()
  const state = stateOfInvitation(invitation, ctx.now())
  if (state === 'accepted') throw new tenancyErrors.InvitationUsed()
  if (state === 'revoked') throw new tenancyErrors.InvitationEnded({ state })
  return invitation
}

async function refuseFlood(ctx: Ctx, email: string): Promise<void> {
  const since = new Date(ctx.now().getTime() - DAY_MS)
  const { made, toAddress } = await countRecent(ctx.db, ctx.tenant.id, email, since)
  if (made >= INVITATIONS_A_DAY) throw new tenancyErrors.TooManyInvitations({ limit: INVITATIONS_A_DAY })
  if (toAddress >= MAILS_TO_ADDRESS_A_DAY)
    throw new tenancyErrors.MailedTooOften({ limit: MAILS_TO_ADDRESS_A_DAY })
}
