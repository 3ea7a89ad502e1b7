import { Readable } from 'node:stream'
import pg from 'pg'
import { type CopyToStreamQuery, to } from 'pg-copy-streams'
import { CopyMessages, type Taken } from './copy-messages.js'
import type { Pace } from './pace.js'
import { PartChunks } from './part-chunks.js'

/** One binary COPY … TO STDOUT that is under way. */
export interface CopyOut {
  /** Its rows as whole streams, one after the other: each is to be read to its end before the next. */
  readonly parts: AsyncIterable<CopyPart>
  /** Rows by the command's tag, once all parts were read. */
  rows(): Promise<number>
  /** What ended it early on PostgreSQL's side. */
  readonly failure: Error | undefined
  /** Gives up what was not read. */
  stop(): void
}

/** A binary COPY stream of some of the rows, in chunks that are worth compressing. */
export interface CopyPart {
  readonly body: Readable
  /** Rows in it, once it was read to its end. */
  readonly rows: number
}

export interface CopiedTable {
  name: string
  columns: readonly string[]
}

export interface CopyOutOptions {
  /** A part ends with the row that makes it as large; without it there is one. */
  partBytes?: number
  /** Told of each chunk as it comes. */
  onBytes?: (bytes: number) => void
  pace?: Pace
}

/** Pieces from the socket, of up to 64 KiB each, that wait to be taken. */
const PIECES = 4

/**
 * Starts a COPY of a table's rows, in their order, on a connection that is free. It reads the table from one end to the other, in the
 * few buffers that PostgreSQL takes for that: reading ranges of its pages takes twice the time and all of the server's cache.
 */
export function copyOut(client: pg.Client, table: CopiedTable, options: CopyOutOptions = {}): CopyOut {
  const columns = table.columns.map(pg.escapeIdentifier).join(', ')
  const sql = `copy (select ${columns} from only public.${pg.escapeIdentifier(table.name)}) to stdout (format binary)`
  const copy = client.query(withoutPieces(to(sql, { objectMode: true, highWaterMark: PIECES }), options))
  let failure: Error | undefined
  copy.on('error', (error) => {
    failure ??= error
  })
  return {
    parts: partsOf(copy[Symbol.asyncIterator](), options),
    rows: async () => {
      // The tag comes after the last byte; the next statement's answer comes after the tag.
      await client.query('')
      return copy.rowCount
    },
    get failure() {
      return failure
    },
    stop: () => copy.destroy(),
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
function withoutPieces(copy: CopyToStreamQuery, { partBytes }: CopyOutOptions): CopyToStreamQuery {
  const parsing = copy as unknown as Parsing
  const messages = new CopyMessages(partBytes)
  parsing._parse = (piece) => {
    let taken = messages.take(piece)
    let wantsMore = copy.push(taken)
    while (taken.rest && taken.isDone === undefined) {
      taken = messages.take(taken.rest)
      wantsMore = copy.push(taken)
    }
    if (!taken.rest) return wantsMore
    parsing._buffer.push(taken.rest)
    parsing._detach()
    if (!taken.isDone) return undefined
    copy.push(null)
    parsing._cleanup()
    return wantsMore
  }
  return copy
}

async function* partsOf(pieces: AsyncIterator<Taken>, options: CopyOutOptions): AsyncGenerator<CopyPart> {
  for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
    const chunks = new PartChunks(pieces, isFirst)
    yield {
      body: Readable.from(paced(chunks, options)),
      get rows() {
        return chunks.rows
      },
    }
    isLast = chunks.isLast || !chunks.isWhole
  }
}

async function* paced(chunks: PartChunks, { onBytes, pace }: CopyOutOptions): AsyncGenerator<Buffer> {
  while (!chunks.isWhole) {
    const began = performance.now()
    const chunk = await chunks.next()
    onBytes?.(chunk.length)
    // Without the time in which whoever takes it wants no more: PostgreSQL waits as well.
    await pace?.worked(chunk.length, performance.now() - began)
    if (chunk.length > 0) yield chunk
  }
}
