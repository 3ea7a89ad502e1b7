import { BackupError } from './backup-error.js'
import type { Manifest } from './manifest.js'
import { manifestName, readManifest } from './manifests.js'
import type { BackupStore } from './stores/backup-store.js'

/** A backup whose manifest is there and whole. */
export interface CompleteBackup {
  readonly manifest: Manifest
  /** Bytes of its own files as stored, the objects it shares with others left out. */
  readonly bytes: number
}

/** Files without a manifest: a run that goes on, or what is left of one that did not end. */
export interface IncompleteBackup {
  readonly id: string
  readonly bytes: number
  readonly files: number
  /** When a file was added last. */
  readonly touchedAt: Date
}

/** A manifest that is there and cannot be used, such as one of a newer format. */
export interface UnreadableBackup {
  readonly id: string
  readonly bytes: number
  readonly error: BackupError
}

export interface BackupList {
  /** Newest first. */
  readonly complete: readonly CompleteBackup[]
  readonly incomplete: readonly IncompleteBackup[]
  readonly unreadable: readonly UnreadableBackup[]
}

/** What a store holds. Whatever else lies in it does no harm; only a store that cannot be read at all is an error. */
export async function listBackups(store: BackupStore): Promise<BackupList> {
  const complete: CompleteBackup[] = []
  const incomplete: IncompleteBackup[] = []
  const unreadable: UnreadableBackup[] = []
  for (const { hasManifest, id, bytes, files, touchedAt } of await findFolders(store)) {
    if (!hasManifest) {
      incomplete.push({ id, bytes, files, touchedAt })
      continue
    }
    try {
      complete.push({ manifest: await readManifest(store, id), bytes })
    } catch (error) {
      if (!(error instanceof BackupError) || error.code === 'store_unavailable') throw error
      // Pruned between the two looks: it is gone, or about to be.
      if (error.code !== 'not_found') unreadable.push({ id, bytes, error })
    }
  }
  complete.sort((a, b) => newerFirst(a.manifest, b.manifest))
  return { complete, incomplete, unreadable }
}

interface Folder {
  id: string
  hasManifest: boolean
  bytes: number
  files: number
  touchedAt: Date
}

async function findFolders(store: BackupStore): Promise<Folder[]> {
  const folders = new Map<string, Folder>()
  for await (const { name, size, modifiedAt } of store.list('backups/')) {
    const [, id] = /^backups\/(\d{8}T\d{6}Z-[0-9a-f]{6})\/./.exec(name) ?? []
    if (id === undefined) continue
    const folder = folders.get(id) ?? { id, hasManifest: false, bytes: 0, files: 0, touchedAt: new Date(0) }
    folder.bytes += size
    folder.files += 1
    if (name === manifestName(id)) folder.hasManifest = true
    if (modifiedAt > folder.touchedAt) folder.touchedAt = modifiedAt
    folders.set(id, folder)
  }
  return [...folders.values()]
}

function newerFirst(a: Manifest, b: Manifest): number {
  return Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? 1 : -1)
}
