import type { Principal, Role } from './principal.js'
import { isSubset } from './scopes.js'

/** One row of the role × permission matrix. */
export interface PermissionRow {
  /** What it allows, as a sentence that fits "may …". */
  may: string
  /** `tenant` acts inside one organisation, `installation` across them, `self` on the caller's own account. */
  level: 'tenant' | 'installation' | 'self'
  roles: readonly Role[]
  /** The API-key scope that includes it; null: never by key. */
  scope: string | null
  /** Also a tenant's own end users may, by their token, on what is theirs. */
  subscribers?: true
}

export type PermissionMatrix = Readonly<Record<string, PermissionRow>>

/** Why a principal may or may not do something, for `GET /auth/v1/why` and for tests. */
export interface Verdict {
  allowed: boolean
  reason:
    | 'granted'
    | 'unknown_permission'
    | 'role'
    | 'scope'
    | 'not_for_keys'
    | 'no_tenant'
    | 'tenant_suspended'
}

/**
 * Judges a permission from the matrix alone, without any object: denied unless a role of the principal
 * has it and, where the principal is narrowed by scopes, a scope covers it.
 */
export function judge(matrix: PermissionMatrix, principal: Principal, permission: string): Verdict {
  const row = matrix[permission]
  if (!row) return { allowed: false, reason: 'unknown_permission' }
  if (principal.kind === 'system') return { allowed: true, reason: 'granted' }
  if (principal.kind === 'key' && row.scope === null) return { allowed: false, reason: 'not_for_keys' }
  if (!(principal.kind === 'subscriber' ? row.subscribers : hasRole(row, principal))) {
    return { allowed: false, reason: 'role' }
  }
  if (principal.scopes !== null && (row.scope === null || !isSubset(principal.scopes, [row.scope]))) {
    return { allowed: false, reason: 'scope' }
  }
  if (row.level === 'tenant') {
    if (!principal.tenant) return { allowed: false, reason: 'no_tenant' }
    if (principal.tenant.status !== 'active' && !principal.roles.includes('super_admin')) {
      return { allowed: false, reason: 'tenant_suspended' }
    }
  }
  return { allowed: true, reason: 'granted' }
}

function hasRole({ level, roles }: PermissionRow, principal: Principal): boolean {
  return level === 'self' || roles.some((role) => principal.roles.includes(role))
}

/** Every scope that some permission of these roles carries: the widest a key made by them may be. */
export function scopesOfRoles(matrix: PermissionMatrix, roles: readonly Role[]): string[] {
  const scopes = new Set<string>()
  for (const row of Object.values(matrix)) {
    if (row.scope && row.roles.some((role) => roles.includes(role))) scopes.add(row.scope)
  }
  return [...scopes].sort()
}
