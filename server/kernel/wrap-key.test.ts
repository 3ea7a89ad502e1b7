import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { dataWrappingKeyOf, masterKeyOf, unwrapKey, wrapKey } from './wrap-key.js'

const MASTER = 'ab'.repeat(32)

describe('a wrapped key', () => {
  const by = masterKeyOf(MASTER).key
  const key = randomBytes(32)
  const wrapped = wrapKey(by, key, 'root')

  it('opens with the key that wraps it, under its own name only', () => {
    expect(unwrapKey(by, wrapped, 'root')).to.deep.equal(key)
    expect(unwrapKey(by, wrapped, 'data:1')).to.equal(null)
    expect(unwrapKey(masterKeyOf('cd'.repeat(32)).key, wrapped, 'root')).to.equal(null)
    expect(unwrapKey(dataWrappingKeyOf(Buffer.from(MASTER, 'hex')), wrapped, 'root')).to.equal(null)
  })

  it('does not open when any bit differs, or when it is cut or drawn out', () => {
    for (let at = 0; at < wrapped.length * 8; at += 1) {
      const changed = Buffer.from(wrapped)
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
      expect(unwrapKey(by, changed, 'root'), `bit ${at}`).to.equal(null)
    }
    for (const odd of [Buffer.alloc(0), wrapped.subarray(1), Buffer.concat([wrapped, Buffer.from([0])])])
      expect(unwrapKey(by, odd, 'root')).to.equal(null)
  })

  it('is wrapped by what every version derives from the same master secret', () => {
    // Fixed: another value here would make every installation unable to start.
    expect(masterKeyOf(MASTER).id).to.equal('0c6bf257838fc26f')
    expect(masterKeyOf(MASTER).key.toString('hex')).to.equal(
      'da201cae9d72144fd76ddb19d89e8c8397b2884832eb7253fa24c8480515cba0',
    )
    expect(masterKeyOf(MASTER.toUpperCase()).id).to.equal(masterKeyOf(MASTER).id)
    expect(dataWrappingKeyOf(Buffer.from(MASTER, 'hex')).toString('hex')).to.equal(
      '4201a62df462296b7a9afb18d8682a3ba6dfa6281659526b1d13ec73c8ce0065',
    )
  })

  it('tells master secrets apart by an id that is no part of them', () => {
    expect(masterKeyOf('cd'.repeat(32)).id).not.to.equal(masterKeyOf(MASTER).id)
    expect(MASTER).not.to.contain(masterKeyOf(MASTER).id)
  })
})
