import { expect } from 'chai'
import fc from 'fast-check'
import {
  compactScopes,
  holdsScope,
  intersectScopes,
  isScope,
  isSubset,
  parseScope,
  scopeCovers,
} from './scopes.js'

const resources = ['auth', 'keys', 'tenancy', 'job-queues']
const actions = ['read', 'write', 'manage']
const concrete = resources.flatMap((resource) => actions.map((action) => `${resource}:${action}`))

const scope = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...concrete) },
  { weight: 3, arbitrary: fc.constantFrom(...resources).map((resource) => `${resource}:*`) },
  { weight: 1, arbitrary: fc.constant('*') },
)
const scopes = fc.array(scope, { maxLength: 6 })

/** What a set allows, spelled out: the meaning that every shortcut must agree with. */
function meaning(granted: readonly string[]): Set<string> {
  return new Set(concrete.filter((want) => granted.some((have) => scopeCovers(have, want))))
}

describe('scopes', () => {
  it('accepts resource:action, resource:* and *, and takes them apart', () => {
    expect(parseScope('tenancy:read')).to.deep.equal({ resource: 'tenancy', action: 'read' })
    expect(parseScope('job-queues:*')).to.deep.equal({ resource: 'job-queues', action: '*' })
    expect(parseScope('*')).to.deep.equal({ resource: '*', action: '*' })
  })

  for (const text of [
    ...['', ':', 'tenancy', 'tenancy:', ':read', '*:read', '*:*', 'tenancy:read:all', 'Tenancy:read'],
    ...[
      'tenancy:Read',
      ' tenancy:read',
      'tenancy:read ',
      'tenancy:read\n',
      'tenancy:re*',
      '9a:read',
      'a--b:read',
    ],
    ...[
      'tenancy:-read',
      'ténancy:read',
      `${'a'.repeat(41)}:read`,
      `a:${'b'.repeat(41)}`,
      'a'.repeat(100_000),
    ],
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}${text.length > 20 ? '…' : ''} as a scope`, () => {
      expect(parseScope(text)).to.equal(undefined)
      expect(scopeCovers('*', text)).to.equal(false)
      expect(scopeCovers(text, 'tenancy:read')).to.equal(false)
    })
  }

  it('lets a wildcard cover its own resource only, and never a part cover the whole', () => {
    expect(scopeCovers('tenancy:*', 'tenancy:read')).to.equal(true)
    expect(scopeCovers('tenancy:*', 'tenancy:*')).to.equal(true)
    expect(scopeCovers('tenancy:*', 'keys:read')).to.equal(false)
    expect(scopeCovers('tenancy:read', 'tenancy:*')).to.equal(false)
    expect(scopeCovers('tenancy:*', '*')).to.equal(false)
    expect(scopeCovers('ten:*', 'tenancy:read')).to.equal(false)
    expect(isSubset(['tenancy:read', 'tenancy:write'], ['tenancy:*'])).to.equal(false)
  })

  it('never calls a wider set a subset', () => {
    fc.assert(
      fc.property(scopes, scopes, (granted, wanted) => {
        if (!isSubset(granted, wanted)) return
        const allowed = meaning(granted)
        for (const permission of meaning(wanted)) expect(allowed.has(permission)).to.equal(true)
      }),
    )
  })

  it('holds for every set that it is a subset of itself, of * and of any set that contains it', () => {
    fc.assert(
      fc.property(scopes, scopes, (some, more) => {
        expect(isSubset(some, some)).to.equal(true)
        expect(isSubset(['*'], some)).to.equal(true)
        expect(isSubset([...more, ...some], some)).to.equal(true)
      }),
    )
  })

  it('intersects to exactly what both sides allow, never more', () => {
    fc.assert(
      fc.property(scopes, scopes, (left, right) => {
        const both = intersectScopes(left, right)
        expect(isSubset(left, both) && isSubset(right, both)).to.equal(true)
        const [a, b] = [meaning(left), meaning(right)]
        expect([...meaning(both)]).to.deep.equal(concrete.filter((one) => a.has(one) && b.has(one)))
      }),
    )
  })

  it('compacts without changing what is allowed', () => {
    fc.assert(
      fc.property(scopes, (some) => {
        const fewer = compactScopes(some)
        expect([...meaning(fewer)]).to.deep.equal([...meaning(some)])
        expect(fewer.length).to.be.at.most(new Set(some).size)
        expect(isSubset(fewer, some)).to.equal(true)
      }),
    )
  })

  it('answers the fast question as the slow one for every set', () => {
    fc.assert(
      fc.property(scopes, fc.oneof(scope, fc.string()), (granted, wanted) => {
        expect(holdsScope(new Set(granted), wanted)).to.equal(
          granted.some((have) => scopeCovers(have, wanted)),
        )
      }),
    )
  })

  it('never throws on arbitrary text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof isScope(text) === 'boolean'))
  })
})
