import type { ObjectStore } from '../../storage/object-store/object-store.js'
import { BackupError } from '../backup-error.js'
import type { Opening } from '../codec/sealing.js'
import type { Manifest } from '../manifest.js'
import { type IndexedObject, readObject } from '../object-index.js'
import type { BackupStore } from '../stores/backup-store.js'
import { inOrder } from './in-order.js'
import { isObjectAsIndexed } from './is-object-as-indexed.js'
import { joinByKey } from './join-by-key.js'
import { type ListedObject, liveObjects } from './live-objects.js'

/** What says that a target does not hold a content as it should, rather than that it cannot be read now. */
const USELESS = ['damaged', 'not_found']
/** Keys named in the error that tells of objects that could not be had back. */
const NAMED = 5

export interface RestoredObjects {
  /** Objects looked at, and their bytes. */
  readonly count: number
  readonly bytes: number
  /** Objects that were missing or others, and their bytes. */
  readonly restored_count: number
  readonly restored_bytes: number
  /** Objects that the backup does not know, and that were removed. */
  readonly pruned_count: number
}

export interface RestoreObjectsOptions {
  readonly objects: ObjectStore
  readonly store: BackupStore
  /** As the manifest says. */
  readonly encryption: Manifest['encryption']
  /** Lines of the index of the backup, in its order. */
  readonly index: AsyncIterable<IndexedObject>
  readonly opening: Opening
  /** `all`, or which keys are put back; others are left alone. */
  readonly mode: 'all' | ((key: string) => boolean)
  /** Removes objects that the backup does not know, so that exactly its state is there. */
  readonly prune?: boolean | undefined
  /** Objects put back at the same time. */
  readonly jobs?: number | undefined
  readonly onProgress?: ((progress: RestoredObjects) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Puts back the objects of a backup that are missing or others, each whole and with its type and metadata, after its
 * hash was checked. What is there already is not written again, so that a restore that was cut off goes on where it
 * was. Objects that cannot be had from the target do not keep the others from being put back; they are told of at
 * the end, by an error.
 */
export async function restoreObjects(options: RestoreObjectsOptions): Promise<RestoredObjects> {
  const { jobs = 4, onProgress, signal } = options
  const done = { count: 0, bytes: 0, restored_count: 0, restored_bytes: 0, pruned_count: 0 }
  const lost: string[] = []
  for await (const { step, key, size } of inOrder(pairs(options), jobs, (pair) => mend(options, pair))) {
    signal?.throwIfAborted()
    if (step === 'pruned') done.pruned_count += 1
    else {
      done.count += 1
      done.bytes += size
    }
    if (step === 'restored') {
      done.restored_count += 1
      done.restored_bytes += size
    }
    if (step === 'lost') lost.push(key)
    onProgress?.({ ...done })
  }
  if (lost.length > 0) throw lostObjects(lost)
  return done
}

interface Pair {
  readonly live: ListedObject | undefined
  readonly wanted: IndexedObject | undefined
}

interface Mended {
  readonly step: 'same' | 'restored' | 'pruned' | 'lost'
  readonly key: string
  readonly size: number
}

async function* pairs({ objects, index, mode, prune, signal }: RestoreObjectsOptions): AsyncGenerator<Pair> {
  const isAsked = (key: string) => mode === 'all' || mode(key)
  for await (const { left: live, right: wanted } of joinByKey(liveObjects(objects, signal), index)) {
    if (!wanted && !prune) continue
    if (isAsked((wanted ?? live)?.key ?? '')) yield { live, wanted }
  }
}

async function mend(options: RestoreObjectsOptions, { live, wanted }: Pair): Promise<Mended> {
  const { objects } = options
  if (!wanted) {
    const { key, size } = live as ListedObject
    await objects.delete(key)
    return { step: 'pruned', key, size }
  }
  const { key, size } = wanted
  if (live && (await isObjectAsIndexed(objects, live, wanted))) return { step: 'same', key, size }
  return { step: (await putBack(options, wanted)) ? 'restored' : 'lost', key, size }
}

/** Stores an object whole, with its type and metadata; false where the target has not got its content. */
async function putBack(
  { objects, store, encryption, opening, signal }: RestoreObjectsOptions,
  wanted: IndexedObject,
): Promise<boolean> {
  const { key, size, content_type, metadata } = wanted
  try {
    const body = readObject(store, wanted, encryption, { opening, signal })
    // A body that fails at its end stores nothing.
    await objects.put(key, body, { contentType: content_type, metadata, maxBytes: size })
    return true
  } catch (error) {
    if (error instanceof BackupError && USELESS.includes(error.code)) return false
    throw error
  }
}

function lostObjects(lost: readonly string[]): Error {
  const named = lost.slice(0, NAMED).join(', ')
  const more = lost.length > NAMED ? ` and ${lost.length - NAMED} more` : ''
  return new BackupError({
    code: 'objects_lost',
    message: `The target does not hold ${lost.length} of the objects any more, or not unharmed: ${named}${more}. All others were put back.`,
    next: 'Restore from another target of the same backup, or from an earlier backup; what is there is not written again.',
  })
}
