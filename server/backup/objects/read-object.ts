import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { ObjectStoreError } from '../../storage/object-store/errors.js'
import type { ObjectInfo, ObjectStore } from '../../storage/object-store/object-store.js'
import { BackupError } from '../backup-error.js'

/** Objects up to this many bytes are held in memory, and so read once. */
const SMALL_BYTES = 8 * 1024 * 1024

/** An object at one moment: what is known of it, its hash, and how to read these very bytes. */
export interface LiveObject {
  readonly info: ObjectInfo
  readonly sha256: string
  /** The bytes of the hash; fails with ObjectChanged where they are not there any more. */
  open(): Readable
}

/** The object was replaced or deleted while it was read: it has to be looked at anew. */
export class ObjectChanged extends Error {
  override readonly name = 'ObjectChanged'
}

/** Reads an object once for its hash; undefined where there is none of this key. */
export async function readLiveObject(
  objects: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<LiveObject | undefined> {
  const found = await get(objects, key)
  if (!found) return undefined
  const { info, body } = found
  const isSmall = info.size <= SMALL_BYTES
  const hash = createHash('sha256')
  const pieces: Buffer[] = []
  for await (const piece of body as AsyncIterable<Buffer>) {
    signal?.throwIfAborted()
    hash.update(piece)
    if (isSmall) pieces.push(piece)
  }
  const sha256 = hash.digest('hex')
  const open = () => (isSmall ? Readable.from(pieces, { objectMode: false }) : openLive(objects, key, sha256))
  return { info, sha256, open }
}

/** The bytes of an object, failing at their end with ObjectChanged where they are not of this hash. */
export function openLive(objects: ObjectStore, key: string, sha256: string): Readable {
  async function* checked(): AsyncGenerator<Buffer> {
    const found = await get(objects, key)
    if (!found) throw new ObjectChanged(key)
    const hash = createHash('sha256')
    for await (const piece of found.body as AsyncIterable<Buffer>) {
      hash.update(piece)
      yield piece
    }
    if (hash.digest('hex') !== sha256) throw new ObjectChanged(key)
  }
  return Readable.from(checked(), { objectMode: false })
}

async function get(objects: ObjectStore, key: string) {
  try {
    return await objects.get(key)
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error
    if (error.code === 'object_store.not_found') return undefined
    throw error.code === 'object_store.damaged' ? unreadable(key, error) : error
  }
}

function unreadable(key: string, cause: ObjectStoreError): BackupError {
  return new BackupError({
    code: 'object_damaged',
    message: `The object ${key} cannot be read: ${cause.message}`,
    next: `Put it back from an earlier backup (vetrai restore, only this object), or delete it; a backup without it would not be whole.`,
    cause,
  })
}
