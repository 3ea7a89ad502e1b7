import type { z } from 'zod'
import type { Ctx } from '../../kernel/context.js'
import type { UserPrincipal } from '../../kernel/principal.js'
import type { AccessToken } from './models/access-token.js'
import type { Factor } from './models/factor.js'
import type { Identity, MembershipFact } from './models/identity.js'
import type { Session } from './models/session.js'
import type { User } from './models/user.js'
import type { UserWithRole } from './operations/create-user.js'
import type { Explanation } from './operations/explain.js'
import type { SealingKeyFact, SigningKeyFact } from './operations/installation-keys.js'
import type { LoginResult } from './operations/login.js'
import type { IssuedTokens } from './operations/open-session.js'
import type * as views from './views.js'

type View<S extends z.ZodType> = z.input<S>

/** A person as administrators see them. */
export function presentUser({ user, role }: UserWithRole): View<typeof views.userView> {
  return { ...presentPerson(user), has_password: user.hasPassword, role }
}

/** A person as they see themselves, with what their credential may do now. */
export function presentMe(account: Identity, principal: UserPrincipal): View<typeof views.meView> {
  const { tenant } = principal
  return {
    ...presentPerson(account),
    mfa_enabled: account.hasFactor,
    roles: [...principal.roles],
    scopes: principal.scopes ? [...principal.scopes] : null,
    tenant: tenant ? { id: tenant.id, slug: tenant.slug, status: tenant.status } : null,
    memberships: account.memberships.map(presentMembership),
    session:
      principal.sessionId === null
        ? null
        : {
            id: principal.sessionId,
            aal: principal.aal,
            authenticated_at: new Date(principal.authenticatedAt * 1000).toISOString(),
            impersonator_id: principal.impersonatorId,
          },
  }
}

/** What signing in answers: tokens, or the wish for a code. */
export function presentLogin(result: LoginResult): View<typeof views.loginResult> {
  if (result.kind === 'code-wanted') {
    const factors = result.factors.map(({ id, kind, name }) => ({ id, kind, name }))
    return { mfa_required: true, mfa_token: result.mfaToken, expires_in: result.expiresIn, factors }
  }
  return { ...presentTokens(result.tokens), user: presentSignedIn(result.identity) }
}

/** A new pair of tokens. */
export function presentTokens(tokens: IssuedTokens): View<typeof views.tokensView> {
  return { ...presentAccess(tokens), refresh_token: tokens.refreshToken ?? '', session_id: tokens.sessionId }
}

/** A new access token by itself. */
export function presentAccess(tokens: Omit<IssuedTokens, 'refreshToken'>) {
  return { access_token: tokens.accessToken, token_type: 'Bearer' as const, expires_in: tokens.expiresIn }
}

/** A session; `current` marks the one of the call itself. */
export function presentSession(ctx: Ctx, session: Session): View<typeof views.sessionView> {
  const principal = ctx.principalOrNull
  return {
    id: session.id,
    current: principal?.kind === 'user' && principal.sessionId === session.id,
    ip: session.ip,
    user_agent: session.userAgent,
    tenant_id: session.tenantId,
    aal: session.aal,
    impersonated: session.impersonatorId !== null,
    authenticated_at: session.authenticatedAt.toISOString(),
    last_used_at: session.lastUsedAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    created_at: session.createdAt.toISOString(),
  }
}

/** An opaque access token without its text. */
export function presentToken(token: AccessToken): View<typeof views.accessTokenView> {
  return {
    id: token.id,
    name: token.name,
    last4: token.last4,
    tenant_id: token.tenantId,
    scopes: token.scopes,
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
    created_at: token.createdAt.toISOString(),
  }
}

/** A second factor without its secret. */
export function presentFactor(factor: Factor): View<typeof views.factorView> {
  return {
    id: factor.id,
    kind: factor.kind,
    name: factor.name,
    confirmed: factor.confirmedAt !== null,
    created_at: factor.createdAt.toISOString(),
  }
}

/** A judgement and what it rests on. */
export function presentWhy(result: Explanation): View<typeof views.whyView> {
  const { principal, row } = result
  return {
    permission: result.permission,
    allowed: result.allowed,
    reason: result.reason,
    explanation: result.explanation,
    remedy: result.remedy,
    needs: row ? { level: row.level, roles: [...row.roles], scope: row.scope } : null,
    has: {
      kind: principal.kind,
      roles: [...principal.roles],
      scopes: principal.scopes ? [...principal.scopes] : null,
      tenant: principal.tenant?.slug ?? null,
      aal: principal.kind === 'user' ? principal.aal : null,
      impersonated: principal.kind === 'user' && principal.impersonatorId !== null,
    },
  }
}

/** A signing key as operators see it. */
export function presentSigningKey({ kid, state, activeFrom }: SigningKeyFact) {
  return { kid, state, active_from: activeFrom.toISOString() }
}

/** A sealing key as operators see it. */
export function presentSealingKey({ id, state, activeFrom, resealedAt }: SealingKeyFact) {
  return {
    id,
    state,
    active_from: activeFrom.toISOString(),
    resealed_at: resealedAt?.toISOString() ?? null,
  }
}

function presentPerson(user: User) {
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    name: user.name,
    status: user.status,
    installation_role: user.installationRole,
    last_login_at: user.lastLoginAt?.toISOString() ?? null,
    created_at: user.createdAt.toISOString(),
  }
}

function presentSignedIn(identity: Identity) {
  return {
    id: identity.id,
    email: identity.email,
    name: identity.name,
    installation_role: identity.installationRole,
    memberships: identity.memberships.map(presentMembership),
  }
}

function presentMembership({ tenant, tenantName, role }: MembershipFact) {
  return { tenant_id: tenant.id, slug: tenant.slug, name: tenantName, status: tenant.status, role }
}
