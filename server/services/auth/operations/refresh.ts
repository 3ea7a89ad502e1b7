import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { readIdentity } from '../models/identity.js'
import { lockRefreshToken, type RefreshToken, rotateRefreshToken } from '../models/refresh-token.js'
import { findLiveSession, keepSessionAlive, revokeSessions, type Session } from '../models/session.js'
import { isRefreshToken } from '../tokens/kinds.js'
import { successorOf } from '../tokens/successor.js'
import { forgetIdentity, type IssuedTokens, issueAccessToken, secondsAfter } from './open-session.js'

type Outcome =
  | { kind: 'alive'; session: Session }
  | { kind: 'dead' }
  | { kind: 'reused'; sessionId: string; usedAt: Date }

/**
 * Exchanges a refresh token for its successor. A token has one successor for ever: sent again within the grace
 * time (a lost answer, racing tabs) it gives the same one, however many callers there are. Sent again later it is
 * taken for stolen: its session ends at once, with every token of the family.
 */
export async function refresh(ctx: Ctx, refreshToken: string): Promise<IssuedTokens> {
  // A wrong checksum costs no look-up.
  if (!isRefreshToken(refreshToken)) throw new authErrors.InvalidRefreshToken()
  const successor = successorOf(refreshToken, ctx.secrets.key('token'))
  const outcome = await ctx.db.transaction({ role: 'system', tenantId: null }, () =>
    rotate(ctx, refreshToken, successor),
  )
  if (outcome.kind === 'dead') throw new authErrors.InvalidRefreshToken()
  if (outcome.kind === 'reused') return endStolenSession(ctx, outcome)

  const { session } = outcome
  ctx.auditActor = { kind: 'user', id: session.userId }
  const identity = await readIdentity(ctx.db, session.userId)
  if (!identity) throw new authErrors.InvalidRefreshToken()
  return { ...(await issueAccessToken(ctx, session, identity)), refreshToken: successor }
}

async function rotate(ctx: Ctx, token: string, successor: string): Promise<Outcome> {
  const now = ctx.now()
  const stored = await lockRefreshToken(ctx.db, ctx.secrets.hash('token', token))
  if (!stored) return { kind: 'dead' }
  if (stored.usedAt !== null) return judgeReuse(ctx, stored, stored.usedAt)

  const session = await keepSessionAlive(
    ctx.db,
    stored.sessionId,
    now,
    secondsAfter(now, ctx.config.AUTH_SESSION_TTL_S),
  )
  if (!session) return { kind: 'dead' }
  await rotateRefreshToken(ctx.db, stored, ctx.secrets.hash('token', successor), now)
  return { kind: 'alive', session }
}

async function judgeReuse(ctx: Ctx, stored: RefreshToken, usedAt: Date): Promise<Outcome> {
  const now = ctx.now()
  const session = await findLiveSession(ctx.db, stored.sessionId, now)
  if (!session) return { kind: 'dead' }
  const graceEnds = secondsAfter(usedAt, ctx.config.AUTH_REFRESH_GRACE_S)
  return now <= graceEnds ? { kind: 'alive', session } : { kind: 'reused', sessionId: session.id, usedAt }
}

async function endStolenSession(
  ctx: Ctx,
  { sessionId, usedAt }: { sessionId: string; usedAt: Date },
): Promise<never> {
  // Committed before the error leaves: a rolled-back revocation would leave the thief signed in.
  await ctx.db.transaction({ role: 'system', tenantId: null }, async () => {
    const session = await findLiveSession(ctx.db, sessionId, ctx.now())
    if (!session) return
    await revokeSessions(ctx.db, session.userId, { only: sessionId, reason: 'refresh_reuse', now: ctx.now() })
    await ctx.emit(
      'auth.session.reused',
      { userId: session.userId, sessionId, firstUsedAt: usedAt.toISOString(), ip: ctx.ip },
      null,
    )
    await ctx.audit({ action: 'session.refresh_reused', target: sessionId, tenantId: null })
    forgetIdentity(ctx, session.userId)
  })
  throw new authErrors.RefreshTokenReused({ usedAt })
}
