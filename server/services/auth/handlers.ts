import type { EventHandler } from '../../kernel/define-service.js'
import { sendMessage } from '../../messages/send-message.js'
import { findSession, isFromNewPlace } from './models/session.js'
import { findUser, findUserByEmail } from './models/user.js'
import { deliverToken } from './operations/deliver-token.js'
import { pageLink } from './page-link.js'

/** Writes the mail that somebody asked for. */
export const onTokenRequested: EventHandler<'auth.token.requested'> = (ctx, { payload }) =>
  deliverToken(ctx, payload.requestId)

/** Tells a person that their password is another now. */
export const onPasswordChanged: EventHandler<'auth.password.changed'> = async (
  ctx,
  { payload, occurredAt },
) => {
  const user = await findUser(ctx.db, payload.userId)
  if (!user) return
  await sendMessage(ctx, user.email, 'password-changed', {
    when: occurredAt,
    ip_address: payload.ip,
    reset_url: pageLink(ctx, 'reset'),
  })
}

/** Tells a person that a copied token showed up and which session was ended for it. */
export const onSessionReused: EventHandler<'auth.session.reused'> = async (ctx, { payload, occurredAt }) => {
  const user = await findUser(ctx.db, payload.userId)
  const session = await findSession(ctx.db, payload.sessionId)
  if (!user || !session) return
  await sendMessage(ctx, user.email, 'session-reuse-detected', {
    when: occurredAt,
    ip_address: payload.ip,
    device: session.userAgent,
    reset_url: pageLink(ctx, 'reset'),
  })
}

/** Tells a person that somebody of the operator's staff acts as them. */
export const onImpersonationStarted: EventHandler<'auth.impersonation.started'> = async (
  ctx,
  { payload, occurredAt },
) => {
  const user = await findUser(ctx.db, payload.userId)
  const session = await findSession(ctx.db, payload.sessionId)
  const operator = session?.impersonatorId ? await findUser(ctx.db, session.impersonatorId) : null
  if (!user) return
  await sendMessage(ctx, user.email, 'impersonation-notice', {
    operator: operator?.name ?? operator?.email ?? null,
    reason: payload.reason,
    when: occurredAt,
    until: payload.endsAt,
  })
}

/** Tells a person, if there is one, that sign-in to their account is paused and from where it was tried. */
export const onAccountLocked: EventHandler<'auth.account.locked'> = async (ctx, { payload }) => {
  const user = await findUserByEmail(ctx.db, payload.email)
  if (user?.status !== 'active') return
  await sendMessage(ctx, user.email, 'account-locked', {
    until: payload.until,
    ip_address: payload.ip,
    reset_url: pageLink(ctx, 'reset'),
  })
}

/** Tells a person of a sign-in from a device and place that they did not use before. */
export const onSessionCreated: EventHandler<'auth.session.created'> = async (
  ctx,
  { payload, occurredAt },
) => {
  const session = await findSession(ctx.db, payload.sessionId)
  if (!session || !(await isFromNewPlace(ctx.db, session))) return
  const user = await findUser(ctx.db, payload.userId)
  if (!user) return
  await sendMessage(ctx, user.email, 'new-sign-in', {
    when: occurredAt,
    ip_address: session.ip,
    device: session.userAgent,
    sessions_url: pageLink(ctx, 'sessions'),
  })
}

/** Tells the old address that the account has moved to another. */
export const onEmailChanged: EventHandler<'auth.email.changed'> = async (ctx, { payload, occurredAt }) => {
  await sendMessage(ctx, payload.from, 'address-changed', { when: occurredAt })
}

/** Tells a person that a second factor was added. */
export const onFactorAdded: EventHandler<'auth.factor.added'> = (ctx, { payload, occurredAt }) =>
  tellOfFactor(ctx, payload.userId, 'added', occurredAt)

/** Tells a person that a second factor was removed. */
export const onFactorRemoved: EventHandler<'auth.factor.removed'> = (ctx, { payload, occurredAt }) =>
  tellOfFactor(ctx, payload.userId, 'removed', occurredAt)

async function tellOfFactor(
  ctx: Parameters<typeof sendMessage>[0],
  userId: string,
  change: 'added' | 'removed',
  at: Date,
): Promise<void> {
  const user = await findUser(ctx.db, userId)
  if (!user) return
  await sendMessage(ctx, user.email, 'factor-changed', {
    change,
    when: at,
    reset_url: pageLink(ctx, 'reset'),
  })
}
