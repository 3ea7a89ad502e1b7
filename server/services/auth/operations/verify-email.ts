import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { strikeOneTimeTokens, useOneTimeToken } from '../models/one-time-token.js'
import { findUser, insertUser, setVerifiedEmail, type User } from '../models/user.js'
import { checkOneTimeToken } from '../tokens/one-time.js'
import { createOrganization } from './memberships.js'
import { forgetIdentity } from './open-session.js'
import { payloadOf, requestToken } from './request-token.js'

/**
 * Takes the token of a verification mail: it completes a sign-up, proves the address of an account or changes it.
 * A token is good once; of many callers one succeeds.
 */
export async function verifyEmail(ctx: Ctx, token: string): Promise<User> {
  const key = ctx.secrets.key('token')
  if (checkOneTimeToken(token, 'sign_up', key, ctx.now())) return completeSignUp(ctx, token)
  if (checkOneTimeToken(token, 'verify_email', key, ctx.now())) return proveAddress(ctx, token)
  throw new authErrors.InvalidToken()
}

/** Sends another verification mail to an address that waits for one; does the same work for any address. */
export async function resendVerification(ctx: Ctx, email: string): Promise<void> {
  await requestToken(ctx, { purpose: 'verify_email', email })
}

async function completeSignUp(ctx: Ctx, token: string): Promise<User> {
  const used = await useOneTimeToken(ctx.db, ctx.secrets.hash('token', token), ctx.now())
  const payload = used ? payloadOf(ctx, used) : null
  if (!used || payload?.kind !== 'sign_up') throw new authErrors.InvalidToken()
  const { passwordHash, name, organization } = payload
  const user = await insertUser(ctx.db, { email: used.email, name, passwordHash, emailVerified: true })
  if (!user) throw new authErrors.InvalidToken()

  await strikeOneTimeTokens(ctx.db, 'sign_up', used.email, ctx.now())
  ctx.auditActor = { kind: 'user', id: user.id }
  await ctx.emit('auth.user.created', { userId: user.id }, null)
  await ctx.emit('auth.email.verified', { userId: user.id, email: user.email }, null)
  if (organization) await createOrganization(ctx, user, organization)
  forgetIdentity(ctx, user.id)
  return user
}

async function proveAddress(ctx: Ctx, token: string): Promise<User> {
  const used = await useOneTimeToken(ctx.db, ctx.secrets.hash('token', token), ctx.now())
  const before = used?.userId ? await findUser(ctx.db, used.userId) : null
  if (!used || !before) throw new authErrors.InvalidToken()
  if (!(await setVerifiedEmail(ctx.db, before.id, used.email))) throw new authErrors.InvalidToken()

  ctx.auditActor = { kind: 'user', id: before.id }
  await ctx.emit('auth.email.verified', { userId: before.id, email: used.email }, null)
  if (before.email !== used.email) {
    await ctx.emit('auth.email.changed', { userId: before.id, from: before.email, to: used.email }, null)
  }
  forgetIdentity(ctx, before.id)
  return (await findUser(ctx.db, before.id)) ?? before
}
