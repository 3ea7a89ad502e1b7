import { setTimeout as sleep } from 'node:timers/promises'

/** What sockets may hold, which PostgreSQL fills while nobody reads; as much again is read before the next rest. */
const SOCKET_BYTES = 16 * 1024 * 1024
/** Longer rests would not help where it is this process that waits for its turn. */
const LONGEST_REST_MS = 2_000

/** Keeps PostgreSQL at work for one reader a share of the time only: between stretches of reading it rests. */
export class Pace {
  readonly #share: number
  readonly #signal: AbortSignal
  #bytes = 0
  #ms = 0

  /** `share` is above 0 to 1. */
  constructor(share: number, signal: AbortSignal) {
    this.#share = share
    this.#signal = signal
  }

  /** Counts what came from PostgreSQL and how long it took, and rests when it is enough for now. */
  async worked(bytes: number, ms: number): Promise<void> {
    const rest = this.restAfter(bytes, ms)
    if (rest > 0) await sleep(rest, undefined, { signal: this.#signal })
  }

  /** Milliseconds to rest now, which counts as done. */
  restAfter(bytes: number, ms: number): number {
    this.#bytes += bytes
    // What comes before tells nothing of PostgreSQL's speed: it lay ready.
    if (this.#bytes > SOCKET_BYTES) this.#ms += ms
    if (this.#bytes < 2 * SOCKET_BYTES) return 0
    const rest = 2 * this.#ms * (1 / this.#share - 1)
    this.#bytes = 0
    this.#ms = 0
    return Math.min(rest, LONGEST_REST_MS)
  }
}
