import { expect } from 'chai'
import fc from 'fast-check'
import { PasswordHasher } from './hashing.js'
import { WorkQueue } from './work-queue.js'

const pepper = Buffer.alloc(32, 7)
const hasher = new PasswordHasher({ pepper, cost: 4 })

describe('auth/passwords/hashing', () => {
  it('accepts the password it hashed and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ minLength: 1 }),
        async (a, b) => {
          const stored = await hasher.hash(a)
          expect(await hasher.verify(a, stored)).to.equal(true)
          expect(await hasher.verify(a + b, stored)).to.equal(false)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('tells passwords apart beyond 72 bytes and beyond a NUL', async () => {
    const long = 'å'.repeat(200)
    const stored = await hasher.hash(long)
    expect(await hasher.verify(`${long.slice(0, -1)}b`, stored)).to.equal(false)
    expect(await hasher.verify('abc\0e', await hasher.hash('abc\0d'))).to.equal(false)
  })

  it('salts: equal passwords have different hashes of a known shape', async () => {
    const [a, b] = await Promise.all([hasher.hash('the same one'), hasher.hash('the same one')])
    expect(a).to.not.equal(b)
    expect(a).to.match(/^v1:\$2b\$04\$[./0-9A-Za-z]{53}$/)
  })

  it('is worthless without the pepper', async () => {
    const stored = await hasher.hash('a good password')
    const other = new PasswordHasher({ pepper: Buffer.alloc(32, 8), cost: 4 })
    expect(await other.verify('a good password', stored)).to.equal(false)
  })

  it('does the same work for nobody as for somebody, and answers false', async () => {
    const queue = new WorkQueue(1)
    const costly = new PasswordHasher({ pepper, cost: 10, queue })
    const stored = await costly.hash('a good password')
    const time = async (target: string | null) => {
      const start = performance.now()
      expect(await costly.verify('another password', target)).to.equal(false)
      return performance.now() - start
    }
    // The fastest of a few: what else the machine does only ever adds.
    let [known, unknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let i = 0; i < 5; i++) {
      known = Math.min(known, await time(stored))
      unknown = Math.min(unknown, await time(null))
    }
    expect(unknown / known).to.be.within(0.3, 3)
  })

  it('never accepts a stored value of another scheme, such as a bare bcrypt hash', async () => {
    const stored = await hasher.hash('a good password')
    expect(await hasher.verify('a good password', stored.slice(3))).to.equal(false)
    expect(await hasher.verify(stored, stored)).to.equal(false)
  })

  it('asks for a new hash when the cost rises, and not when it falls', async () => {
    const stored = await hasher.hash('a good password')
    expect(hasher.needsRehash(stored)).to.equal(false)
    expect(new PasswordHasher({ pepper, cost: 5 }).needsRehash(stored)).to.equal(true)
    expect(new PasswordHasher({ pepper, cost: 4 }).needsRehash(stored)).to.equal(false)
    expect(hasher.needsRehash('plain')).to.equal(true)
  })
})
