import { setTimeout as sleep } from 'node:timers/promises'

/** Read at a stretch: several times what sockets hold, which PostgreSQL fills while nobody reads. */
const STRETCH_BYTES = 32 * 1024 * 1024

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

  /** Counts what PostgreSQL gave in this time, and rests when it is enough for now. */
  async worked(bytes: number, ms: number): Promise<void> {
    this.#bytes += bytes
    this.#ms += ms
    if (this.#share === 1 || this.#bytes < STRETCH_BYTES) return
    const pause = this.#ms * (1 / this.#share - 1)
    this.#bytes = 0
    this.#ms = 0
    await sleep(pause, undefined, { signal: this.#signal })
  }
}
