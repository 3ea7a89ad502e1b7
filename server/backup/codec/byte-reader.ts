/** Takes exact numbers of bytes from a stream that comes in pieces of any size. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #pieces: Buffer[] = []
  #available = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Bytes that can be taken without waiting. */
  get available(): number {
    return this.#available
  }

  /** Waits until so many bytes can be taken; false when the stream ends before. */
  async fill(bytes: number): Promise<boolean> {
    while (this.#available < bytes) {
      const { done, value } = await this.#source.next()
      if (done) return false
      this.#pieces.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      this.#available += value.byteLength
    }
    return true
  }

  /** The next bytes, which stay. At most `available`. */
  peek(bytes: number): Buffer {
    const [first] = this.#pieces
    if (first === undefined || first.length < bytes) this.#pieces = [Buffer.concat(this.#pieces)]
    return (this.#pieces[0] ?? Buffer.alloc(0)).subarray(0, bytes)
  }

  /** The next bytes. At most `available`. */
  take(bytes: number): Buffer {
    const taken: Buffer[] = []
    let wanted = bytes
    while (wanted > 0) {
      const piece = this.#pieces.shift()
      if (piece === undefined) throw new RangeError('more bytes were taken than there are')
      if (piece.length > wanted) this.#pieces.unshift(piece.subarray(wanted))
      taken.push(piece.subarray(0, wanted))
      wanted -= Math.min(piece.length, wanted)
    }
    this.#available -= bytes
    const [only] = taken
    return taken.length === 1 && only !== undefined ? only : Buffer.concat(taken)
  }

  /** Lets go of the stream; one that is not at its end is destroyed. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
