import { expect } from 'chai'
import fc from 'fast-check'
import { SealingRing, UnknownSealingKey } from './sealing-ring.js'

const LEAD = 15_000
const LOOK = 5_000

describe('the ring of sealing keys', () => {
  it('seals with the newest key whose time has come, and with none before the first', () => {
    const ring = new SealingRing()
    expect(ring.current(0)).to.equal(undefined)
    const keyOf = (id: number, sealsFrom: number) => ({ id, key: Buffer.alloc(32, id), sealsFrom })
    ring.replace([keyOf(1, 0), keyOf(3, 200), keyOf(2, 100)])
    expect([-1, 0, 99, 100, 199, 200, 9_999].map((now) => ring.current(now)?.id)).to.deep.equal([
      ...[undefined, 1, 1, 2, 2, 3, 3],
    ])
  })

  it('asks for news when a value names a key that it does not have', () => {
    const ring = new SealingRing()
    let asked = 0
    ring.onUnknown(() => {
      asked += 1
    })
    expect(() => ring.find(7)).to.throw(UnknownSealingKey, 'key 7')
    expect(asked).to.equal(1)
  })

  it('has, in every process that looks in time, each key that another seals with', () => {
    const rotations = fc.array(fc.integer({ min: LEAD, max: 90_000 }), { minLength: 1, maxLength: 6 })
    const looks = fc.array(fc.integer({ min: 1, max: LOOK }), { minLength: 7, maxLength: 60 })
    // Around the moment from which the newest key seals: nowhere else could a process be behind.
    const offset = fc.integer({ min: -LOOK, max: LOOK })
    fc.assert(
      fc.property(rotations, looks, looks, offset, (pauses, a, b, late) => {
        let at = 0
        const keys = pauses.map((pause, n) => {
          at += pause
          return { id: n + 1, madeAt: at }
        })
        const sealedAt = at + LEAD + late
        const sealer = processAt(keys, a, sealedAt).current(sealedAt)
        const opener = processAt(keys, b, sealedAt)
        if (sealer) expect(opener.find(sealer.id)).to.have.length(32)
        // And nobody seals with an older key once the newest is due: what is sealed anew stays so.
        expect(sealer?.id).to.equal(keys.findLast(({ madeAt }) => madeAt + LEAD <= sealedAt)?.id)
      }),
      { numRuns: 500 },
    )
  })
})

/** The ring of a process at a time, which it last looked at some moment within LOOK before. */
function processAt(
  keys: readonly { id: number; madeAt: number }[],
  pauses: readonly number[],
  now: number,
): SealingRing {
  const ring = new SealingRing()
  let looked = 0
  for (let n = 0; looked + (pauses[n % pauses.length] ?? 1) <= now; n += 1)
    looked += pauses[n % pauses.length] ?? 1
  const known = keys.filter(({ madeAt }) => madeAt <= looked)
  ring.replace(known.map(({ id, madeAt }) => ({ id, key: Buffer.alloc(32, id), sealsFrom: madeAt + LEAD })))
  return ring
}
