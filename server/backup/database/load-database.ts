import type { Readable } from 'node:stream'
import pg from 'pg'
import type { DatabaseManifest, Part } from '../manifest.js'
import { checkSchema } from './check-schema.js'
import { databaseFailure } from './database-failure.js'
import { loadTable } from './load-table.js'
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
  onProgress?: OnProgress
  signal?: AbortSignal
}

/** A session that only loads: what is lost with the server is loaded anew, and sorting may take memory. */
const LOADING = `set synchronous_commit = off; set maintenance_work_mem = '256MB'; set lock_timeout = 0`

/**
 * Fills a new database with a backup's rows, in the order they have there, and leaves it as its migrations made it:
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
  const sizeOf = ({ parts }: { parts: Part[] }) => parts.reduce((sum, part) => sum + part.plain_size, 0)
  const queue = [...manifest.tables].sort((a, b) => sizeOf(b) - sizeOf(a))
  const total = manifest.tables.reduce((sum, table) => sum + sizeOf(table), 0)
  const progress = new Progress(total, options.onProgress)
  await inParallel(options, queue, (client, table) => loadTable(client, table, { readPart, progress }))
}

/** Unique keys and indexes, each on its own; then what stands on them; foreign keys last, checked side by side. */
async function makeKeys(options: LoadOptions, removed: Removed): Promise<void> {
  const run = (client: pg.Client, statement: string) => client.query(statement)
  for (const { statements, serial } of removed.steps)
    await inParallel(options, [...statements], run, serial ? 1 : undefined)
}

async function finish(options: LoadOptions, removed: Removed): Promise<void> {
  await withClient(options.login, async (client) => {
    for (const { name, value, is_called } of options.manifest.sequences)
      await client.query('select setval($1::regclass, $2::bigint, $3)', [
        `public.${pg.escapeIdentifier(name)}`,
        value,
        is_called,
      ])
    for (const statement of removed.last) await client.query(statement)
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
