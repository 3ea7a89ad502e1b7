import type { Manifest } from '../manifest.js'
import { partsOf } from '../manifests.js'
import { readVerified } from '../note-verified.js'
import type { BackupStore } from '../stores/backup-store.js'

/** A backup on one line. */
export interface Summary {
  id: string
  created_at: string
  reason: Manifest['reason']
  targets: string[]
  version: string
  encryption: Manifest['encryption']
  /** Of its own files as stored; objects that backups share are left out. */
  bytes: number
  plain_bytes: number
  rows: number
  tables: number
  objects: number | null
  verified_at: string | null
}

/** Sums a backup up. */
export async function summaryOf(store: BackupStore, manifest: Manifest): Promise<Summary> {
  const { id, created_at, reason, encryption, deployment, objects } = manifest
  return {
    ...{ id, created_at, reason, targets: [store.name] },
    version: deployment.version,
    encryption,
    ...sizes(manifest),
    objects: objects?.count ?? null,
    verified_at: (await readVerified(store, id))?.at ?? null,
  }
}

/** What a backup holds, in figures. */
export function sizes(manifest: Manifest) {
  const parts = partsOf(manifest)
  const { tables } = manifest.database
  return {
    bytes: parts.reduce((sum, { size }) => sum + size, 0),
    plain_bytes: parts.reduce((sum, { plain_size: size }) => sum + size, 0),
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    tables: tables.length,
  }
}
