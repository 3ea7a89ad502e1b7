import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { judge } from './kernel/permissions.js'
import { type Principal, ROLES, type Role } from './kernel/principal.js'
import { permissions } from './permissions.js'
import { PERMISSIONS_PAGE, permissionsPage } from './write-permissions.js'

const TENANT = { id: '01999999-9999-7999-8999-999999999999', slug: 'acme', status: 'active' } as const

function key(roles: readonly Role[], scopes: string[], tenant: Principal['tenant'] = TENANT): Principal {
  return { kind: 'key', id: 'k', ownerId: null, environment: 'live', tenant, roles, scopes }
}

describe('the permission matrix', () => {
  it('is documented as it is', () => {
    expect(readFileSync(PERMISSIONS_PAGE, 'utf8')).to.equal(permissionsPage())
  })

  it('gives a role nothing that its row does not name, and everything it names', () => {
    for (const [name, row] of Object.entries(permissions)) {
      for (const role of ROLES) {
        const allowed = judge(permissions, key([role], ['*']), name).allowed
        const named = row.level === 'self' || (row.roles as readonly Role[]).includes(role)
        expect(allowed, `${role} ${name}`).to.equal(named && row.scope !== null)
      }
    }
  })

  it('gives a subscriber what its rows say, on an active tenant, and nothing else', () => {
    const subscriber = (tenant: Principal['tenant']): Principal => ({
      ...{ kind: 'subscriber', id: 's', tenant, roles: [], scopes: null },
    })
    for (const [name, row] of Object.entries(permissions)) {
      const { allowed } = judge(permissions, subscriber(TENANT), name)
      expect(allowed, name).to.equal('subscribers' in row)
    }
    const suspended = { ...TENANT, status: 'suspended' as const }
    expect(judge(permissions, subscriber(suspended), 'notifications.inbox').allowed).to.equal(false)
  })

  it('denies what it does not know', () => {
    expect(judge(permissions, key(['super_admin'], ['*']), 'no.such.thing')).to.deep.equal({
      allowed: false,
      reason: 'unknown_permission',
    })
  })

  it('denies work in a tenant to whoever has none, and to members of a suspended one', () => {
    expect(judge(permissions, key(['org_admin'], ['*'], null), 'keys.read').reason).to.equal('no_tenant')
    const suspended = { ...TENANT, status: 'suspended' as const }
    expect(judge(permissions, key(['org_admin'], ['*'], suspended), 'keys.read').reason).to.equal(
      'tenant_suspended',
    )
    expect(judge(permissions, key(['super_admin'], ['*'], suspended), 'keys.read').allowed).to.equal(true)
  })
})
