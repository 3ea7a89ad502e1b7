import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { knownMigrations } from '../storage/known-migrations.js'
import { BackupError } from './backup-error.js'
import { readPart } from './codec/read-part.js'
import type { Opening } from './codec/sealing.js'
import { compareDatabase } from './database/compare-database.js'
import { createScratch } from './database/create-scratch.js'
import { dropDatabase } from './database/drop-database.js'
import { loadDatabase } from './database/load-database.js'
import { migrateTo } from './database/migrate-to.js'
import type { DatabaseLogin } from './database/open-client.js'
import { openSnapshot } from './database/open-snapshot.js'
import { drillDatabase, dropStale } from './drill/drop-stale.js'
import { tryServer } from './drill/try-server.js'
import { unsealKit } from './drill/unseal-kit.js'
import type { Manifest, Part } from './manifest.js'
import type { BackupStore } from './stores/backup-store.js'
import { verifyBackup } from './verify-backup.js'

/** What a drill works with. */
export interface DrillInput {
  store: BackupStore
  manifest: Manifest
  opening: Opening
  /** Who may make a database of its own: no superuser. */
  login: DatabaseLogin
  /** Environment of the server that is started on the restored data. */
  env: NodeJS.ProcessEnv
  jobs?: number
  signal?: AbortSignal
  step: (title: string) => void
  detail: (text: string) => void
}

/** What a drill found. One that finds anything wrong throws that instead. */
export interface DrillReport {
  id: string
  ok: true
  rows: number
  tables: number
  objects: number
  /** What was asked of a server that ran on the restored data. */
  checks: { name: string; ok: boolean; detail: string }[]
  /** Seconds from nothing to a server that answers: what a restore would take, hosts and people left out. */
  recovery_s: number
  seconds: { verify: number; load: number; compare: number; server: number }
}

/**
 * Proves that a backup restores: reads every byte of it, loads it into a database of its own, compares each row with the archive,
 * and has a server of this version answer requests on it. The database is removed whatever comes of it. Throws what is wrong.
 */
export async function drill(input: DrillInput): Promise<DrillReport> {
  const { store, manifest, opening, login, signal, step } = input
  const database = drillDatabase(Date.now(), randomBytes(3).toString('hex'))
  const scratch: DatabaseLogin = { ...login, database }
  const read = (part: Part) => readPart(store, part, { opening, signal })
  const clock = stopwatch()

  step('Read the whole backup')
  const { problems } = await verifyBackup(store, manifest, { opening, signal })
  if (problems[0]) throw new BackupError(problems[0])
  const verify = clock()
  await dropStale(login)
  try {
    step('Restore it to a database of its own')
    await createScratch({ login, name: database, owner: 'vetrai_backup' })
    await migrateTo({ login: scratch, migrations: manifest.database.migrations })
    await loadDatabase({
      login: scratch,
      manifest: manifest.database,
      readPart: read,
      inOrder: true,
      ...(input.jobs && { jobs: input.jobs }),
      ...(signal && { signal }),
      onProgress: ({ rows }) => input.detail(`${rows} rows`),
    })
    const load = clock()
    step('Compare every row with the archive')
    const rows = await compare(scratch, manifest, read)
    const compared = clock()
    step('Have a server answer on it')
    await migrateTo({ login: scratch, migrations: await knownMigrations() })
    const checks = await tryServer({
      env: input.env,
      login: scratch,
      kit: await unsealKit(store, manifest, opening),
    })
    const server = clock()
    return {
      id: manifest.id,
      ok: true,
      checks,
      rows,
      tables: manifest.database.tables.length,
      objects: manifest.objects?.count ?? 0,
      recovery_s: tenths(load + server),
      seconds: {
        verify: tenths(verify),
        load: tenths(load),
        compare: tenths(compared),
        server: tenths(server),
      },
    }
  } finally {
    await dropDatabase({ login, name: database })
  }
}

/** Rows that are equal; throws where one is not. */
async function compare(
  login: DatabaseLogin,
  { id, database }: Manifest,
  read: (part: Part) => Readable,
): Promise<number> {
  const snapshot = await openSnapshot(login)
  try {
    const tables = await compareDatabase({ snapshot, manifest: database, readPart: read })
    const wrong = tables.filter(({ equal }) => !equal)
    if (wrong.length === 0) return tables.reduce((sum, { found }) => sum + found, 0)
    const words = wrong
      .map(({ name, archived, found }) => `${name} (${found} of ${archived} rows)`)
      .join(', ')
    throw new BackupError({
      code: 'drill_differs',
      message: `Restored from ${id}, these tables differ from the backup: ${words}.`,
      next: 'Keep other backups until this is understood, and report it: nothing should be able to cause it.',
    })
  } finally {
    await snapshot.close()
  }
}

/** Seconds since it was asked before. */
function stopwatch(): () => number {
  let last = performance.now()
  return () => {
    const now = performance.now()
    const seconds = (now - last) / 1_000
    last = now
    return seconds
  }
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
