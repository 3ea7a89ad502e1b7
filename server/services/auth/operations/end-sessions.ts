import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { revokeAccessTokens } from '../models/access-token.js'
import { strikeUnfinished } from '../models/one-time-token.js'
import { readRefreshToken } from '../models/refresh-token.js'
import {
  findLiveSession,
  listSessions,
  type RevokeReason,
  revokeSessions,
  type Session,
} from '../models/session.js'
import { authState } from '../state.js'
import { isRefreshToken } from '../tokens/kinds.js'
import { requireOwnSession, requireSelf, requireUser } from './guards.js'
import { forgetIdentity } from './open-session.js'

/**
 * Ends every session and access token of a person with the open transaction, and what they began: an intruder's change
 * of address must not outlive their session. Within a second it holds everywhere.
 */
export async function endEverything(
  ctx: Ctx,
  userId: string,
  reason: RevokeReason,
): Promise<{ sessions: number; tokens: number }> {
  const sessions = await revokeSessions(ctx.db, userId, { reason, now: ctx.now() })
  const tokens = await revokeAccessTokens(ctx.db, userId, { reason, now: ctx.now() })
  await strikeUnfinished(ctx.db, userId, ctx.now())
  forgetIdentity(ctx, userId)
  forgetTokens(ctx, tokens)
  return { sessions: sessions.length, tokens: tokens.length }
}

/** Makes every process ask the database about these opaque tokens before they are honoured again. */
export function forgetTokens(ctx: Ctx, hashes: readonly string[]): void {
  ctx.afterCommit(() => {
    for (const hash of hashes) authState(ctx.resources).accessTokens.drop(hash)
  })
}

/** Ends the caller's session, or that of the refresh token given. Safe to repeat; junk is ignored. */
export async function logout(ctx: Ctx, refreshToken: string | undefined): Promise<void> {
  const principal = ctx.principalOrNull
  if (principal?.kind === 'user' && principal.sessionId)
    await endOne(ctx, principal.id, principal.sessionId, 'logout')
  if (refreshToken === undefined || !isRefreshToken(refreshToken)) return
  const stored = await readRefreshToken(ctx.db, ctx.secrets.hash('token', refreshToken))
  const session = stored ? await findLiveSession(ctx.db, stored.sessionId, ctx.now()) : null
  if (session) await endOne(ctx, session.userId, session.id, 'logout')
}

/** The caller's live sessions, last used first. */
export async function listOwnSessions(ctx: Ctx): Promise<Session[]> {
  return listSessions(ctx.db, requireUser(ctx).id, ctx.now())
}

/** Ends one of the caller's sessions. */
export async function revokeOwnSession(ctx: Ctx, sessionId: string): Promise<void> {
  const { id } = requireSelf(ctx)
  if (!(await endOne(ctx, id, sessionId, 'revoked_by_user'))) throw new authErrors.SessionNotFound()
}

/** Ends all of the caller's sessions but the present one; answers how many. */
export async function revokeOtherSessions(ctx: Ctx): Promise<number> {
  const { id, sessionId } = requireOwnSession(ctx)
  const ended = await revokeSessions(ctx.db, id, {
    except: sessionId,
    reason: 'revoked_by_user',
    now: ctx.now(),
  })
  forgetIdentity(ctx, id)
  return ended.length
}

async function endOne(ctx: Ctx, userId: string, sessionId: string, reason: RevokeReason): Promise<boolean> {
  const ended = await revokeSessions(ctx.db, userId, { only: sessionId, reason, now: ctx.now() })
  forgetIdentity(ctx, userId)
  return ended.length > 0
}
