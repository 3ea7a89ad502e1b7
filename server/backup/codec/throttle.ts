import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes that may run ahead of the rate, in time: short waits are not worth a timer. */
const AHEAD_MS = 50

/** Holds all that share it to so many bytes a second together. */
export class Throttle {
  readonly #bytesPerMs: number
  /** When all that was let through is paid for. */
  #paidAt = 0

  constructor(bytesPerSecond: number) {
    if (!(bytesPerSecond > 0)) throw new RangeError('bytesPerSecond must be positive')
    this.#bytesPerMs = bytesPerSecond / 1000
  }

  /** Waits for the turn of these bytes. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now()
    const turn = Math.max(this.#paidAt, now)
    this.#paidAt = turn + bytes / this.#bytesPerMs
    if (turn - now > AHEAD_MS) await sleep(turn - now, undefined, signal === undefined ? {} : { signal })
  }
}
