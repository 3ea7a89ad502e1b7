import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { type Factor, readConfirmedFactors } from '../models/factor.js'
import { type Identity, readIdentity } from '../models/identity.js'
import { findUserForLogin, renewPasswordHash, type UserWithPassword } from '../models/user.js'
import { authState } from '../state.js'
import { attemptPassword, forgiveFailures, hashPassword } from './attempts.js'
import { startMfaLogin } from './mfa-login.js'
import { type IssuedTokens, openSession } from './open-session.js'
import { proveSecondFactor } from './second-factor.js'

export interface LoginInput {
  email: string
  password: string
  /** Slug or id of the organisation to act in. */
  tenant?: string | undefined
  /** Code of an authenticator app, or a recovery code. */
  code?: string | undefined
}

export type LoginResult =
  | { kind: 'signed-in'; tokens: IssuedTokens; identity: Identity }
  | { kind: 'code-wanted'; mfaToken: string; expiresIn: number; factors: readonly Factor[] }

/**
 * Signs a person in by password and, where they have one, a second factor. Answers the same, after the same work,
 * for a wrong password and for an account that does not exist. No session exists before the last step is passed.
 */
export async function login(ctx: Ctx, { email, password, tenant, code }: LoginInput): Promise<LoginResult> {
  const user = await findUserForLogin(ctx.db, email)
  const right = await attemptPassword(ctx, { email, password, stored: user?.passwordHash ?? null })
  if (!user || !right) throw new authErrors.InvalidCredentials()
  ctx.auditActor = { kind: 'user', id: user.id }
  if (user.status !== 'active') throw new authErrors.AccountDisabled()

  await renewWeakHash(ctx, user, password)
  const factors = await readConfirmedFactors(ctx.db, user.id)
  if (factors.length > 0 && code === undefined) return startMfaLogin(ctx, user, { tenant, factors })
  const method =
    factors.length > 0 && code !== undefined ? await proveSecondFactor(ctx, user, factors, code) : null

  const identity = await readIdentity(ctx.db, user.id)
  if (!identity) throw new authErrors.AccountDisabled()
  if (!method) await forgiveFailures(ctx, email)
  const tokens = await openSession(ctx, identity, {
    tenant,
    amr: method ? ['pwd', method] : ['pwd'],
    aal: method ? 2 : 1,
  })
  return { kind: 'signed-in', tokens, identity }
}

/** Brings an old hash up to today's cost, now that the password is at hand. Not worth failing a sign-in for. */
async function renewWeakHash(ctx: Ctx, user: UserWithPassword, password: string): Promise<void> {
  const { hasher } = authState(ctx.resources)
  const { passwordHash } = user
  if (passwordHash === null || !hasher.needsRehash(passwordHash)) return
  try {
    const renewed = await hashPassword(ctx, password)
    await ctx.db.transaction({ role: 'app', tenantId: null }, () =>
      renewPasswordHash(ctx.db, user.id, passwordHash, renewed),
    )
  } catch (error) {
    ctx.log.warn({ err: error }, 'a password hash could not be renewed; the next sign-in tries again')
  }
}
