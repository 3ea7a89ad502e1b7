import type { Ctx } from '../../../kernel/context.js'
import { sendMessage } from '../../../messages/send-message.js'
import {
  armOneTimeToken,
  deleteOneTimeToken,
  findOpenTokenRequest,
  lockTokenRequest,
  mailedRecently,
  type OneTimeToken,
} from '../models/one-time-token.js'
import { findUser, findUserByEmail } from '../models/user.js'
import { pageLink } from '../page-link.js'
import { issueOneTimeToken } from '../tokens/one-time.js'
import { secondsAfter } from './open-session.js'
import { payloadOf, TOKEN_LIFE, WELCOME_SECONDS } from './request-token.js'

/** Nobody's mailbox can be flooded: at most one mail of a kind to an address in this many seconds. */
const PAUSE_SECONDS = 60

/**
 * Makes a requested token and mails it, or does nothing where the address has no use for it. Safe to repeat: a
 * second mail carries a new token and makes the first worthless. Throws when the mail must be tried again.
 */
export async function deliverToken(ctx: Ctx, requestId: string): Promise<void> {
  const request = await lockTokenRequest(ctx.db, requestId)
  if (!request) return
  const since = new Date(ctx.now().getTime() - PAUSE_SECONDS * 1000)
  if (await mailedRecently(ctx.db, request, since)) return deleteOneTimeToken(ctx.db, request.id)

  if (request.purpose === 'sign_up') return deliverSignUp(ctx, request)
  if (request.purpose === 'reset_password') return deliverReset(ctx, request)
  if (request.purpose === 'verify_email') return deliverVerification(ctx, request)
}

async function deliverSignUp(ctx: Ctx, request: OneTimeToken): Promise<void> {
  if (!(await findUserByEmail(ctx.db, request.email))) return mailVerification(ctx, request, null)
  await deleteOneTimeToken(ctx.db, request.id)
  await sendMessage(ctx, request.email, 'already-registered', { reset_url: pageLink(ctx, 'reset') })
}

async function deliverReset(ctx: Ctx, request: OneTimeToken): Promise<void> {
  const user = await findUserByEmail(ctx.db, request.email)
  if (user?.status !== 'active') return deleteOneTimeToken(ctx.db, request.id)
  const payload = payloadOf(ctx, request)
  if (payload?.kind === 'welcome') {
    const link = pageLink(ctx, 'reset', await arm(ctx, request, user.id, WELCOME_SECONDS))
    return sendMessage(ctx, user.email, 'welcome', { link, expires_in: WELCOME_SECONDS })
  }
  const token = await arm(ctx, request, user.id, TOKEN_LIFE.reset_password)
  await sendMessage(ctx, user.email, 'reset-password', {
    link: pageLink(ctx, 'reset', token),
    expires_in: TOKEN_LIFE.reset_password,
    ip_address: payload?.kind === 'reset' ? payload.ip : null,
  })
}

async function deliverVerification(ctx: Ctx, request: OneTimeToken): Promise<void> {
  if (request.userId !== null) {
    const [known, holder] = [
      await findUser(ctx.db, request.userId),
      await findUserByEmail(ctx.db, request.email),
    ]
    if (known && (holder === null || holder.id === known.id)) return mailVerification(ctx, request, known.id)
    return deleteOneTimeToken(ctx.db, request.id)
  }
  const user = await findUserByEmail(ctx.db, request.email)
  if (user && user.emailVerifiedAt === null) return mailVerification(ctx, request, user.id)
  await deleteOneTimeToken(ctx.db, request.id)
  // Somebody who signed up and lost the mail: the sign-up is still open, and gets a new token.
  const open = user ? null : await findOpenTokenRequest(ctx.db, 'sign_up', request.email)
  if (open) await mailVerification(ctx, open, null)
}

async function mailVerification(ctx: Ctx, request: OneTimeToken, userId: string | null): Promise<void> {
  const token = await arm(ctx, request, userId, TOKEN_LIFE.verify_email)
  await sendMessage(ctx, request.email, 'verify-email', {
    email: request.email,
    link: pageLink(ctx, 'verify', token),
    expires_in: TOKEN_LIFE.verify_email,
  })
}

/** Gives the request its token and answers it: the only moment at which its text exists here. */
async function arm(
  ctx: Ctx,
  request: OneTimeToken,
  userId: string | null,
  lifeSeconds: number,
): Promise<string> {
  const expiresAt = secondsAfter(ctx.now(), lifeSeconds)
  const token = issueOneTimeToken(request.purpose, expiresAt, ctx.secrets.key('token'))
  await armOneTimeToken(ctx.db, request.id, {
    tokenHash: ctx.secrets.hash('token', token),
    userId,
    expiresAt,
  })
  return token
}
