import { expect } from 'chai'
import fc from 'fast-check'
import { endsAt, judgeKey, type KeyDemand, type KeyFacts, keyState } from './key-verdict.js'

const now = new Date('2026-05-05T12:00:00Z')
const before = new Date(now.getTime() - 1)
const after = new Date(now.getTime() + 1)

const good: KeyFacts = {
  enabled: true,
  revokedAt: null,
  expiresAt: null,
  graceUntil: null,
  ownerActive: true,
  scopes: ['tenancy:read'],
  allowedIps: null,
}
const demand: KeyDemand = { scopes: ['tenancy:read'], address: '203.0.113.9' }

describe('key verdicts', () => {
  const table: [string, Partial<KeyFacts>, Partial<KeyDemand>, string][] = [
    ['a good key', {}, {}, 'VALID'],
    ['a good key asked for nothing', {}, { scopes: [] }, 'VALID'],
    ['a revoked key', { revokedAt: before }, {}, 'REVOKED'],
    [
      'a revoked key that is also disabled and expired',
      { revokedAt: before, enabled: false, expiresAt: before },
      {},
      'REVOKED',
    ],
    ['a disabled key', { enabled: false }, {}, 'DISABLED'],
    ['a key at the millisecond it expires', { expiresAt: now }, {}, 'EXPIRED'],
    ['a key one millisecond before it expires', { expiresAt: after }, {}, 'VALID'],
    ['a rotated key inside its grace time', { graceUntil: after }, {}, 'VALID'],
    ['a rotated key after its grace time', { graceUntil: before }, {}, 'EXPIRED'],
    ['a grace time that would outlive the expiry', { graceUntil: after, expiresAt: before }, {}, 'EXPIRED'],
    ['a key whose owner or tenant is suspended', { ownerActive: false }, {}, 'FORBIDDEN'],
    ['an address outside the list', { allowedIps: [] }, {}, 'IP_REFUSED'],
    [
      'an unknown address where there is a list',
      { allowedIps: [{ family: 4, base: 0n, prefix: 0 }] },
      { address: undefined },
      'IP_REFUSED',
    ],
    ['an address inside the list', { allowedIps: [{ family: 4, base: 0n, prefix: 0 }] }, {}, 'VALID'],
    ['a scope it does not carry', {}, { scopes: ['keys:read'] }, 'INSUFFICIENT_SCOPE'],
    ['a wildcard where it carries one action', {}, { scopes: ['tenancy:*'] }, 'INSUFFICIENT_SCOPE'],
    ['no scopes left', { scopes: [] }, {}, 'INSUFFICIENT_SCOPE'],
  ]
  for (const [title, facts, asked, code] of table) {
    it(`answers ${code} for ${title}`, () => {
      expect(judgeKey({ ...good, ...facts }, { ...demand, ...asked }, now)).to.equal(code)
    })
  }

  it('ends a key at the earlier of expiry and grace', () => {
    expect(endsAt({ expiresAt: before, graceUntil: after })).to.equal(before)
    expect(endsAt({ expiresAt: after, graceUntil: before })).to.equal(before)
    expect(endsAt({ expiresAt: null, graceUntil: after })).to.equal(after)
    expect(endsAt({ expiresAt: null, graceUntil: null })).to.equal(null)
  })

  it('never comes back to life as time passes', () => {
    const moment = fc.date({ min: new Date('2026-01-01'), max: new Date('2027-01-01'), noInvalidDate: true })
    const facts = fc.record({
      enabled: fc.boolean(),
      revokedAt: fc.option(moment),
      expiresAt: fc.option(moment),
      graceUntil: fc.option(moment),
    })
    const alive = ['active', 'retiring']
    fc.assert(
      fc.property(facts, moment, fc.nat(), (key, first, later) => {
        const second = new Date(first.getTime() + later)
        if (alive.includes(keyState(key, second))) expect(alive).to.include(keyState(key, first))
      }),
    )
  })
})
