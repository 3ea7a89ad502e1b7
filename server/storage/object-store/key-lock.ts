/** Runs work on one key after the other, and on different keys at once; keeps nothing when idle. */
export class KeyLock {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs `work` once every earlier work on this key has settled. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    const tail = mine.catch(() => {})
    this.#tails.set(key, tail)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
