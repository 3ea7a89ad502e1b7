import type { Readable } from 'node:stream'
import type pg from 'pg'
import type { DatabaseManifest, Part } from '../manifest.js'
import { copyOut } from './copy-out.js'
import { copyTuples } from './copy-tuples.js'
import { databaseFailure } from './database-failure.js'
import { closeClient, cutClient } from './open-client.js'
import type { Snapshot } from './open-snapshot.js'
import { type OnProgress, Progress } from './progress.js'
import { sameBytes } from './same-bytes.js'

export interface CompareOptions {
  /** The database that the backup was loaded into, before anyone else wrote to it. */
  snapshot: Snapshot
  manifest: DatabaseManifest
  /** The bytes of a part, decrypted and decompressed. */
  readPart: (part: Part) => Readable | Promise<Readable>
  onProgress?: OnProgress
  signal?: AbortSignal
}

export interface TableComparison {
  name: string
  /** Rows that the manifest counts. */
  archived: number
  /** Rows that the database gave. */
  found: number
  equal: boolean
}

/** Compares, byte for byte and row for row in their order, what a database holds with the backup it was loaded from. */
export async function compareDatabase(options: CompareOptions): Promise<TableComparison[]> {
  const { snapshot, manifest, signal } = options
  const total = manifest.tables.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.plain_size, 0)
  const progress = new Progress(total, options.onProgress)
  const stop = AbortSignal.any([snapshot.lost, ...(signal ? [signal] : [])])
  const client = await snapshot.join()
  const cut = () => cutClient(client)
  stop.addEventListener('abort', cut, { once: true })
  try {
    const compared: TableComparison[] = []
    for (const table of manifest.tables) compared.push(await compareTable(client, table, options, progress))
    return compared
  } catch (error) {
    stop.throwIfAborted()
    throw databaseFailure(error, 'the database could not be compared with the backup')
  } finally {
    stop.removeEventListener('abort', cut)
    await closeClient(client)
  }
}

async function compareTable(
  client: pg.Client,
  table: DatabaseManifest['tables'][number],
  { readPart }: CompareOptions,
  progress: Progress,
): Promise<TableComparison> {
  const copy = copyOut(client, table, { onBytes: (bytes) => progress.read(table.name, bytes) })
  async function* found() {
    for await (const { body } of copy.parts) yield* copyTuples(body)
  }
  async function* archived() {
    for (const part of table.parts) yield* copyTuples(await readPart(part))
  }
  const living = found()
  const same = await sameBytes(living, archived())
  // What is left is read to its end, so that the count is the table's and the connection is free.
  for await (const _ of living);
  const rows = await copy.rows()
  progress.finished(table.name, rows)
  return { name: table.name, archived: table.rows, found: rows, equal: same && rows === table.rows }
}
