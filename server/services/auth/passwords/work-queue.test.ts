import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { hashSlots, QueueFull, WorkQueue } from './work-queue.js'

describe('auth/passwords/work-queue', () => {
  it('never runs more than its slots and finishes everything it accepted, in order', async () => {
    const queue = new WorkQueue(2, 100)
    const order: number[] = []
    let running = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        queue.run(async () => {
          most = Math.max(most, ++running)
          order.push(i)
          await sleep(1)
          running--
        }),
      ),
    )
    expect(most).to.equal(2)
    expect(order).to.deep.equal(Array.from({ length: 20 }, (_, i) => i))
    expect(queue.load).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('refuses at once what would exceed its waiting room, with a time to come back', async () => {
    const queue = new WorkQueue(1, 1)
    let ran = 0
    const work = async () => {
      ran++
      await sleep(5)
    }
    const results = await Promise.allSettled([queue.run(work), queue.run(work), queue.run(work)])
    expect(results.map((r) => r.status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected'])
    const refused = results[2]
    expect(refused?.status === 'rejected' && refused.reason).to.be.instanceOf(QueueFull)
    expect(refused?.status === 'rejected' && refused.reason.retryAfterSeconds).to.be.at.least(1)
    expect(ran).to.equal(2)
  })

  it('frees the slot of work that throws', async () => {
    const queue = new WorkQueue(1, 0)
    await queue.run(() => Promise.reject(new Error('no'))).catch(() => undefined)
    expect(await queue.run(async () => 'next')).to.equal('next')
  })

  it('always leaves a thread of the pool free and uses at least one slot', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 2, max: 128 }), (cores, threads) => {
        const slots = hashSlots(cores, threads)
        expect(slots).to.be.within(1, Math.min(cores, threads - 1))
      }),
    )
  })
})
