import { availableParallelism } from 'node:os'

/** libuv's default pool, shared by bcrypt, DNS look-ups, file reads and asynchronous crypto. */
const LIBUV_THREADS = 4
/** Waiting work per slot: at bcrypt cost 12 (a quarter of a second) the last in the queue waits about 4 s. */
const WAITING_PER_SLOT = 16
const FIRST_GUESS_MS = 250

/** Thrown instead of queueing when the queue is full; the caller answers 503 with `Retry-After`. */
export class QueueFull extends Error {
  constructor(readonly retryAfterSeconds: number) {
    super(`The queue is full; try again in ${retryAfterSeconds} s.`)
    this.name = 'QueueFull'
  }
}

/**
 * As many hashes at once as there are cores, but always fewer than libuv's threads: at least one thread stays
 * free for DNS and files however many sign-ins arrive.
 */
export function hashSlots(cores = availableParallelism(), threads = LIBUV_THREADS): number {
  return Math.max(1, Math.min(cores, threads - 1))
}

/** Runs slow work first come, first served, at most `slots` at a time, and refuses what it could not serve soon. */
export class WorkQueue {
  private running = 0
  private readonly waiting: (() => void)[] = []
  private meanMs = FIRST_GUESS_MS

  constructor(
    private readonly slots: number = hashSlots(),
    private readonly maxWaiting: number = slots * WAITING_PER_SLOT,
  ) {}

  /** Pieces of work running and waiting, for metrics. */
  get load(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiting.length }
  }

  /** The result of `work`; rejects with QueueFull at once, without running it, when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter()
    const started = performance.now()
    try {
      return await work()
    } finally {
      this.meanMs += (performance.now() - started - this.meanMs) / 8
      this.leave()
    }
  }

  private enter(): Promise<void> {
    if (this.running < this.slots) {
      this.running++
      return Promise.resolve()
    }
    if (this.waiting.length >= this.maxWaiting) return Promise.reject(new QueueFull(this.retryAfterSeconds()))
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  /** Hands the slot to the next in line without ever giving it up, so that no newcomer overtakes. */
  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.running--
  }

  private retryAfterSeconds(): number {
    return Math.max(1, Math.ceil((this.meanMs * this.waiting.length) / this.slots / 1000))
  }
}
