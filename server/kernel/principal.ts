/** The five roles. The first two belong to the installation, the others to a membership in one tenant. */
export const ROLES = ['super_admin', 'support_agent', 'org_admin', 'billing_admin', 'user'] as const
export type Role = (typeof ROLES)[number]

export const INSTALLATION_ROLES = ['super_admin', 'support_agent'] as const satisfies readonly Role[]
export const MEMBERSHIP_ROLES = ['org_admin', 'billing_admin', 'user'] as const satisfies readonly Role[]
export type InstallationRole = (typeof INSTALLATION_ROLES)[number]
export type MembershipRole = (typeof MEMBERSHIP_ROLES)[number]

/** The organisation a principal acts in, as known when it was authenticated (at most 800 ms ago). */
export interface ActiveTenant {
  id: string
  slug: string
  status: 'active' | 'suspended' | 'deleting'
}

interface PrincipalBase {
  /** Id written to audit lines and rate-limit keys: user id, key id, or a fixed word for the system. */
  readonly id: string
  readonly tenant: ActiveTenant | null
  /** Roles held in `tenant`, and roles of the installation. A key's are the ceiling it was created under. */
  readonly roles: readonly Role[]
  /** Scopes that narrow what the roles allow; null means not narrowed. */
  readonly scopes: readonly string[] | null
}

/** A person, by a JWT session or by an opaque access token. */
export interface UserPrincipal extends PrincipalBase {
  readonly kind: 'user'
  readonly via: 'jwt' | 'opaque'
  readonly email: string
  readonly sessionId: string | null
  /** Authenticator assurance level: 2 after a second factor. */
  readonly aal: 1 | 2
  /** Whether the person has a second factor, so that level 2 can be asked of them. */
  readonly hasFactor: boolean
  /** Unix seconds of the last password or factor check. */
  readonly authenticatedAt: number
  /** The operator who acts as this user (RFC 8693 `act`), else null. */
  readonly impersonatorId: string | null
}

/** An API key. */
export interface KeyPrincipal extends PrincipalBase {
  readonly kind: 'key'
  /** The user who owns the key; null for keys of the organisation itself. */
  readonly ownerId: string | null
  readonly environment: 'live' | 'test'
}

/** The server itself, in background work. */
export interface SystemPrincipal extends PrincipalBase {
  readonly kind: 'system'
}

/**
 * One of a tenant's own end users, by a short-lived token that the tenant's backend asked for. It reaches what is its
 * own (see `PermissionRow.subscribers`) and nothing else.
 */
export interface SubscriberPrincipal extends PrincipalBase {
  readonly kind: 'subscriber'
}

export type Principal = UserPrincipal | KeyPrincipal | SubscriberPrincipal | SystemPrincipal

/** The principal of background work, e.g. a job or an event handler; `id` says which. */
export function systemPrincipal(id: string, tenant: ActiveTenant | null = null): SystemPrincipal {
  return { kind: 'system', id, tenant, roles: [], scopes: null }
}
