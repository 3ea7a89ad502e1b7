import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { authErrors } from '../errors.js'
import {
  type AccessToken,
  countAccessTokens,
  insertAccessToken,
  listAccessTokens,
  MAX_ACCESS_TOKENS,
  revokeAccessTokens,
} from '../models/access-token.js'
import { lockUserRow } from '../models/user.js'
import { newAccessToken } from '../tokens/kinds.js'
import { forgetTokens } from './end-sessions.js'
import { requireRecentAuth, requireSelf, requireUser } from './guards.js'
import { secondsAfter } from './open-session.js'

export interface CreateTokenInput {
  name: string
  scopes?: readonly string[] | undefined
  expires_in_days?: number | undefined
}

const DAY = 86_400

/**
 * Makes an opaque access token that acts as the caller in their present tenant, narrowed to `scopes` where given.
 * Its text is answered this once. A token cannot make tokens: that takes a recent sign-in.
 */
export async function createAccessToken(
  ctx: Ctx,
  { name, scopes, expires_in_days: days }: CreateTokenInput,
): Promise<{ token: string; stored: AccessToken }> {
  const { id: userId, tenant } = requireRecentAuth(ctx)
  const now = ctx.now()
  await lockUserRow(ctx.db, userId)
  if ((await countAccessTokens(ctx.db, userId, now)) >= MAX_ACCESS_TOKENS) {
    throw new authErrors.TooManyTokens({ limit: MAX_ACCESS_TOKENS })
  }
  const token = newAccessToken()
  const stored = await insertAccessToken(ctx.db, {
    userId,
    tenantId: tenant?.id ?? null,
    name,
    token,
    tokenHash: ctx.secrets.hash('token', token),
    scopes: scopes ?? null,
    expiresAt: days === undefined ? null : secondsAfter(now, days * DAY),
  })
  if (!stored) throw new TypeError('two random tokens were equal')
  return { token, stored }
}

/** One page of the caller's access tokens, newest first. */
export async function listOwnTokens<V>(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined },
  present: (token: AccessToken) => V,
) {
  const { id } = requireUser(ctx)
  return paginate(ctx, 'auth.tokens', query, (window) => listAccessTokens(ctx.db, id, window), present)
}

/** Revokes one of the caller's access tokens; within a second it is refused everywhere. */
export async function revokeOwnToken(ctx: Ctx, tokenId: string): Promise<void> {
  const { id } = requireSelf(ctx)
  const hashes = await revokeAccessTokens(ctx.db, id, {
    only: tokenId,
    reason: 'revoked_by_user',
    now: ctx.now(),
  })
  if (hashes.length === 0) throw new authErrors.TokenNotFound()
  forgetTokens(ctx, hashes)
}
