import type { Readable } from 'node:stream'
import pg from 'pg'
import type { DatabaseManifest, Part } from '../manifest.js'
import { checkSchema } from './check-schema.js'
import { databaseFailure } from './database-failure.js'
import { loadTable, wrongCount } from './load-table.js'
import { closeClient, type DatabaseLogin, openClient, withClient } from './open-client.js'
import { type OnProgress, Progress } from './progress.js'
import { type Piece, runStages, type Stage } from './run-stages.js'
import { type Removed, removeKeys } from './table-keys.js'

export interface LoadOptions {
  /** The new database, as the role that owns it; its schema is that of the manifest's migrations, and nobody else uses it. */
  login: DatabaseLogin
  manifest: DatabaseManifest
  /** The bytes of a part, decrypted and decompressed. */
  readPart: (part: Part) => Readable | Promise<Readable>
  /** Connections that work at the same time. */
  jobs?: number
  /** Keeps the rows of every table in the archive's order, as `compareDatabase` wants it; large tables take longer. */
  inOrder?: boolean
  onProgress?: OnProgress
  signal?: AbortSignal
}

/** A session that only loads: what is lost with the server is loaded anew, and sorting may take memory. */
const LOADING = `set synchronous_commit = off; set maintenance_work_mem = '256MB'; set lock_timeout = 0`

/**
 * Fills a new database with a backup's rows and leaves it as its migrations made it:
 * keys, indexes, triggers and row security are taken away for the time of loading and made again the same. Fails
 * where the rows are not those the manifest counts; a database in which it failed is to be dropped.
 */
export async function loadDatabase(options: LoadOptions): Promise<void> {
  try {
    const removed = await withClient(options.login, async (client) => {
      await checkSchema(client, options.manifest)
      return removeKeys(client)
    })
    await runStages([...rows(options), ...keys(options, removed), ...rest(options, removed)], {
      workers: options.jobs ?? 2,
      doing: 'the database could not be loaded',
      signals: [options.signal],
      open: async () => {
        const client = await openClient(options.login)
        await client.query(LOADING)
        return client
      },
      close: closeClient,
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    throw databaseFailure(error, 'the database could not be loaded')
  }
}

/** All rows. */
function rows(options: LoadOptions): Stage[] {
  const { manifest, readPart } = options
  const sizes = sizesOf(manifest)
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const progress = new Progress(total, options.onProgress)
  const split = manifest.tables.filter(({ parts }) => !options.inOrder && parts.length > 1)
  const pieces = manifest.tables.flatMap((table) =>
    split.includes(table)
      ? table.parts.map((part) => ({ ...table, rows: part.rows, parts: [part], isWhole: false }))
      : [{ ...table, isWhole: true }],
  )
  const queue = largestFirst(pieces, ({ name }) => name, sizes)
  return [
    [(client) => empty(client, split)],
    queue.map(
      ({ isWhole, ...table }) =>
        (client) =>
          loadTable(client, table, { readPart, progress, isWhole }),
    ),
  ]
}

/** Makes room for the parts of tables that several connections fill. */
async function empty(client: pg.Client, tables: DatabaseManifest['tables']): Promise<void> {
  for (const { name, rows, parts } of tables) {
    const counted = parts.reduce((sum, part) => sum + part.rows, 0)
    if (counted !== rows) throw wrongCount(name, rows, counted)
    await client.query(`truncate only public.${pg.escapeIdentifier(name)}`)
  }
}

/** Unique keys and indexes, each on its own; then what stands on them; foreign keys last, checked side by side. */
function keys(options: LoadOptions, { steps }: Removed): Stage[] {
  const sizes = sizesOf(options.manifest)
  return steps.map(({ statements, serial }) => {
    const pieces = largestFirst(statements, ({ table }) => table, sizes).map(({ sql }) => run(sql))
    return serial ? [inTurn(pieces)] : pieces
  })
}

const run =
  (sql: string): Piece =>
  (client) =>
    client.query(sql)

/** Pieces as one. */
function inTurn(pieces: readonly Piece[]): Piece {
  return async (client) => {
    for (const piece of pieces) await piece(client)
  }
}

/** Bytes of each table's rows. */
function sizesOf({ tables }: DatabaseManifest): Map<string, number> {
  return new Map(
    tables.map(({ name, parts }) => [name, parts.reduce((sum, part) => sum + part.plain_size, 0)]),
  )
}

/** In the order that ends soonest: what takes longest does not begin last. */
function largestFirst<T>(
  pieces: readonly T[],
  tableOf: (piece: T) => string,
  sizes: Map<string, number>,
): T[] {
  const sizeOf = (piece: T) => sizes.get(tableOf(piece)) ?? 0
  return [...pieces].sort((a, b) => sizeOf(b) - sizeOf(a))
}

/** Sequences and all that acts on rows by itself, statistics, and the disk. */
function rest({ manifest }: LoadOptions, { last }: Removed): Stage[] {
  const sequences: Piece = async (client) => {
    for (const { name, value, is_called } of manifest.sequences)
      await client.query('select setval($1::regclass, $2::bigint, $3)', [
        `public.${pg.escapeIdentifier(name)}`,
        value,
        is_called,
      ])
  }
  return [
    [inTurn([sequences, run(last.join(';'))])],
    manifest.tables.map(({ name }) => run(`analyze public.${pg.escapeIdentifier(name)}`)),
    // Waits for the disk, and with it for all that the sessions did not wait for.
    [run('set synchronous_commit = on; begin; select pg_current_xact_id(); commit')],
  ]
}
