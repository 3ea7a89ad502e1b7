import { BackupError } from './backup-error.js'
import type { Opening } from './codec/sealing.js'
import type { Manifest } from './manifest.js'
import { type IndexedObject, objectName, readObjectIndex } from './object-index.js'
import type { BackupStore } from './stores/backup-store.js'

/** A content that a backup has among the shared objects. */
export interface BackupObject {
  /** In the store. */
  readonly name: string
  readonly object: IndexedObject
}

/** The shared objects of a backup, each content once; throws `key_needed` where the index is sealed and nothing opens it. */
export async function* backupObjects(
  store: BackupStore,
  manifest: Manifest,
  opening: Opening | undefined,
  signal?: AbortSignal,
): AsyncGenerator<BackupObject> {
  if (manifest.objects === null) return
  // The raw bytes of a digest: a third of the memory of what is written of it.
  const seen = new Set<string>()
  for await (const object of readObjectIndex(store, manifest.objects.index, opening ?? 'none', signal)) {
    const digest = Buffer.from(object.sha256, 'hex').toString('latin1')
    if (seen.has(digest)) continue
    seen.add(digest)
    yield { name: objectName(object.sha256, manifest.encryption), object }
  }
}

/** Tells whether an error says that there is no key, or another one. */
export function isKeyMissing(error: unknown): boolean {
  return error instanceof BackupError && ['key_needed', 'wrong_key'].includes(error.code)
}
