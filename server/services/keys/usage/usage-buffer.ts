import { randomUUID } from 'node:crypto'

/** What is counted: one request or verification of a key, how it ended, and the credits it spent. */
export type UsageEvent = {
  readonly tenantId: string
  readonly keyId: string
  readonly kind: 'request' | 'verify'
  /** A verdict code for a verification; `VALID` for a request the key was let in for. */
  readonly outcome: string
  readonly credits: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Counts of one key in one hour, of one kind and outcome. */
export type UsageRow = {
  readonly tenantId: string
  readonly keyId: string
  readonly kind: UsageEvent['kind']
  readonly outcome: string
  /** Start of the hour (UTC), in milliseconds. */
  readonly hour: number
  count: number
  credits: number
  /** The latest event counted, in milliseconds. */
  lastAt: number
}

/**
 * One flush. The id stays the same when a flush is tried again, so the sink can tell a batch whose answer was
 * lost from a new one and adds nothing twice.
 */
export type UsageBatch = { readonly id: string; readonly rows: readonly UsageRow[] }

type UsageBufferOptions = {
  /** Stores a batch for good, or throws and stores nothing. Must ignore a batch id it has stored before. */
  readonly sink: (batch: UsageBatch) => Promise<void>
  /** How often to flush, in milliseconds: with `maxRows` the bound on what a crash loses. */
  readonly intervalMs: number
  /** Distinct counters that trigger a flush before the interval ends. */
  readonly maxRows: number
  /** Told about a flush that failed; its batch is kept and tried again. */
  readonly onError?: (error: unknown) => void
}

const HOUR_MS = 3_600_000

/**
 * Counts in memory and writes sums, so that using a key costs no statement. A clean stop loses nothing; a
 * crash loses at most the events of the last `intervalMs` plus the time of one write. While the sink fails
 * events stay in memory, summed by key and hour, and are written when it works again.
 */
export class UsageBuffer {
  readonly #options: UsageBufferOptions
  #rows = new Map<string, UsageRow>()
  #unsent: UsageBatch | undefined
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined

  constructor(options: UsageBufferOptions) {
    this.#options = options
  }

  /** Counts one event: no I/O, never throws. */
  record(event: UsageEvent): void {
    const hour = event.at - (event.at % HOUR_MS)
    const name = `${event.keyId}|${hour}|${event.kind}|${event.outcome}`
    const row = this.#rows.get(name)
    if (row) {
      row.count += 1
      row.credits += event.credits
      if (event.at > row.lastAt) row.lastAt = event.at
    } else {
      const { at, ...rest } = event
      this.#rows.set(name, { ...rest, hour, count: 1, lastAt: at })
    }
    this.#schedule()
  }

  /** Distinct counters waiting to be written. */
  get size(): number {
    return this.#rows.size + (this.#unsent?.rows.length ?? 0)
  }

  /** Writes everything counted before the call; throws the sink's error, keeping what was not written. */
  async flush(): Promise<void> {
    while (this.#flushing) await this.#flushing.catch(() => undefined)
    this.#flushing = this.#write().finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  /** Stops the timer and writes what is left; one more try follows a failed write, then it throws. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      await this.flush()
    } catch {
      await this.flush()
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #write(): Promise<void> {
    // A batch whose write failed goes first and unchanged: adding to it would change what its id stands for.
    while (this.#unsent || this.#rows.size > 0) {
      this.#unsent ??= { id: randomUUID(), rows: this.#take() }
      await this.#options.sink(this.#unsent)
      this.#unsent = undefined
    }
  }

  #take(): UsageRow[] {
    const rows = [...this.#rows.values()]
    this.#rows = new Map()
    return rows
  }

  #schedule(): void {
    if (this.#rows.size >= this.#options.maxRows && !this.#flushing) {
      this.#flushInBackground()
    } else if (!this.#timer) {
      this.#timer = setTimeout(() => this.#flushInBackground(), this.#options.intervalMs)
      this.#timer.unref()
    }
  }

  #flushInBackground(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.flush().catch((error: unknown) => {
      this.#options.onError?.(error)
      if (this.size > 0 && !this.#timer) {
        this.#timer = setTimeout(() => this.#flushInBackground(), this.#options.intervalMs)
        this.#timer.unref()
      }
    })
  }
}
