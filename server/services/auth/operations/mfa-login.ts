import { z } from 'zod'
import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import { authErrors } from '../errors.js'
import { type Factor, readConfirmedFactors } from '../models/factor.js'
import { readIdentity } from '../models/identity.js'
import {
  insertOneTimeToken,
  oneTimeSealContext,
  readOneTimeToken,
  useOneTimeToken,
} from '../models/one-time-token.js'
import { checkOneTimeToken, issueOneTimeToken } from '../tokens/one-time.js'
import type { LoginResult } from './login.js'
import { openSession, secondsAfter } from './open-session.js'
import { proveSecondFactor } from './second-factor.js'

/** Time to find the phone. */
const MFA_LOGIN_SECONDS = 300

const payloadSchema = z.object({ tenant: z.string().optional() })

/** Remembers for five minutes that the password was right; worth nothing without a code. */
export async function startMfaLogin(
  ctx: Ctx,
  user: { id: string; email: string },
  { tenant, factors }: { tenant: string | undefined; factors: readonly Factor[] },
): Promise<LoginResult> {
  const expiresAt = secondsAfter(ctx.now(), MFA_LOGIN_SECONDS)
  const id = newId()
  const mfaToken = issueOneTimeToken('mfa_login', expiresAt, ctx.secrets.key('token'))
  await ctx.db.transaction({ role: 'app', tenantId: null }, () =>
    insertOneTimeToken(ctx.db, {
      id,
      purpose: 'mfa_login',
      email: user.email,
      userId: user.id,
      expiresAt,
      tokenHash: ctx.secrets.hash('token', mfaToken),
      payloadSealed: ctx.secrets.seal(JSON.stringify({ tenant }), oneTimeSealContext('mfa_login', id)),
    }),
  )
  // The audit line must not read as if somebody had got in.
  ctx.auditDetail = { pending: 'second_factor' }
  return { kind: 'code-wanted', mfaToken, expiresIn: MFA_LOGIN_SECONDS, factors }
}

/** Ends a sign-in that waits for its code: of many callers exactly one gets the session. */
export async function finishMfaLogin(
  ctx: Ctx,
  { mfaToken, code }: { mfaToken: string; code: string },
): Promise<LoginResult> {
  if (!checkOneTimeToken(mfaToken, 'mfa_login', ctx.secrets.key('token'), ctx.now()))
    throw new authErrors.InvalidToken()
  const hash = ctx.secrets.hash('token', mfaToken)
  const waiting = await readOneTimeToken(ctx.db, hash, ctx.now())
  if (!waiting?.userId || !waiting.payloadSealed) throw new authErrors.InvalidToken()
  ctx.auditActor = { kind: 'user', id: waiting.userId }

  const user = { id: waiting.userId, email: waiting.email }
  const method = await proveSecondFactor(ctx, user, await readConfirmedFactors(ctx.db, user.id), code)
  const used = await ctx.db.transaction({ role: 'app', tenantId: null }, () =>
    useOneTimeToken(ctx.db, hash, ctx.now()),
  )
  if (!used) throw new authErrors.InvalidToken()
  const identity = await readIdentity(ctx.db, user.id)
  if (!identity) throw new authErrors.AccountDisabled()
  const { tenant } = payloadSchema.parse(
    JSON.parse(
      ctx.secrets.unseal(waiting.payloadSealed, oneTimeSealContext(waiting.purpose, waiting.id)).toString(),
    ),
  )
  const tokens = await openSession(ctx, identity, { tenant, amr: ['pwd', method], aal: 2 })
  return { kind: 'signed-in', tokens, identity }
}
