import type { Bus } from './bus.js'

/** Rows that one read may answer. */
const PAGE = 100
/** A burst of messages costs at most one read in this time. */
const BURST_MS = 25
/** Between two looks without a message: Redis may be away, and messages are only hints. */
const POLL_MS = { least: 10_000, most: 15_000 }

export interface FollowOptions<T, C> {
  bus: Bus
  /** Bus topic whose messages say that there may be new rows; told after the commit that made them. */
  topic: string
  /** Which messages of the topic mean these rows; all where it is left out. */
  means?: (message: string) => boolean
  /** Where to begin: rows after this. */
  after: C
  /**
   * Rows after a cursor, oldest first, at most `limit`; it opens a short transaction of its own. A row must never
   * become visible after one with a higher cursor, or it is missed: have writers number rows under a lock.
   */
  read: (after: C, limit: number) => Promise<readonly T[]>
  cursorOf: (row: T) => C
  /** Whether nothing comes after this row. */
  isLast?: (row: T) => boolean
  /** Ends it, also in the middle of waiting. */
  signal: AbortSignal
  pollMs?: number
}

/**
 * Rows as they come: those there are, then each new one soon after its commit, in any process, once and in order. A
 * message on the bus is what makes it look at once; that a message was lost costs time and never a row. Holds nothing
 * until it is begun, nothing after it ended, and no transaction while it waits.
 */
export async function* follow<T, C>(options: FollowOptions<T, C>): AsyncGenerator<T, void, undefined> {
  const { bus, topic, means = () => true, read, cursorOf, isLast, signal } = options
  let after = options.after
  const bell = new Bell(signal)
  const stop = [
    bus.subscribe(topic, (message) => means(message) && bell.ring()),
    bus.onConnected(() => bell.ring()),
  ]
  try {
    while (!signal.aborted) {
      // Silenced before the read, so that a row committed during it rings for the next one.
      bell.silence()
      const lookedAt = performance.now()
      const rows = await read(after, PAGE)
      for (const row of rows) {
        if (signal.aborted) return
        yield row
        after = cursorOf(row)
        if (isLast?.(row)) return
      }
      if (rows.length < PAGE) await bell.heard(options.pollMs ?? pollMs(), lookedAt + BURST_MS)
    }
  } finally {
    for (const unsubscribe of stop) unsubscribe()
  }
}

function pollMs(): number {
  return POLL_MS.least + Math.random() * (POLL_MS.most - POLL_MS.least)
}

/** Remembers that it rang, so that whoever looks away for a moment does not miss it. */
class Bell {
  readonly #signal: AbortSignal
  #rang = false
  #wake: (() => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  ring(): void {
    this.#rang = true
    this.#wake?.()
  }

  silence(): void {
    this.#rang = false
  }

  /** Resolves when it rang or rings, but then not before `earliest`; or after `ms`; or with the signal. */
  async heard(ms: number, earliest: number): Promise<void> {
    if (!this.#rang) await this.#sleep(ms, true)
    const early = earliest - performance.now()
    if (early > 0) await this.#sleep(early, false)
  }

  #sleep(ms: number, wakes: boolean): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#signal.addEventListener('abort', done, { once: true })
      if (wakes) this.#wake = done
    })
  }
}
