import type { Authenticator } from '../../kernel/authenticator.js'
import type { Principal, Role, UserPrincipal } from '../../kernel/principal.js'
import type { Resources } from '../../kernel/resources.js'
import { type AccessClaims, verifyAccessToken } from './jwt/access-token.js'
import { type AccessToken, readAccessToken, touchAccessToken } from './models/access-token.js'
import { type Identity, membershipIn, readIdentity } from './models/identity.js'
import { type AuthState, authState } from './state.js'
import { ACCESS_PREFIX, isAccessToken } from './tokens/kinds.js'

/** Longer than anything is remembered (FRESH_MS). */
const NEW_TOKEN_SECONDS = 2

/**
 * Access tokens signed by this installation. With a warm cache it answers synchronously and asks nobody: the
 * signature was checked before, and the session is known to have lived less than 800 ms ago.
 */
export const jwtAuthenticator: Authenticator = {
  prefixes: ['eyJ'],
  authenticate(resources, credential) {
    const state = authState(resources)
    state.keyring.keepFresh()
    const claims = state.verified.get(credential, resources.now()) ?? verify(resources, state, credential)
    if (claims === null) return verifyWithNewKeys(resources, state, credential)
    const identity = state.identities.peek(claims.sub)
    if (identity === undefined) {
      return loadIdentity(resources, claims.sub).then((loaded) =>
        principalOf(loaded, claims, resources.now()),
      )
    }
    if (identity && isNewerThan(identity, claims, resources.now())) {
      return readIdentity(resources.db, claims.sub).then((read) => principalOf(read, claims, resources.now()))
    }
    return principalOf(identity, claims, resources.now())
  },
}

/** Opaque access tokens: long-lived, revocable, made by people for scripts and by `init` for the command line. */
export const accessTokenAuthenticator: Authenticator = {
  prefixes: [ACCESS_PREFIX],
  async authenticate(resources, credential) {
    // A wrong checksum costs no look-up.
    if (!isAccessToken(credential)) return null
    const token = await loadAccessToken(resources, resources.secrets.hash('token', credential))
    if (!token || !isLive(token, resources.now())) return null
    const identity = await loadIdentity(resources, token.userId)
    return identity && tokenPrincipal(identity, token)
  },
}

/** The person behind an id as known at most 800 ms ago; null when there is none or the account is disabled. */
export function loadIdentity(resources: Resources, userId: string): Promise<Identity | null> {
  return authState(resources).identities.get(userId, () => readIdentity(resources.db, userId))
}

/** The opaque token of a hash as known at most 800 ms ago, whatever its state. */
export function loadAccessToken(resources: Resources, hash: string): Promise<AccessToken | null> {
  return authState(resources).accessTokens.get(hash, async () => {
    const token = await readAccessToken(resources.db, hash)
    // At most once per cache life and, by its own condition, once a minute; nobody waits for it.
    if (token) void touchAccessToken(resources.db, token.id, resources.now()).catch(() => undefined)
    return token
  })
}

/** Claims of a well-signed, unexpired token of ours, whatever became of its session; null for anything else. */
export async function readClaims(resources: Resources, credential: string): Promise<AccessClaims | null> {
  const state = authState(resources)
  const known = verify(resources, state, credential)
  if (known) return known
  await state.keyring.refresh()
  return verify(resources, state, credential)
}

/** Whether an opaque token may be used at `now`. */
export function isLive(token: AccessToken, now: Date): boolean {
  return token.revokedAt === null && (token.expiresAt === null || token.expiresAt > now)
}

/** The principal of a session; null when the session has ended or the tenant is no longer the person's. */
export function sessionPrincipal(identity: Identity, claims: AccessClaims, now: Date): UserPrincipal | null {
  const session = identity.sessions.get(claims.sid)
  if (!session || session.expiresAt <= now.getTime()) return null
  const membership = membershipIn(identity, claims.tid)
  return {
    kind: 'user',
    via: 'jwt',
    id: identity.id,
    email: identity.email,
    // A membership that ended since leaves the person signed in, but in no tenant.
    tenant: membership?.tenant ?? null,
    roles: rolesOf(identity, membership?.role),
    scopes: null,
    sessionId: session.id,
    aal: session.aal,
    hasFactor: identity.hasFactor,
    authenticatedAt: session.authenticatedAt,
    impersonatorId: session.impersonatorId,
  }
}

function principalOf(identity: Identity | null, claims: AccessClaims, now: Date): UserPrincipal | null {
  return identity && sessionPrincipal(identity, claims, now)
}

/**
 * Whether a token was issued so lately that what is remembered may be from before: its session or membership is
 * not in it. While Redis is away a sign-in at another process is heard of only by asking.
 */
function isNewerThan(identity: Identity, claims: AccessClaims, now: Date): boolean {
  if (now.getTime() / 1000 - claims.iat > NEW_TOKEN_SECONDS) return false
  return (
    !identity.sessions.has(claims.sid) || (claims.tid !== undefined && !membershipIn(identity, claims.tid))
  )
}

function tokenPrincipal(identity: Identity, token: AccessToken): Principal | null {
  const membership = membershipIn(identity, token.tenantId)
  // Unlike a session, a token was made for one tenant and is worth nothing outside of it.
  if (token.tenantId !== null && !membership) return null
  return {
    kind: 'user',
    via: 'opaque',
    id: identity.id,
    email: identity.email,
    tenant: membership?.tenant ?? null,
    // Roles of the installation would carry it out of that tenant.
    roles: membership ? [membership.role] : rolesOf(identity, undefined),
    scopes: token.scopes,
    sessionId: null,
    aal: 1,
    hasFactor: identity.hasFactor,
    authenticatedAt: Math.floor(token.createdAt.getTime() / 1000),
    impersonatorId: null,
  }
}

function rolesOf(identity: Identity, role: Role | undefined): Role[] {
  return [identity.installationRole, role].filter((one) => one !== null && one !== undefined)
}

function verify(resources: Resources, state: AuthState, credential: string): AccessClaims | null {
  const claims = verifyAccessToken(credential, {
    keyById: (kid) => state.keyring.publicKey(kid),
    issuer: state.issuer,
    now: resources.now(),
  })
  if (claims) state.verified.set(credential, claims)
  return claims
}

/** Another process may have made the key since; asked for at most every two seconds. */
async function verifyWithNewKeys(
  resources: Resources,
  state: AuthState,
  credential: string,
): Promise<Principal | null> {
  await state.keyring.refresh()
  const claims = verify(resources, state, credential)
  if (!claims) return null
  const identity = await loadIdentity(resources, claims.sub)
  return principalOf(identity, claims, resources.now())
}
