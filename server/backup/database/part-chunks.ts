import type { Taken } from './copy-messages.js'
import { HEADER, TRAILER } from './copy-tuples.js'

const CHUNK_BYTES = 1024 * 1024

/** One part of a COPY, made a whole stream of its own, in chunks of a mebibyte: what a frame of zstd holds. */
export class PartChunks {
  /** Rows so far. */
  rows = 0
  /** Whether the last chunk was given. */
  isWhole = false
  /** Whether the COPY ended with it. */
  isLast = false
  readonly #pieces: AsyncIterator<Taken>
  #data: Buffer
  #isCut = false

  constructor(pieces: AsyncIterator<Taken>, isFirst: boolean) {
    this.#pieces = pieces
    this.#data = isFirst ? Buffer.alloc(0) : HEADER
  }

  /** The next chunk; only the last may be a shorter one. */
  async next(): Promise<Buffer> {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    let size = 0
    while (size < CHUNK_BYTES && (this.#data.length > 0 || (await this.#pull()))) {
      const some = this.#data.subarray(0, CHUNK_BYTES - size)
      chunk.set(some, size)
      size += some.length
      this.#data = this.#data.subarray(some.length)
    }
    return chunk.subarray(0, size)
  }

  async #pull(): Promise<boolean> {
    const next = this.#isCut ? undefined : await this.#pieces.next()
    if (next === undefined || next.done) {
      this.isWhole = true
      this.isLast = next !== undefined
      // The trailer came in a message as well.
      if (this.isLast) this.rows -= 1
      return false
    }
    const { data, messages, rest, isDone } = next.value
    this.rows += messages
    this.#isCut = rest !== undefined && isDone === undefined
    this.#data = this.#isCut ? Buffer.concat([data, TRAILER]) : data
    return true
  }
}
