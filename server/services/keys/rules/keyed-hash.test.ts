import { createHmac, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { KeyedHash } from './keyed-hash.js'

describe('keyed hash', () => {
  it('is HMAC-SHA-256 for every key and ASCII text', () => {
    const key = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
    const text = fc.string({ unit: 'binary-ascii', maxLength: 1024 })
    fc.assert(
      fc.property(key, text, (secret, message) => {
        expect(new KeyedHash(secret).of(message)).to.equal(
          createHmac('sha256', secret).update(message).digest('hex'),
        )
      }),
    )
  })

  it('carries nothing over from a longer text to a shorter one', () => {
    const secret = randomBytes(32)
    const hashed = new KeyedHash(secret)
    hashed.of('a'.repeat(1000))
    expect(hashed.of('b')).to.equal(createHmac('sha256', secret).update('b').digest('hex'))
  })

  it('refuses keys and texts beyond its bounds', () => {
    expect(() => new KeyedHash(randomBytes(65))).to.throw(RangeError)
    expect(() => new KeyedHash(randomBytes(32)).of('a'.repeat(1025))).to.throw(RangeError)
  })
})
