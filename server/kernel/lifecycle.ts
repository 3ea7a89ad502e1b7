interface Opened {
  name: string
  close: () => unknown
}

export interface LifecycleOptions {
  /** Milliseconds all closing together may take. */
  graceMs: number
  onError?: (name: string, error: unknown) => void
}

/** Opens resources in order and closes them in reverse, once, whatever happens meanwhile. */
export class Lifecycle {
  readonly #opened: Opened[] = []
  readonly #options: LifecycleOptions
  #closing: Promise<void> | undefined

  constructor(options: LifecycleOptions) {
    this.#options = options
  }

  /** Opens a resource and remembers how to close it. What opened before is closed when this one fails. */
  async open<T>(name: string, open: () => Promise<T> | T, close: (resource: T) => unknown): Promise<T> {
    try {
      const resource = await open()
      this.#opened.push({ name, close: () => close(resource) })
      return resource
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Closes in reverse order; one failing does not keep the others open. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  /** Closes on these signals, then calls `done`; a second signal calls `done` at once. */
  closeOn(signals: readonly NodeJS.Signals[], done: (code: number) => void): void {
    let asked = false
    for (const signal of signals) {
      process.on(signal, () => {
        if (asked) return done(1)
        asked = true
        this.close().then(
          () => done(0),
          () => done(1),
        )
      })
    }
  }

  async #closeAll(): Promise<void> {
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, this.#options.graceMs).unref())
    for (const { name, close } of this.#opened.reverse()) {
      try {
        await Promise.race([close(), deadline])
      } catch (error) {
        this.#options.onError?.(name, error)
      }
    }
  }
}
