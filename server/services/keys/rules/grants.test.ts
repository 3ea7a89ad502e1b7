import { expect } from 'chai'
import fc from 'fast-check'
import type { PermissionMatrix } from '../../../kernel/permissions.js'
import { MEMBERSHIP_ROLES, type Principal, ROLES, type Role } from '../../../kernel/principal.js'
import { isSubset } from '../../../kernel/scopes.js'
import { grantsOf, grantsOfRoles, misspeltScopes, tenantRolesOf } from './grants.js'

const matrix: PermissionMatrix = {
  'things.read': {
    may: 'read things',
    level: 'tenant',
    roles: ['org_admin', 'billing_admin', 'user'],
    scope: 'things:read',
  },
  'things.write': { may: 'write things', level: 'tenant', roles: ['org_admin'], scope: 'things:write' },
  'bills.read': {
    may: 'read bills',
    level: 'tenant',
    roles: ['org_admin', 'billing_admin'],
    scope: 'bills:read',
  },
  'bills.pay': {
    may: 'pay bills',
    level: 'tenant',
    roles: ['org_admin', 'billing_admin'],
    scope: 'bills:pay',
  },
  'all.see': { may: 'see all', level: 'installation', roles: ['super_admin'], scope: 'all:see' },
  'self.edit': { may: 'edit itself', level: 'self', roles: [], scope: null },
}

function user(roles: readonly Role[], scopes: readonly string[] | null = null): Principal {
  const tenant = { id: 't', slug: 't', status: 'active' as const }
  const person = {
    email: 'a@b.test',
    sessionId: null,
    aal: 1 as const,
    authenticatedAt: 0,
    hasFactor: false,
    impersonatorId: null,
  }
  return { kind: 'user', via: 'jwt', id: 'u', tenant, roles, scopes, ...person }
}

describe('what a caller can hand on to a key', () => {
  it('is everything for an administrator, whole resources and single scopes for the others', () => {
    expect(grantsOf(matrix, user(['org_admin']))).to.deep.equal(['*'])
    expect(grantsOf(matrix, user(['billing_admin']))).to.have.members(['bills:*', 'things:read'])
    expect(grantsOf(matrix, user(['user']))).to.deep.equal(['things:read'])
    expect(grantsOf(matrix, user(['support_agent']))).to.deep.equal([])
    expect(grantsOf(matrix, user([]))).to.deep.equal([])
  })

  it('is cut to the scopes of a caller that is narrowed itself', () => {
    expect(grantsOf(matrix, user(['org_admin'], ['things:read']))).to.deep.equal(['things:read'])
    expect(grantsOf(matrix, user(['billing_admin'], ['bills:pay', 'things:*']))).to.have.members([
      'bills:pay',
      'things:read',
    ])
    expect(grantsOf(matrix, user(['org_admin'], []))).to.deep.equal([])
  })

  it('never carries a role of the installation into a key', () => {
    expect(tenantRolesOf(user(['super_admin']))).to.deep.equal(['org_admin'])
    expect(tenantRolesOf(user(['support_agent', 'user']))).to.deep.equal(['user'])
  })

  it('never grants a scope of this API that no role of the caller has', () => {
    const roles = fc.uniqueArray(fc.constantFrom(...ROLES))
    const scopes = fc.option(fc.uniqueArray(fc.constantFrom('things:read', 'things:*', 'bills:pay', '*')))
    fc.assert(
      fc.property(roles, scopes, (held, narrowed) => {
        const principal = user(held, narrowed)
        const mine = tenantRolesOf(principal)
        for (const row of Object.values(matrix)) {
          if (row.level !== 'tenant' || !row.scope || !isSubset(grantsOf(matrix, principal), [row.scope]))
            continue
          expect(row.roles.some((role) => mine.includes(role))).to.equal(true)
          expect(narrowed === null || isSubset(narrowed, [row.scope])).to.equal(true)
        }
      }),
    )
  })

  it('grows with roles and never shrinks', () => {
    fc.assert(
      fc.property(fc.subarray([...MEMBERSHIP_ROLES]), fc.subarray([...MEMBERSHIP_ROLES]), (some, more) => {
        const union = [...new Set([...some, ...more])]
        expect(isSubset(grantsOfRoles(matrix, union), grantsOfRoles(matrix, some))).to.equal(true)
      }),
    )
  })

  it('calls an unknown action of a known resource misspelt, and leaves other resources alone', () => {
    expect(
      misspeltScopes(matrix, ['things:raed', 'things:*', 'things:read', 'documents:raed', '*']),
    ).to.deep.equal(['things:raed'])
  })
})
