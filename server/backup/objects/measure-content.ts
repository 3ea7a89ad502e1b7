import { createHash } from 'node:crypto'
import { BackupError } from '../backup-error.js'
import { open, stored } from '../codec/read-part.js'
import type { Opening } from '../codec/sealing.js'
import type { IndexedObject } from '../object-index.js'
import type { BackupStore } from '../stores/backup-store.js'

/**
 * How a content is stored, where it opens to what its name says; undefined where it does not. Throws where these keys do not
 * open it: it is somebody else's, who would lose it if it was written anew.
 */
export async function measureContent(
  store: BackupStore,
  name: string,
  sha256: string,
  { opening, signal }: { opening: Opening; signal?: AbortSignal | undefined },
): Promise<IndexedObject['stored'] | undefined> {
  const outer = createHash('sha256')
  const inner = createHash('sha256')
  let size = 0
  async function* tapped() {
    for await (const piece of stored(store, name, signal)) {
      outer.update(piece)
      size += piece.length
      yield piece
    }
  }
  try {
    for await (const piece of open(name, tapped(), opening)) inner.update(piece)
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    if (error.code === 'damaged') return undefined
    throw ['wrong_key', 'key_needed'].includes(error.code) ? sealedForOthers(store, name, error) : error
  }
  return inner.digest('hex') === sha256 ? { size, sha256: outer.digest('hex') } : undefined
}

function sealedForOthers(store: BackupStore, name: string, cause: BackupError): BackupError {
  return new BackupError({
    code: 'sealed_for_others',
    message: `${store.name} holds ${name}, sealed for keys that this deployment has not.`,
    next: 'Give this deployment a target, or a prefix in the bucket, of its own; a deployment that was set up anew needs the secrets/backup-key of the old one to go on there.',
    cause,
  })
}
