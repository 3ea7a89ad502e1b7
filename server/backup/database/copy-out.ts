import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'
import type pg from 'pg'
import { type CopyToStreamQuery, to } from 'pg-copy-streams'
import { CopyMessages } from './copy-messages.js'

/** One COPY … TO STDOUT that is under way. */
export interface CopyOut {
  /** The bytes, in chunks that are worth compressing. */
  readonly body: Readable
  /** Rows by the command's tag, once the body was read to its end. */
  readonly rows: Promise<number>
  /** What ended it early on PostgreSQL's side. */
  readonly failure: Error | undefined
}

const CHUNK_BYTES = 256 * 1024

export interface CopyOutOptions {
  /** Told of each chunk as it comes. */
  onBytes?: (bytes: number) => void
  /** Share of the time in which it reads, above 0 to 1: what is left belongs to others on PostgreSQL's machine. */
  share?: number
}

/** Starts a COPY on a connection that is free. */
export function copyOut(client: pg.Client, sql: string, options: CopyOutOptions = {}): CopyOut {
  const copy = client.query(withoutPieces(to(sql, { highWaterMark: CHUNK_BYTES })))
  const body = new Coalesce(options)
  let failure: Error | undefined
  copy.on('error', (error) => {
    failure ??= error
  })
  const rows = new Promise<number>((resolve, reject) => {
    pipeline(copy, body, (error) => {
      if (error) reject(error)
      // The tag comes after the last byte; the next statement's answer comes after the tag.
      else client.query('').then(() => resolve(copy.rowCount), reject)
    })
  })
  return {
    body,
    rows,
    get failure() {
      return failure
    },
  }
}

/** The parts of pg-copy-streams that read a socket; a test goes through every way a message can be cut. */
interface Parsing {
  _parse(piece: Buffer): boolean | undefined
  _detach(): void
  _cleanup(): void
  _buffer: { push(bytes: Buffer): void }
}

/** Has a COPY take its data out of messages without a buffer for each of them. */
function withoutPieces(copy: CopyToStreamQuery): CopyToStreamQuery {
  const parsing = copy as unknown as Parsing
  const messages = new CopyMessages()
  parsing._parse = (piece) => {
    const { data, rest, isDone } = messages.take(piece)
    const wantsMore = data.length > 0 ? copy.push(data) : true
    if (!rest) return wantsMore
    parsing._buffer.push(rest)
    parsing._detach()
    if (!isDone) return undefined
    copy.push(null)
    parsing._cleanup()
    return wantsMore
  }
  return copy
}

/** Pauses shorter than this are saved up: timers are no finer. */
const LEAST_PAUSE_MS = 10

/** Joins the small pieces that come from a socket into chunks of a quarter of a mebibyte, and rests between them. */
class Coalesce extends Transform {
  readonly #onBytes: ((bytes: number) => void) | undefined
  readonly #share: number
  #pieces: Buffer[] = []
  #size = 0
  #readSince = performance.now()

  constructor({ onBytes, share = 1 }: CopyOutOptions) {
    super({ readableHighWaterMark: CHUNK_BYTES, writableHighWaterMark: CHUNK_BYTES })
    this.#onBytes = onBytes
    this.#share = share
  }

  override _transform(piece: Buffer, _encoding: string, done: TransformCallback): void {
    this.#pieces.push(piece)
    this.#size += piece.length
    if (this.#size < CHUNK_BYTES) done()
    else {
      this.#pass()
      this.#rest(done)
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#size > 0) this.#pass()
    done()
  }

  #pass(): void {
    this.push(Buffer.concat(this.#pieces, this.#size))
    this.#onBytes?.(this.#size)
    this.#pieces = []
    this.#size = 0
  }

  /** PostgreSQL stops by itself once the socket is full, and uses neither processor nor disk. */
  #rest(done: TransformCallback): void {
    const pause = (performance.now() - this.#readSince) * (1 / this.#share - 1)
    const readOn = () => {
      this.#readSince = performance.now()
      done()
    }
    if (pause < LEAST_PAUSE_MS) done()
    else setTimeout(readOn, pause)
  }
}
