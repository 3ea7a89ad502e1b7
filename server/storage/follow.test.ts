import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { useRedis } from '../../test/redis.js'
import { Bus } from './bus.js'
import { type FollowOptions, follow } from './follow.js'

const LONG = 3_600_000

/** A bus that knows how many listen to it. */
class CountingBus extends Bus {
  listeners = 0

  override subscribe(topic: string, listener: (message: string) => void): () => void {
    return this.#counted(super.subscribe(topic, listener))
  }
  override onConnected(listener: () => void): () => void {
    return this.#counted(super.onConnected(listener))
  }
  #counted(stop: () => void): () => void {
    this.listeners += 1
    return () => {
      this.listeners -= 1
      stop()
    }
  }
}

describe('following rows', () => {
  const redis = useRedis()
  let bus: CountingBus
  let abort: AbortController
  let reads = 0

  beforeEach(() => {
    // Never connected: what tells here tells only here, as when Redis is away.
    bus = new CountingBus(redis.closed(), redis.closed())
    abort = new AbortController()
    reads = 0
  })
  afterEach(async () => {
    abort.abort()
    await bus.close()
  })

  /** Follows a table of numbers that the test writes. */
  function followed(table: readonly number[], more: Partial<FollowOptions<number, number>> = {}) {
    return follow<number, number>({
      bus,
      topic: 'numbers',
      after: 0,
      read: async (after, limit) => {
        reads += 1
        const rows = table.filter((n) => n > after).slice(0, limit)
        await turn()
        return rows
      },
      cursorOf: (n) => n,
      signal: abort.signal,
      pollMs: LONG,
      ...more,
    })
  }

  async function take(rows: AsyncIterator<number>, count: number): Promise<number[]> {
    const taken: number[] = []
    while (taken.length < count) {
      const step = await rows.next()
      if (step.done) break
      taken.push(step.value)
    }
    return taken
  }

  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

  it('gives what there is after the cursor, by pages, and ends at the last row', async () => {
    const rows = followed(upTo(250), { after: 3, isLast: (n) => n === 240 })
    expect(await take(rows, 1_000)).to.deep.equal(upTo(240).slice(3))
    expect(reads).to.equal(3)
  })

  it('gives each row once and in order, however writes, messages and reading fall', async () => {
    const steps = fc.array(fc.constantFrom('write', 'tell', 'write and tell', 'pause'), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const table: number[] = []
        const stop = new AbortController()
        const write = () => table.push(table.length + 1)
        const all = take(followed(table, { signal: stop.signal, isLast: (n) => n === 1_000 }), 1_000)
        for (const step of plan) {
          if (step !== 'tell') write()
          if (step !== 'write') bus.publish('numbers', 'x')
          if (step === 'pause') await turn()
        }
        // What was written without a word is found with the next word.
        const written = table.length
        table.push(1_000)
        bus.publish('numbers', 'x')
        expect(await all).to.deep.equal([...upTo(written), 1_000])
        stop.abort()
      }),
      { numRuns: 30 },
    )
  })

  it('finds a row that was written and told of while it was reading', async () => {
    const table = [1]
    let isFirst = true
    const rows = followed(table, {
      read: async (after) => {
        const found = table.filter((n) => n > after)
        if (isFirst) {
          isFirst = false
          table.push(2)
          bus.publish('numbers', 'x')
        }
        return found
      },
    })
    expect(await take(rows, 2)).to.deep.equal([1, 2])
  })

  it('reads a few times for a burst of messages, and not at all for those that mean others', async () => {
    const table: number[] = []
    const rows = followed(table, { means: (message) => message === 'mine' })
    const first = take(rows, 1)
    await sleep(30)
    expect(reads).to.equal(1)
    for (let i = 0; i < 1_000; i += 1) bus.publish('numbers', 'theirs')
    await sleep(30)
    expect(reads).to.equal(1)
    for (let i = 0; i < 1_000; i += 1) bus.publish('numbers', 'mine')
    table.push(1)
    expect(await first).to.deep.equal([1])
    void rows.next()
    for (let i = 0; i < 1_000; i += 1) {
      bus.publish('numbers', 'mine')
      if (i % 100 === 0) await turn()
    }
    expect(reads).to.be.below(10)
  })

  it('finds by itself, after a while, what no message told of', async () => {
    const table: number[] = []
    const rows = followed(table, { pollMs: 20 })
    const first = take(rows, 1)
    await sleep(5)
    table.push(1)
    expect(await first).to.deep.equal([1])
  })

  it('looks at once when the bus is connected again', async function () {
    this.timeout(20_000)
    const own = await redis.startPrivate()
    const other = new Bus(await own.connect(), await own.connect())
    const table: number[] = []
    const first = take(followed(table, { bus: other }), 1)
    await own.kill()
    table.push(1)
    await own.restart()
    expect(await first).to.deep.equal([1])
    await other.close()
  })

  it('ends with its signal, also in the middle of waiting, and then listens to nothing', async () => {
    const waiting = followed([])
    const end = waiting.next()
    await sleep(5)
    abort.abort()
    expect(await end).to.deep.equal({ done: true, value: undefined })
    const before = reads
    bus.publish('numbers', 'x')
    await sleep(30)
    expect(reads).to.equal(before)
    expect(await take(followed(upTo(3)), 3)).to.deep.equal([])
    expect(bus.listeners).to.equal(0)
  })

  it('holds nothing before it is begun, and nothing after whoever follows has left', async () => {
    followed(upTo(3))
    expect(bus.listeners).to.equal(0)
    for await (const n of followed(upTo(3))) if (n === 2) break
    expect(bus.listeners).to.equal(0)
  })

  it('hands on the failure of a read, and stops listening', async () => {
    const failing = followed([], { read: async () => Promise.reject(new Error('away')) })
    const failed = await failing.next().catch((error: Error) => error.message)
    expect(failed).to.equal('away')
    expect(bus.listeners).to.equal(0)
  })
})
