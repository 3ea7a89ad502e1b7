import type { Ctx } from '../../../kernel/context.js'
import { isLive, loadAccessToken, loadIdentity, readClaims, sessionPrincipal } from '../authenticators.js'
import { type AccessClaims, looksLikeJwt } from '../jwt/access-token.js'
import { revokeAccessTokens } from '../models/access-token.js'
import { membershipIn } from '../models/identity.js'
import { readRefreshToken } from '../models/refresh-token.js'
import { findLiveSession, revokeSessions } from '../models/session.js'
import { authState } from '../state.js'
import { isAccessToken, isRefreshToken } from '../tokens/kinds.js'
import { forgetTokens } from './end-sessions.js'
import { forgetIdentity } from './open-session.js'

/** RFC 7662 section 2.2; times in Unix seconds. */
export type Introspection =
  | { active: false }
  | {
      active: true
      sub: string
      username: string
      token_type: 'access_token' | 'refresh_token'
      iss: string
      scope?: string
      tenant_id?: string
      sid?: string
      aud?: string
      exp?: number
      iat?: number
      act?: { sub: string }
    }

/**
 * What a token is worth now (RFC 7662). Callers learn about their own tokens, administrators about those that act
 * in their organisation, super_admins about all; everything else is inactive, like junk.
 */
export async function introspect(ctx: Ctx, token: string): Promise<Introspection> {
  const found = await describe(ctx, token)
  return found.active && mayAsk(ctx, found) ? found : { active: false }
}

function mayAsk(ctx: Ctx, found: { sub: string; tenant_id?: string }): boolean {
  const { principal } = ctx
  if (principal.kind === 'user' && principal.id === found.sub) return true
  if (ctx.may('auth.users.administer').allowed) return true
  return (
    found.tenant_id !== undefined &&
    found.tenant_id === principal.tenant?.id &&
    ctx.may('auth.tokens.introspect').allowed
  )
}

async function describe(ctx: Ctx, token: string): Promise<Introspection> {
  if (looksLikeJwt(token)) return describeJwt(ctx, await readClaims(ctx.resources, token))
  if (isAccessToken(token)) return describeOpaque(ctx, ctx.secrets.hash('token', token))
  if (isRefreshToken(token)) return describeRefresh(ctx, ctx.secrets.hash('token', token))
  return { active: false }
}

async function describeJwt(ctx: Ctx, claims: AccessClaims | null): Promise<Introspection> {
  const identity = claims ? await loadIdentity(ctx.resources, claims.sub) : null
  const principal = claims && identity ? sessionPrincipal(identity, claims, ctx.now()) : null
  if (!claims || !principal) return { active: false }
  const { sub, sid, tid, iss, aud, exp, iat, act } = claims
  return {
    active: true,
    sub,
    username: principal.email,
    token_type: 'access_token',
    iss,
    aud,
    sid,
    exp,
    iat,
    ...(tid ? { tenant_id: tid } : {}),
    ...(act ? { act } : {}),
  }
}

async function describeOpaque(ctx: Ctx, hash: string): Promise<Introspection> {
  const token = await loadAccessToken(ctx.resources, hash)
  const identity = token && isLive(token, ctx.now()) ? await loadIdentity(ctx.resources, token.userId) : null
  if (!token || !identity) return { active: false }
  if (token.tenantId !== null && !membershipIn(identity, token.tenantId)) return { active: false }
  return {
    active: true,
    sub: identity.id,
    username: identity.email,
    token_type: 'access_token',
    iss: authState(ctx.resources).issuer,
    iat: unix(token.createdAt),
    ...(token.scopes ? { scope: token.scopes.join(' ') } : {}),
    ...(token.tenantId ? { tenant_id: token.tenantId } : {}),
    ...(token.expiresAt ? { exp: unix(token.expiresAt) } : {}),
  }
}

async function describeRefresh(ctx: Ctx, hash: string): Promise<Introspection> {
  const stored = await readRefreshToken(ctx.db, hash)
  const session = stored?.usedAt === null ? await findLiveSession(ctx.db, stored.sessionId, ctx.now()) : null
  const identity = session ? await loadIdentity(ctx.resources, session.userId) : null
  if (!session || !identity) return { active: false }
  return {
    active: true,
    sub: identity.id,
    username: identity.email,
    token_type: 'refresh_token',
    iss: authState(ctx.resources).issuer,
    sid: session.id,
    exp: unix(session.expiresAt),
    ...(session.tenantId ? { tenant_id: session.tenantId } : {}),
  }
}

/**
 * Ends what a token stands for (RFC 7009): an opaque token itself, the whole session of a refresh or JWT access
 * token. Holding a token is right enough to end it; unknown ones are no error. Needs a system transaction.
 */
export async function revokeToken(ctx: Ctx, token: string): Promise<void> {
  const now = ctx.now()
  if (isAccessToken(token)) {
    const stored = await loadAccessToken(ctx.resources, ctx.secrets.hash('token', token))
    if (!stored) return
    ctx.auditActor = { kind: 'user', id: stored.userId }
    const hashes = await revokeAccessTokens(ctx.db, stored.userId, {
      only: stored.id,
      reason: 'revoked_by_user',
      now,
    })
    return forgetTokens(ctx, hashes)
  }
  const sessionId = await sessionOf(ctx, token)
  const session = sessionId ? await findLiveSession(ctx.db, sessionId, now) : null
  if (!session) return
  ctx.auditActor = { kind: 'user', id: session.userId }
  await revokeSessions(ctx.db, session.userId, { only: session.id, reason: 'logout', now })
  forgetIdentity(ctx, session.userId)
}

async function sessionOf(ctx: Ctx, token: string): Promise<string | undefined> {
  if (isRefreshToken(token))
    return (await readRefreshToken(ctx.db, ctx.secrets.hash('token', token)))?.sessionId
  return looksLikeJwt(token) ? (await readClaims(ctx.resources, token))?.sid : undefined
}

function unix(at: Date): number {
  return Math.floor(at.getTime() / 1000)
}
