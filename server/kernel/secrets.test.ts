import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { type SecretPurpose, Secrets, sameText } from './secrets.js'

const MASTER = 'ab'.repeat(32)

describe('the master secret', () => {
  const secrets = new Secrets(MASTER)

  it('is refused unless it is 32 bytes in hexadecimal, without being repeated', () => {
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
