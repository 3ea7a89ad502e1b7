const COPY_DATA = 0x64
const COPY_DONE = 0x63
const ERROR_RESPONSE = 0x45
/** Kind and length of a message. */
const HEAD_BYTES = 5
/** Below this, a loop moves bytes faster than a call does. */
const FEW_BYTES = 48

/** What one piece from the socket held, up to the end of a part. */
export interface Taken {
  /** The data of its COPY messages; lies in the piece's own memory. */
  data: Buffer
  /** COPY messages that ended in it: rows, and one for the trailer. */
  messages: number
  /** Bytes that were not taken: the next part's, or those of whoever reads after the COPY. */
  rest?: Buffer
  /** Whether the COPY came to its end; otherwise what follows is an error. Undefined while it goes on. */
  isDone?: boolean
}

/**
 * Takes the data out of the messages of a COPY … TO STDOUT and stops between two of them once a part is large enough. There is one
 * message a row: it is moved together in place, since a buffer for each would cost most of the time and the memory that a dump takes.
 */
export class CopyMessages {
  readonly #partBytes: number
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headBytes = 0
  #left = 0
  #isData = false
  #taken = 0

  constructor(partBytes = Number.POSITIVE_INFINITY) {
    this.#partBytes = partBytes
  }

  take(piece: Buffer): Taken {
    let [read, write, messages] = [0, 0, 0]
    const taken = (): Taken => ({ data: piece.subarray(0, write), messages })
    while (read < piece.length) {
      if (this.#headBytes < HEAD_BYTES) {
        // An error is left whole to whoever reads on.
        if (this.#headBytes === 0 && piece[read] === ERROR_RESPONSE)
          return { ...taken(), rest: piece.subarray(read), isDone: false }
        read = this.#readHead(piece, read)
        if (this.#headBytes < HEAD_BYTES) break
        if (this.#head[0] === COPY_DONE) return { ...taken(), rest: piece.subarray(read), isDone: true }
      }
      const size = Math.min(this.#left, piece.length - read)
      if (this.#isData) {
        move(piece, write, read, size)
        write += size
      }
      read += size
      this.#left -= size
      if (this.#left > 0) break
      this.#headBytes = 0
      if (!this.#isData) continue
      messages += 1
      if (this.#taken + write < this.#partBytes) continue
      this.#taken = 0
      return { ...taken(), rest: piece.subarray(read) }
    }
    this.#taken += write
    return taken()
  }

  /** Answers where it ends, or the end of the piece. */
  #readHead(piece: Buffer, from: number): number {
    const head = this.#head
    let at = from
    while (this.#headBytes < HEAD_BYTES && at < piece.length) head[this.#headBytes++] = piece[at++] as number
    if (this.#headBytes === HEAD_BYTES) {
      this.#isData = head[0] === COPY_DATA
      this.#left = head.readInt32BE(1) - 4
    }
    return at
  }
}

function move(piece: Buffer, to: number, from: number, size: number): void {
  if (size >= FEW_BYTES) piece.copyWithin(to, from, from + size)
  else for (let index = 0; index < size; index++) piece[to + index] = piece[from + index] as number
}
