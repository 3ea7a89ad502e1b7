import { randomBytes } from 'node:crypto'
import type { ObjectStore } from '../storage/object-store/object-store.js'
import { BackupError } from './backup-error.js'
import { fingerprintOf, type Opening, type Sealing, suffixOf } from './codec/sealing.js'
import type { Throttle } from './codec/throttle.js'
import { type WritePartOptions, writePart, writeStored } from './codec/write-part.js'
import { dumpDatabase } from './database/dump-database.js'
import type { DatabaseLogin } from './database/open-client.js'
import { openSnapshot } from './database/open-snapshot.js'
import { listBackups } from './list-backups.js'
import type { Manifest } from './manifest.js'
import { backupPrefix, sealManifest, writeManifest } from './manifests.js'
import { readObjectIndex } from './object-index.js'
import { backUpObjects } from './objects/back-up-objects.js'
import type { BackupStore } from './stores/backup-store.js'

/** What a backup is made of, and for whom. */
export interface BackupInput {
  store: BackupStore
  database: DatabaseLogin
  /** Undefined leaves objects out. */
  objects: ObjectStore | undefined
  /** The sealed configuration and secrets, as the command line left them; undefined where there are none. */
  kit: Buffer | undefined
  deployment: Manifest['deployment']
  reason: Manifest['reason']
  sealing: Sealing
  /** Reads the indexes of earlier backups. */
  opening: Opening
  throttle?: Throttle
  jobs?: number
  /** Share of the time that the database is read in; below 1 it leaves the others room. */
  share?: number
  signal?: AbortSignal
  say: (progress: BackupProgress) => void
}

/** How far a backup is. */
export interface BackupProgress {
  step: 'database' | 'objects'
  bytes: number
  /** Estimated where it is not known yet. */
  total_bytes: number
}

/** A backup that is whole, and how much of its objects was new. */
export interface BackupMade {
  manifest: Manifest
  new_objects: number
  new_bytes: number
}

/**
 * Makes a backup while everything goes on: the database of one moment, the objects that were there after it, configuration and
 * secrets. Its manifest is written last, so that whatever ends this before leaves no backup, and a later prune removes the rest.
 */
export async function createBackup(input: BackupInput): Promise<BackupMade> {
  const { store, sealing, signal, throttle } = input
  const snapshot = await openSnapshot(input.database)
  const id = backupId(snapshot.takenAt)
  const options: WritePartOptions = { sealing, throttle, signal }
  try {
    const database = await dumpDatabase({
      snapshot,
      ...(input.jobs && { jobs: input.jobs }),
      ...(input.share && { share: input.share }),
      ...(signal && { signal }),
      writePart: (name, body) =>
        writePart([store], `${backupPrefix(id)}${name}${suffixOf(sealing)}`, body, options),
      onProgress: ({ bytes, total_bytes }) => input.say({ step: 'database', bytes, total_bytes }),
    })
    const objects = await objectsOf(input, id, options)
    const manifest = sealManifest({
      format: 1,
      id,
      created_at: snapshot.takenAt.toISOString(),
      finished_at: new Date().toISOString(),
      deployment: input.deployment,
      reason: input.reason,
      encryption: sealing === 'none' ? 'none' : 'age',
      sealed_for: fingerprintOf(sealing),
      compression: 'zstd',
      database,
      objects: objects && { count: objects.count, bytes: objects.bytes, index: objects.index },
      kit: input.kit ? await writeStored([store], `${backupPrefix(id)}kit.age`, input.kit) : null,
    })
    signal?.throwIfAborted()
    await writeManifest(store, manifest)
    return { manifest, new_objects: objects?.new_count ?? 0, new_bytes: objects?.new_bytes ?? 0 }
  } catch (error) {
    await removeLeftovers(store, id)
    throw signal?.aborted ? cancelled() : error
  } finally {
    await snapshot.close()
  }
}

/** Made after the snapshot: what a row of it names was there by then. */
async function objectsOf(input: BackupInput, id: string, options: WritePartOptions) {
  const { objects, store, opening, jobs, say } = input
  if (objects === undefined) return null
  const [newest] = (await listBackups(store)).complete.filter(({ manifest }) => manifest.objects !== null)
  const isSame = newest?.manifest.sealed_for === fingerprintOf(options.sealing) && options.sealing !== 'none'
  const isPlain = options.sealing === 'none' && newest?.manifest.encryption === 'none'
  const previous = isSame || isPlain ? newest?.manifest.objects : undefined
  return backUpObjects({
    objects,
    stores: [store],
    backup: id,
    ...(previous && {
      previous: readObjectIndex(store, previous.index, opening, options.signal),
      previousBytes: previous.bytes,
    }),
    // What is there is sealed for others: whoever is to read this backup must be able to open all of it.
    renew: newest !== undefined && previous === undefined,
    opening,
    jobs,
    ...options,
    onProgress: ({ bytes, total_bytes }) => say({ step: 'objects', bytes, total_bytes }),
  })
}

function backupId(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${randomBytes(3).toString('hex')}`
}

/** What cannot be removed now, a later prune removes. */
async function removeLeftovers(store: BackupStore, id: string): Promise<void> {
  try {
    for await (const { name } of store.list(backupPrefix(id))) await store.delete(name)
  } catch {
    // The reason why the backup failed is the one to tell.
  }
}

function cancelled(): BackupError {
  return new BackupError({
    code: 'cancelled',
    message: 'The backup was cancelled; what it had written is removed.',
    next: 'Make it again when it suits: vetrai backup create',
  })
}
