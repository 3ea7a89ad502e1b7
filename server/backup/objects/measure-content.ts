import { createHash } from 'node:crypto'
import { BackupError } from '../backup-error.js'
import { open, stored } from '../codec/read-part.js'
import type { Opening } from '../codec/sealing.js'
import type { IndexedObject } from '../object-index.js'
import type { BackupStore } from '../stores/backup-store.js'

/** What says that a content is of no use, rather than that it cannot be read now. */
const USELESS = ['damaged', 'wrong_key', 'key_needed']

/** How a content is stored, where it opens to what its name says; undefined where it does not, or not with these keys. */
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
    if (error instanceof BackupError && USELESS.includes(error.code)) return undefined
    throw error
  }
  return inner.digest('hex') === sha256 ? { size, sha256: outer.digest('hex') } : undefined
}
