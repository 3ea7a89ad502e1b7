/** How far work on a database is. */
export interface DatabaseProgress {
  /** The table that moved last. */
  table: string
  /** Rows of all finished parts. */
  rows: number
  /** Bytes so far, before compression. */
  bytes: number
  /** What `bytes` will be about at the end. */
  total_bytes: number
}

export type OnProgress = (progress: DatabaseProgress) => void

const EVERY_MS = 200

/** Adds up what workers do, and tells it a few times a second. */
export class Progress {
  readonly #total: number
  readonly #tell: OnProgress | undefined
  #rows = 0
  #bytes = 0
  #toldAt = 0

  constructor(total: number, tell: OnProgress | undefined) {
    this.#total = total
    this.#tell = tell
  }

  read(table: string, bytes: number): void {
    this.#bytes += bytes
    const now = performance.now()
    if (now - this.#toldAt >= EVERY_MS) this.#say(table, now)
  }

  finished(table: string, rows: number): void {
    this.#rows += rows
    this.#say(table, performance.now())
  }

  #say(table: string, now: number): void {
    this.#toldAt = now
    const total = Math.max(this.#total, this.#bytes)
    this.#tell?.({ table, rows: this.#rows, bytes: this.#bytes, total_bytes: total })
  }
}
