import type { Ctx } from '../../../kernel/context.js'
import { signAccessToken } from '../jwt/access-token.js'
import { type Identity, membershipIn } from '../models/identity.js'
import { insertRefreshToken } from '../models/refresh-token.js'
import { insertSession, revokeSurplusSessions, type Session } from '../models/session.js'
import { touchLastLogin } from '../models/user.js'
import { authState } from '../state.js'
import { newRefreshToken } from '../tokens/kinds.js'

/** What signing in gives: a short-lived access token and the means to get the next. */
export interface IssuedTokens {
  accessToken: string
  refreshToken: string | null
  /** Seconds until the access token expires. */
  expiresIn: number
  sessionId: string
}

/**
 * Opens a session for a person who has just proved who they are, in one transaction, and issues its first tokens.
 * It acts in `tenant` (id or slug) where that is one of theirs, else in the organisation they joined first.
 */
export async function openSession(
  ctx: Ctx,
  identity: Identity,
  { tenant, amr, aal }: { tenant?: string | undefined; amr: readonly string[]; aal: 1 | 2 },
): Promise<IssuedTokens> {
  const now = ctx.now()
  const tenantId = (membershipIn(identity, tenant) ?? firstUsable(identity))?.tenant.id ?? null
  const refreshToken = newRefreshToken()
  const session = await ctx.db.transaction({ role: 'app', tenantId: null }, async () => {
    const opened = await insertSession(ctx.db, {
      userId: identity.id,
      tenantId,
      ip: ctx.ip,
      userAgent: ctx.userAgent,
      amr,
      aal,
      now,
      expiresAt: secondsAfter(now, ctx.config.AUTH_SESSION_TTL_S),
      endsAt: secondsAfter(now, ctx.config.AUTH_SESSION_MAX_S),
    })
    await insertRefreshToken(ctx.db, opened.id, ctx.secrets.hash('token', refreshToken))
    await touchLastLogin(ctx.db, identity.id, now)
    await revokeSurplusSessions(ctx.db, identity.id, now)
    await ctx.emit('auth.session.created', { userId: identity.id, sessionId: opened.id }, null)
    return opened
  })
  forgetIdentity(ctx, identity.id)
  ctx.auditDetail = { session_id: session.id, methods: [...amr] }
  return { ...(await issueAccessToken(ctx, session, identity)), refreshToken }
}

/** A new access token of a live session, good for the configured time or, if so asked, as long as the session; `role` in it is for the reader, the server asks the database. */
export async function issueAccessToken(
  ctx: Ctx,
  session: Session,
  identity: Identity,
  { untilEnd = false } = {},
): Promise<Omit<IssuedTokens, 'refreshToken'>> {
  const { keyring, issuer } = authState(ctx.resources)
  const now = ctx.now()
  const left = Math.floor((session.endsAt.getTime() - now.getTime()) / 1000)
  const expiresIn = Math.max(1, untilEnd ? left : Math.min(ctx.config.AUTH_ACCESS_TOKEN_TTL_S, left))
  const role = identity.installationRole ?? membershipIn(identity, session.tenantId)?.role
  const accessToken = signAccessToken(
    {
      sub: session.userId,
      sid: session.id,
      ...(session.tenantId ? { tid: session.tenantId } : {}),
      ...(role ? { role } : {}),
      amr: session.amr,
      auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
      ...(session.impersonatorId ? { act: { sub: session.impersonatorId } } : {}),
    },
    { key: await keyring.signer(), issuer, now, lifetimeSeconds: expiresIn },
  )
  return { accessToken, expiresIn, sessionId: session.id }
}

/** Makes every process ask the database about a person before their next request is judged. */
export function forgetIdentity(ctx: Ctx, userId: string): void {
  ctx.afterCommit(() => authState(ctx.resources).identities.drop(userId))
}

/** `seconds` after `from`. */
export function secondsAfter(from: Date, seconds: number): Date {
  return new Date(from.getTime() + seconds * 1000)
}

function firstUsable(identity: Identity) {
  return identity.memberships.find((fact) => fact.tenant.status === 'active') ?? identity.memberships[0]
}
