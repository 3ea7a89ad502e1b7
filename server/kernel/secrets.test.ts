import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { SealingRing, UnknownSealingKey } from './sealing-ring.js'
import { type SecretPurpose, Secrets, sameText, sealPrefix } from './secrets.js'

const MASTER = 'ab'.repeat(32)

describe('the root key', () => {
  const secrets = new Secrets(MASTER)

  it('is refused unless it is 32 bytes, in hexadecimal where it is text, without being repeated', () => {
    expect(() => new Secrets(randomBytes(31))).to.throw(TypeError, /32 bytes/)
    expect(new Secrets(Buffer.from(MASTER, 'hex')).key('token')).to.deep.equal(secrets.key('token'))
    for (const text of ['', 'ab', `${MASTER}0`, 'zz'.repeat(32), MASTER.slice(1)]) {
      expect(() => new Secrets(text)).to.throw(TypeError, /64 hexadecimal/)
    }
    expect(() => new Secrets('canary'))
      .to.throw()
      .and.satisfy((error: Error) => !error.message.includes('canary'))
  })

  it('gives each purpose a key of its own, the same every time', () => {
    const purposes: SecretPurpose[] = [
      'cursor',
      'password',
      'token',
      'api-key',
      'seal',
      'idempotency',
      'object-url',
    ]
    const keys = purposes.map((purpose) => secrets.key(purpose).toString('hex'))
    expect(new Set([...keys, MASTER]).size).to.equal(purposes.length + 1)
    expect(new Secrets(MASTER.toUpperCase()).key('token')).to.deep.equal(secrets.key('token'))
    expect(new Secrets('cd'.repeat(32)).key('token')).not.to.deep.equal(secrets.key('token'))
    // RFC 5869 over fixed input: keys must not change between versions, or stored hashes are lost.
    expect(keys.map((key) => key.length)).to.deep.equal(new Array(purposes.length).fill(64))
  })

  it('hashes a text differently for each purpose', () => {
    expect(secrets.hash('token', 'x')).to.match(/^[0-9a-f]{64}$/)
    expect(secrets.hash('token', 'x'))
      .to.equal(secrets.hash('token', 'x'))
      .and.not.to.equal(secrets.hash('api-key', 'x'))
  })
})

describe('a sealed value', () => {
  const secrets = new Secrets(MASTER)
  const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array))

  it('opens to what was sealed, in its context only', () => {
    fc.assert(
      fc.property(bytes, fc.string(), fc.string(), (plain, context, other) => {
        const sealed = secrets.seal(plain, context)
        expect(secrets.unseal(sealed, context).equals(plain)).to.equal(true)
        fc.pre(Buffer.compare(Buffer.from(context), Buffer.from(other)) !== 0)
        expect(() => secrets.unseal(sealed, other)).to.throw()
      }),
    )
  })

  it('does not open when any bit differs, a byte is missing or the key is another', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 0, max: 7 }), (plain, place, bit) => {
        const sealed = secrets.seal(plain, 'c')
        const changed = Buffer.from(sealed)
        const at = place % changed.length
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        expect(() => secrets.unseal(changed, 'c')).to.throw()
        expect(() => secrets.unseal(sealed.subarray(0, at), 'c')).to.throw()
        expect(() => new Secrets('cd'.repeat(32)).unseal(sealed, 'c')).to.throw()
      }),
    )
  })

  it('differs each time and shows nothing of what it holds', () => {
    const plain = 'canary '.repeat(20)
    const [one, two] = [secrets.seal(plain, 'c'), secrets.seal(plain, 'c')]
    expect(one.equals(two)).to.equal(false)
    expect(one.toString('latin1')).not.to.contain('canary')
  })
})

describe('a value sealed with a data key', () => {
  const ringOf = (...ids: number[]) => {
    const ring = new SealingRing()
    ring.replace(ids.map((id) => ({ id, key: Buffer.alloc(32, id), sealsFrom: 0 })))
    return ring
  }

  it('names its key and opens with it, however many came after', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 4_294_967_295 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 200 }), (all, bytes) => {
        const sorted = all.sort((a, b) => a - b)
        sorted.forEach((id, at) => {
          const sealed = new Secrets(MASTER, ringOf(...sorted.slice(0, at + 1))).seal(Buffer.from(bytes), 'c')
          expect(sealed.subarray(0, 5)).to.deep.equal(sealPrefix(id))
          expect(new Secrets(MASTER, ringOf(...sorted)).unseal(sealed, 'c').equals(bytes)).to.equal(true)
          const without = new Secrets(MASTER, ringOf(...sorted.filter((one) => one !== id)))
          expect(() => without.unseal(sealed, 'c')).to.throw(UnknownSealingKey)
        })
      }),
      { numRuns: 30 },
    )
  })

  it('does not open when any bit differs, that of the key it names included', () => {
    const secrets = new Secrets(MASTER, ringOf(1, 2, 3))
    const sealed = secrets.seal('text', 'c')
    for (let at = 0; at < sealed.length * 8; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
      expect(() => secrets.unseal(changed, 'c'), `bit ${at}`).to.throw()
    }
  })

  it('lies beside values from before the first rotation, which still open', () => {
    const before = new Secrets(MASTER).seal('old', 'c')
    expect(before[0]).to.equal(1)
    expect(new Secrets(MASTER, ringOf(1)).unseal(before, 'c').toString()).to.equal('old')
  })
})

describe('comparing two texts', () => {
  it('says whether they are the same', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(sameText(a, b)).to.equal(Buffer.from(a).equals(Buffer.from(b)))
        expect(sameText(a, a)).to.equal(true)
      }),
    )
    expect(sameText('', randomBytes(4).toString('hex'))).to.equal(false)
  })
})
