import type BeeQueue from 'bee-queue'
import { redisAddress } from '../storage/redis.js'
import type { JobRef } from './job-row.js'

/** What crosses the wire: which jobs may be begun. A hint; the rows say what is true. */
export interface Hint {
  kind: string
  jobs: JobRef[]
}

export interface WireOptions {
  url: string
  password?: string | undefined
  onError: (error: unknown) => void
}

type Carried = { kind: string; ids: [tenantId: string, id: string][] }

const NAME = 'vetrai-jobs'
/** Hints a process takes at the same time. */
const TAKEN_AT_ONCE = 2
/** Pause before a broken connection is made anew, in milliseconds. */
const REOPEN_MS = 1_000

/**
 * Carries hints from whoever enqueued to one worker each, by bee-queue over connections of its own. Its retries are
 * none and its stall check is on: a hint taken by a process that died goes to another. Anything may be lost (Redis
 * flushed, restarted or away); workers look for themselves now and then. A queue object that meets an error is
 * replaced by a new one, because its scripts are gone from a Redis that began anew.
 */
export class Wire {
  readonly #options: WireOptions
  #producer: Promise<BeeQueue<Carried>> | undefined
  #producerFailedAt = Number.NEGATIVE_INFINITY
  #consumer: BeeQueue<Carried> | undefined
  #reopening: NodeJS.Timeout | undefined
  /** Whoever takes hints at present. */
  #take: ((hint: Hint) => Promise<void>) | undefined
  #isClosed = false

  constructor(options: WireOptions) {
    this.#options = options
  }

  /** Sends hints; never rejects, answers false where it could not. */
  async send(hints: readonly Hint[]): Promise<boolean> {
    if (this.#isClosed || performance.now() - this.#producerFailedAt < REOPEN_MS) return false
    try {
      this.#producer ??= this.#open({ isWorker: false }, () => this.#dropProducer())
      const queue = await this.#producer
      await Promise.all(
        hints.map(({ kind, jobs }) =>
          queue
            .createJob({ kind, ids: jobs.map(({ tenantId, id }) => [tenantId, id]) })
            .retries(0)
            .save(),
        ),
      )
      return true
    } catch (error) {
      this.#options.onError(error)
      this.#dropProducer()
      return false
    }
  }

  /**
   * Has each hint handed to `take`, which resolves when there is room for more; answers how to stop. What comes after that is
   * left to other processes.
   */
  listen(take: (hint: Hint) => Promise<void>): () => void {
    this.#take = take
    this.#consume(take)
    return () => {
      if (this.#take !== take) return
      this.#take = undefined
      clearTimeout(this.#reopening)
      if (this.#consumer) void discard(this.#consumer)
      this.#consumer = undefined
    }
  }

  #consume(take: (hint: Hint) => Promise<void>): void {
    void this.#open({ isWorker: true }, () => this.#reopen(take)).then(
      (queue) => {
        if (this.#take !== take) return void discard(queue)
        this.#consumer = queue
        queue.process(TAKEN_AT_ONCE, async ({ data }) => {
          await take({ kind: data.kind, jobs: data.ids.map(([tenantId, id]) => ({ tenantId, id })) })
        })
        // Redis may go away at this very moment; the queue is then replaced like after any error.
        queue.checkStalledJobs(5_000).catch(() => undefined)
      },
      (error) => {
        this.#options.onError(error)
        this.#reopen(take)
      },
    )
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#take = undefined
    clearTimeout(this.#reopening)
    const producer = await this.#producer?.catch(() => undefined)
    await Promise.all([producer, this.#consumer].map((queue) => queue && discard(queue)))
  }

  async #open(role: { isWorker: boolean }, onBroken: () => void): Promise<BeeQueue<Carried>> {
    const { default: Queue } = await import('bee-queue')
    const { path, host, port, db, tls } = redisAddress(this.#options.url)
    const queue = new Queue<Carried>(NAME, {
      ...role,
      redis: {
        ...(path ? { path } : { host, port }),
        ...(tls ? { tls } : {}),
        ...(this.#options.password ? { password: this.#options.password } : {}),
        db,
        // A producer must know at once that a hint was not sent; a consumer waits.
        enable_offline_queue: role.isWorker,
        retry_strategy: ({ attempt }: { attempt: number }) => Math.min(50 * attempt, 1_000),
      },
      getEvents: false,
      sendEvents: false,
      storeJobs: false,
      removeOnSuccess: true,
      removeOnFailure: true,
      stallInterval: 5_000,
    })
    let isBroken = false
    queue.on('error', (error) => {
      if (isBroken) return
      isBroken = true
      if (!this.#isClosed) this.#options.onError(error)
      void discard(queue)
      onBroken()
    })
    return queue.ready()
  }

  #dropProducer(): void {
    this.#producerFailedAt = performance.now()
    const dropped = this.#producer
    this.#producer = undefined
    dropped?.then(discard, () => undefined)
  }

  #reopen(take: (hint: Hint) => Promise<void>): void {
    if (this.#take !== take) return
    this.#consumer = undefined
    clearTimeout(this.#reopening)
    this.#reopening = setTimeout(() => this.#consume(take), REOPEN_MS)
    this.#reopening.unref()
  }
}

/** Closes a queue object without waiting for anything. */
async function discard(queue: BeeQueue<Carried>): Promise<void> {
  await queue.close(1).catch(() => undefined)
}
