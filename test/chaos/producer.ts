import { setTimeout as sleep } from 'node:timers/promises'
import type { EnqueuedJob } from '../../server/jobs/enqueue.js'
import { backgroundContext, type Ctx } from '../../server/kernel/context.js'
import type { Resources } from '../../server/kernel/resources.js'
import { auto, finish, flaky, parent, plain, poison, scarce, slow } from './kinds.js'
import type { Random } from './random.js'

const TENANTS = Array.from(
  { length: 12 },
  (_, n) => `7e000000-0000-4000-8000-${String(n + 1).padStart(12, '0')}`,
)
/** Jobs that may wait at the same time. */
const AHEAD = 1_500

/** Enqueues jobs of every kind while all goes on, and remembers what it was told. */
export class Producer {
  /** Jobs whose enqueueing was answered. */
  readonly acknowledged = new Set<string>()
  /** Orders whose transaction was taken back. */
  readonly takenBack: number[] = []
  /** Orders that met an error and were given again. */
  failures = 0
  readonly #resources: Resources
  readonly #random: Random
  #orders = 0

  constructor(resources: Resources, random: Random) {
    this.#resources = resources
    this.#random = random
  }

  /** Enqueues until this many jobs are acknowledged; `settled` tells how many have ended. */
  async produce(count: number, settled: () => number): Promise<void> {
    let isPoisoned = false
    while (this.acknowledged.size < count) {
      if (this.acknowledged.size - settled() > AHEAD) {
        await sleep(20)
      } else if (!isPoisoned && this.acknowledged.size > count / 4) {
        await this.#place(poisonOrder)
        isPoisoned = true
      } else await this.#place(this.#random.pick(ORDERS))
    }
  }

  /** Gives an order until it is answered. */
  async #place(order: Order): Promise<void> {
    const tenant = { id: this.#random.pick(TENANTS), slug: 'tenant', status: 'active' as const }
    const size = this.#random.between(1, 100)
    for (;;) {
      const ctx = backgroundContext(this.#resources, 'producer', tenant)
      this.#orders += 1
      try {
        await this.#takeBack(ctx)
        for (const { id } of await order(ctx, this.#orders, size)) this.acknowledged.add(id)
        return
      } catch {
        // Whether it was committed nobody knows; what was is settled all the same.
        this.failures += 1
        await sleep(100)
      }
    }
  }

  /** Now and then something is enqueued in a transaction that fails. */
  async #takeBack(ctx: Ctx): Promise<void> {
    if (this.#random.next() > 0.05) return
    const order = this.#orders
    this.#orders += 1
    this.takenBack.push(order)
    const reason = new Error('thought better of it')
    const failing = ctx.transaction(async () => {
      await ctx.enqueueMany(plain, [{ order }, { order }])
      throw reason
    })
    await failing.catch((error: unknown) => {
      if (error !== reason) throw error
    })
  }
}

type Order = (ctx: Ctx, order: number, size: number) => Promise<EnqueuedJob[]>

const poisonOrder: Order = async (ctx, order) => [await ctx.enqueue(poison, { order })]

const ORDERS: Order[] = [
  (ctx, order, size) => ctx.enqueueMany(plain, many({ order }, size * 3)),
  (ctx, order, size) => ctx.enqueueMany(plain, many({ order }, size), { delayMs: size * 10, priority: size }),
  (ctx, order, size) => ctx.enqueueMany(auto, many({ order }, Math.ceil(size / 2))),
  (ctx, order, size) => ctx.enqueueMany(finish, many({ order }, Math.ceil(size / 2))),
  (ctx, order, size) =>
    ctx.enqueueMany(flaky, many({ order, failures: 1 + (size % 3) }, Math.ceil(size / 4))),
  (ctx, order, size) => ctx.enqueueMany(scarce, many({ order }, Math.ceil(size / 10))),
  async (ctx, order, size) => [
    await ctx.enqueue(plain, { order }, { unique: { key: `key ${size}` } }),
    await ctx.enqueue(auto, { order }, { delayMs: 50, unique: { key: `key ${size}`, mode: 'debounce' } }),
    ...(size % 20 === 0 ? [await ctx.enqueue(slow, { order })] : []),
  ],
  async (ctx, order, size) => {
    const leaves = many({ order }, 1 + (size % 8)).map((payload, n) => ({
      job: [plain, auto, flaky][n % 3] ?? plain,
      payload,
      children: [],
    }))
    const middle = { job: parent, payload: { order, children: leaves.length }, children: leaves }
    const root = {
      job: parent,
      payload: { order, children: 2 },
      children: [middle, { job: plain, payload: { order }, children: [] }],
    }
    return [await ctx.enqueueFlow(root)]
  },
]

function many<P>(payload: P, count: number): P[] {
  return Array.from({ length: count }, () => payload)
}
