import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { readConfirmedFactors } from '../models/factor.js'
import {
  readOneTimeToken,
  strikeOneTimeTokens,
  strikeUnfinished,
  useOneTimeToken,
} from '../models/one-time-token.js'
import { reauthenticateSession, revokeSessions } from '../models/session.js'
import { readUserWithPassword, setPasswordHash } from '../models/user.js'
import { checkOneTimeToken } from '../tokens/one-time.js'
import { attemptPassword, forgiveFailures, hashPassword } from './attempts.js'
import { endEverything } from './end-sessions.js'
import { requireGoodPassword, requireOwnSession } from './guards.js'
import { forgetIdentity } from './open-session.js'
import { requestToken } from './request-token.js'
import { proveSecondFactor } from './second-factor.js'

/** Changes the caller's password and ends their other sessions. The present password is asked for, as at sign-in. */
export async function changePassword(
  ctx: Ctx,
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
): Promise<void> {
  const { id, sessionId } = requireOwnSession(ctx)
  const user = await readUserWithPassword(ctx.db, id)
  if (!user) throw new authErrors.UserNotFound()
  if (
    !(await attemptPassword(ctx, { email: user.email, password: currentPassword, stored: user.passwordHash }))
  ) {
    throw new authErrors.InvalidCredentials()
  }
  requireGoodPassword(ctx, newPassword, user)
  const hash = await hashPassword(ctx, newPassword)
  await ctx.transaction(async () => {
    await setPasswordHash(ctx.db, id, hash)
    await revokeSessions(ctx.db, id, { except: sessionId, reason: 'password_changed', now: ctx.now() })
    await strikeOneTimeTokens(ctx.db, 'reset_password', user.email, ctx.now())
    await strikeUnfinished(ctx.db, id, ctx.now())
    await ctx.emit('auth.password.changed', { userId: id, how: 'changed', ip: ctx.ip }, null)
    forgetIdentity(ctx, id)
  })
}

/** Asks for a reset mail; the same work and answer for any address, known or not. */
export async function forgotPassword(ctx: Ctx, email: string): Promise<void> {
  await requestToken(ctx, { purpose: 'reset_password', email, payload: { kind: 'reset', ip: ctx.ip } })
}

/**
 * Sets a new password by the token of a reset mail, which also proves the address. Everything that was signed in
 * before is signed out, access tokens included. Second factors stay: a mailbox alone opens no account that has one.
 */
export async function resetPassword(
  ctx: Ctx,
  { token, newPassword }: { token: string; newPassword: string },
): Promise<void> {
  if (!checkOneTimeToken(token, 'reset_password', ctx.secrets.key('token'), ctx.now()))
    throw new authErrors.InvalidToken()
  const tokenHash = ctx.secrets.hash('token', token)
  const waiting = await readOneTimeToken(ctx.db, tokenHash, ctx.now())
  const user = waiting?.userId ? await readUserWithPassword(ctx.db, waiting.userId) : null
  if (!waiting || user?.status !== 'active' || user.email !== waiting.email)
    throw new authErrors.InvalidToken()
  ctx.auditActor = { kind: 'user', id: user.id }
  requireGoodPassword(ctx, newPassword, user)
  const hash = await hashPassword(ctx, newPassword)
  await ctx.transaction(async () => {
    if (!(await useOneTimeToken(ctx.db, tokenHash, ctx.now()))) throw new authErrors.InvalidToken()
    await setPasswordHash(ctx.db, user.id, hash, { proved: true })
    await strikeOneTimeTokens(ctx.db, 'reset_password', user.email, ctx.now())
    await endEverything(ctx, user.id, 'password_reset')
    await ctx.emit('auth.password.changed', { userId: user.id, how: 'reset', ip: ctx.ip }, null)
  })
  // Who reads the mailbox must not gain guesses at the code by it.
  if ((await readConfirmedFactors(ctx.db, user.id)).length === 0) await forgiveFailures(ctx, user.email)
}

/** Confirms who sits before the session: by password, and by a code where the account has a factor. */
export async function reauthenticate(
  ctx: Ctx,
  { password, code }: { password: string; code?: string | undefined },
): Promise<Date> {
  const { id, sessionId } = requireOwnSession(ctx)
  const user = await readUserWithPassword(ctx.db, id)
  if (!user) throw new authErrors.UserNotFound()
  if (!(await attemptPassword(ctx, { email: user.email, password, stored: user.passwordHash }))) {
    throw new authErrors.InvalidCredentials()
  }
  const factors = await readConfirmedFactors(ctx.db, id)
  if (factors.length > 0 && code === undefined) throw new authErrors.CodeRequired()
  const method =
    factors.length > 0 && code !== undefined ? await proveSecondFactor(ctx, user, factors, code) : null
  if (!method) await forgiveFailures(ctx, user.email)
  const now = ctx.now()
  await ctx.transaction(async () => {
    await reauthenticateSession(ctx.db, sessionId, {
      amr: method ? ['pwd', method] : ['pwd'],
      aal: method ? 2 : 1,
      now,
    })
    forgetIdentity(ctx, id)
  })
  return now
}
