import { randomBytes, randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import type { SealedColumn } from '../../kernel/sealed-column.js'
import { knownMigrations } from '../../storage/known-migrations.js'
import { readPart } from '../codec/read-part.js'
import type { Opening } from '../codec/sealing.js'
import { createScratch } from '../database/create-scratch.js'
import { dropDatabase } from '../database/drop-database.js'
import { loadDatabase } from '../database/load-database.js'
import { migrateTo } from '../database/migrate-to.js'
import { type DatabaseLogin, openClient } from '../database/open-client.js'
import { unsealKit } from '../drill/unseal-kit.js'
import type { Manifest } from '../manifest.js'
import type { BackupStore } from '../stores/backup-store.js'
import type { ArchiveSource } from './archive-reader.js'
import { type ExportSource, exportTenant } from './export-tenant.js'
import { openSecrets } from './open-secrets.js'
import { backedUpObjects } from './tenant-objects.js'

export interface BackupSourceOptions {
  readonly store: BackupStore
  readonly manifest: Manifest
  readonly opening: Opening
  /** Who makes the scratch database: vetrai_backup, which may. */
  readonly backupLogin: DatabaseLogin
  readonly systemLogin: DatabaseLogin
  /** Master secrets of this installation, where the backup has none of its own. */
  readonly master: string | undefined
  readonly previous: string | undefined
  readonly sealed: readonly SealedColumn[]
  /** Slug or id, as it was in the backup. */
  readonly slug: string
  readonly signal?: AbortSignal
  step(text: string): void
  detail(text: string): void
}

/**
 * Runs `work` with an archive of one tenant out of a full backup: the backup is loaded into a database of its own, at its
 * own schema and then this version's, and read from there. The archive is made anew each time it is read and lies
 * nowhere; the database is dropped whatever comes of it.
 */
export async function withTenantOfBackup<T>(
  options: BackupSourceOptions,
  work: (archive: ArchiveSource) => Promise<T>,
): Promise<T> {
  const { backupLogin, manifest } = options
  const database = `vetrai_tenant_${Date.now().toString(36)}_${randomBytes(3).toString('hex')}`
  try {
    await load(options, database)
    const source = await sourceIn(options, database)
    const stamp = { id: randomUUID(), createdAt: manifest.created_at }
    const open = () => {
      const out = new PassThrough()
      exportTenant(source, { slug: options.slug, to: {}, out, stamp, inMemory: true }).catch((error: Error) =>
        out.destroy(error),
      )
      return out
    }
    return await work({ open, keys: {} })
  } finally {
    await dropDatabase({ login: backupLogin, name: database })
  }
}

async function load(options: BackupSourceOptions, database: string): Promise<void> {
  const { backupLogin, store, manifest, opening, signal } = options
  const scratch: DatabaseLogin = { ...backupLogin, database }
  options.step(`Load ${manifest.id} beside the living database`)
  await createScratch({ login: backupLogin, name: database, owner: 'vetrai_backup' })
  await migrateTo({ login: scratch, migrations: manifest.database.migrations })
  await loadDatabase({
    login: scratch,
    manifest: manifest.database,
    readPart: (part) => readPart(store, part, { opening, ...(signal && { signal }) }),
    ...(signal && { signal }),
    onProgress: ({ rows }) => options.detail(`${rows} rows`),
  })
  await migrateTo({ login: scratch, migrations: await knownMigrations() })
}

async function sourceIn(options: BackupSourceOptions, database: string): Promise<ExportSource> {
  const { store, manifest, opening, sealed } = options
  const login: DatabaseLogin = { ...options.systemLogin, database }
  // The secret may have been replaced since: the backup has the one of its time.
  const kit = manifest.kit ? await unsealKit(store, manifest, opening) : undefined
  const master = kit?.secrets['master-key']?.trim() ?? options.master
  return {
    connectSystem: () => openClient(login),
    secrets: await openSecrets({ login, master, previous: kit ? undefined : options.previous, sealed }),
    sealed,
    objects: backedUpObjects(store, manifest, opening),
    step: options.detail,
  }
}
