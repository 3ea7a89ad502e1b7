import type { Readable } from 'node:stream'
import pg from 'pg'
import type { DatabaseManifest, Part } from '../manifest.js'
import { checkSchema } from './check-schema.js'
import { databaseFailure } from './database-failure.js'
import { loadTable, wrongCount } from './load-table.js'
import { closeClient, type DatabaseLogin, openClient, withClient } from './open-client.js'
import { type OnProgress, Progress } from './progress.js'
import { runWorkers } from './run-workers.js'
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
    await loadTables(options)
    await makeKeys(options, removed)
    await finish(options, removed)
  } catch (error) {
    options.signal?.throwIfAborted()
    throw databaseFailure(error, 'the database could not be loaded')
  }
}

async function loadTables(options: LoadOptions): Promise<void> {
  const { manifest, readPart } = options
  const sizes = sizesOf(manifest)
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const progress = new Progress(total, options.onProgress)
  const split = manifest.tables.filter(({ parts }) => !options.inOrder && parts.length > 1)
  await withClient(options.login, (client) => empty(client, split))
  const pieces = manifest.tables.flatMap((table) =>
    split.includes(table)
      ? table.parts.map((part) => ({ ...table, rows: part.rows, parts: [part], isWhole: false }))
      : [{ ...table, isWhole: true }],
  )
  const queue = largestFirst(pieces, ({ name }) => name, sizes)
  await inParallel(options, queue, (client, { isWhole, ...table }) =>
    loadTable(client, table, { readPart, progress, isWhole }),
  )
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
async function makeKeys(options: LoadOptions, removed: Removed): Promise<void> {
  const sizes = sizesOf(options.manifest)
  for (const { statements, serial } of removed.steps) {
    const queue = largestFirst(statements, ({ table }) => table, sizes)
    await inParallel(options, queue, (client, { sql }) => client.query(sql), serial ? 1 : undefined)
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

async function finish(options: LoadOptions, removed: Removed): Promise<void> {
  await withClient(options.login, async (client) => {
    for (const { name, value, is_called } of options.manifest.sequences)
      await client.query('select setval($1::regclass, $2::bigint, $3)', [
        `public.${pg.escapeIdentifier(name)}`,
        value,
        is_called,
      ])
    await client.query(removed.last.join(';'))
  })
  const names = options.manifest.tables.map(({ name }) => pg.escapeIdentifier(name))
  await inParallel(options, names, (client, name) => client.query(`analyze public.${name}`))
  // Waits for the disk, and with it for all that the loading sessions did not wait for.
  await withClient(options.login, (client) =>
    client.query('set synchronous_commit = on; begin; select pg_current_xact_id(); commit'),
  )
}

/** Does each piece once, several at a time. */
async function inParallel<T>(
  { login, jobs = 2, signal }: LoadOptions,
  queue: T[],
  work: (client: pg.Client, piece: T) => Promise<unknown>,
  most = jobs,
): Promise<void> {
  await runWorkers({
    workers: Math.min(most, queue.length),
    doing: 'the database could not be loaded',
    signals: [signal],
    open: async () => {
      const client = await openClient(login)
      await client.query(LOADING)
      return client
    },
    work: async (client, stop) => {
      while (!stop.aborted) {
        const piece = queue.shift()
        if (piece === undefined) return
        await work(client, piece)
      }
    },
    close: closeClient,
  })
}
