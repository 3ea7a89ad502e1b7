import type { PermissionMatrix } from '../../../kernel/permissions.js'
import { scopesOfRoles } from '../../../kernel/permissions.js'
import { MEMBERSHIP_ROLES, type Principal, type Role } from '../../../kernel/principal.js'
import { compactScopes, intersectScopes, parseScope } from '../../../kernel/scopes.js'

/**
 * The roles a caller has inside its tenant, as far as a key may inherit them: a key never acts across
 * tenants, so `super_admin` counts as `org_admin` and other roles of the installation as nothing.
 */
export function tenantRolesOf(principal: Principal): Role[] {
  const roles = new Set<Role>(
    principal.roles.filter((role) => (MEMBERSHIP_ROLES as readonly Role[]).includes(role)),
  )
  if (principal.roles.includes('super_admin')) roles.add('org_admin')
  return [...roles].sort()
}

/**
 * All that roles in a tenant can grant, as scopes. An administrator of the organisation grants everything,
 * also scopes of the organisation's own API, which no other role holds.
 */
export function grantsOfRoles(matrix: PermissionMatrix, roles: readonly Role[]): readonly string[] {
  const known = grants.get(matrix) ?? new Map<string, readonly string[]>()
  grants.set(matrix, known)
  const name = roles.join()
  const found = known.get(name) ?? widest(matrix, roles)
  known.set(name, found)
  return found
}

const grants = new WeakMap<PermissionMatrix, Map<string, readonly string[]>>()

/** All that a caller can hand on in its tenant: what its roles grant, cut to its own scopes where it has any. */
export function grantsOf(matrix: PermissionMatrix, principal: Principal): readonly string[] {
  const all = grantsOfRoles(matrix, tenantRolesOf(principal))
  return principal.scopes === null ? all : intersectScopes(all, principal.scopes)
}

/**
 * Scopes that look like this API's but are not: their resource is known and their action is not. Scopes of
 * other resources belong to the organisation's own API.
 */
export function misspeltScopes(matrix: PermissionMatrix, scopes: readonly string[]): string[] {
  const known = knownScopes(matrix)
  const resources = new Set([...known].map(resourceOf))
  return scopes.filter((text) => {
    const scope = parseScope(text)
    return scope !== undefined && scope.action !== '*' && resources.has(scope.resource) && !known.has(text)
  })
}

function widest(matrix: PermissionMatrix, roles: readonly Role[]): string[] {
  if (roles.includes('org_admin')) return ['*']
  const held = new Set(scopesOfRoles(matrix, roles))
  const missing = new Set([...knownScopes(matrix)].filter((scope) => !held.has(scope)).map(resourceOf))
  return compactScopes(
    [...held].map((scope) => (missing.has(resourceOf(scope)) ? scope : `${resourceOf(scope)}:*`)),
  )
}

function resourceOf(scope: string): string {
  return scope.slice(0, scope.indexOf(':'))
}

function knownScopes(matrix: PermissionMatrix): Set<string> {
  return new Set(Object.values(matrix).flatMap((row) => (row.scope ? [row.scope] : [])))
}
