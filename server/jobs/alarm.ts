/** Wakes one sleeper: after the time it asked for, or sooner where somebody else asked for that. */
export class Alarm {
  #at = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #ring: (() => void) | undefined

  /** Resolves after `ms`, or earlier by `ringIn`, also one from before the sleep began. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = () => {
        clearTimeout(this.#timer)
        this.#at = Number.POSITIVE_INFINITY
        this.#ring = undefined
        resolve()
      }
      this.#set(Math.min(this.#at, performance.now() + ms))
    })
  }

  /** Has the sleeper wake in `ms` at the latest. */
  ringIn(ms: number): void {
    const at = performance.now() + ms
    if (at >= this.#at) return
    this.#at = at
    if (this.#ring) this.#set(at)
  }

  /** By the clock that only goes forward: setting the host's clock neither wakes nor holds anybody. */
  #set(at: number): void {
    this.#at = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ring?.(), Math.max(0, at - performance.now()))
    this.#timer.unref()
  }
}
