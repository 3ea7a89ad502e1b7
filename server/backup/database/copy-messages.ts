const COPY_DATA = 0x64
const COPY_DONE = 0x63
const ERROR_RESPONSE = 0x45
/** Kind and length of a message. */
const HEAD_BYTES = 5
/** Below this, a loop moves bytes faster than a call does. */
const FEW_BYTES = 48

/** What one piece from the socket held. */
export interface Taken {
  /** The data of its COPY messages; lies in the piece's own memory. */
  data: Buffer
  /** Bytes from here on belong to whoever reads after the COPY; undefined while it goes on. */
  rest?: Buffer
  /** Whether the COPY came to its end; otherwise what follows is an error. */
  isDone?: boolean
}

/**
 * Takes the data out of the messages of a COPY … TO STDOUT. There is one message a row: it is moved together in place,
 * since a buffer for each would cost most of the time and the memory that a dump takes.
 */
export class CopyMessages {
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headBytes = 0
  #left = 0
  #isData = false

  take(piece: Buffer): Taken {
    let [read, write] = [0, 0]
    while (read < piece.length) {
      if (this.#left > 0) {
        const size = Math.min(this.#left, piece.length - read)
        if (this.#isData) {
          move(piece, write, read, size)
          write += size
        }
        read += size
        this.#left -= size
        continue
      }
      // An error is left whole to whoever reads on.
      if (this.#headBytes === 0 && piece[read] === ERROR_RESPONSE)
        return { data: piece.subarray(0, write), rest: piece.subarray(read), isDone: false }
      const missing = Math.min(HEAD_BYTES - this.#headBytes, piece.length - read)
      this.#headBytes += piece.copy(this.#head, this.#headBytes, read, read + missing)
      read += missing
      if (this.#headBytes < HEAD_BYTES) break
      this.#headBytes = 0
      this.#left = this.#head.readInt32BE(1) - 4
      this.#isData = this.#head[0] === COPY_DATA
      if (this.#head[0] === COPY_DONE)
        return { data: piece.subarray(0, write), rest: piece.subarray(read), isDone: true }
    }
    return { data: piece.subarray(0, write) }
  }
}

function move(piece: Buffer, to: number, from: number, size: number): void {
  if (size >= FEW_BYTES) piece.copyWithin(to, from, from + size)
  else for (let index = 0; index < size; index++) piece[to + index] = piece[from + index] as number
}
