import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { ObjectStore } from '../../storage/object-store/object-store.js'
import type { IndexedObject } from '../object-index.js'
import type { ListedObject } from './live-objects.js'

/** Whether an object has the bytes, type and metadata that an index tells of; reads it only where no etag says so. */
export async function isObjectAsIndexed(
  objects: ObjectStore,
  live: ListedObject,
  wanted: IndexedObject,
): Promise<boolean> {
  if (live.size !== wanted.size || !(await hasBytes(objects, live, wanted))) return false
  if (live.etag === wanted.etag && live.modifiedAt.toISOString() === wanted.modified_at) return true
  const info = await objects.head(live.key)
  return info?.contentType === wanted.content_type && isDeepStrictEqual({ ...info.metadata }, wanted.metadata)
}

async function hasBytes(objects: ObjectStore, live: ListedObject, wanted: IndexedObject): Promise<boolean> {
  const isAlike = live.etag === wanted.etag || live.etag === wanted.sha256
  // The etag of the file store is the hash in its record: another one means other bytes, the same one not that they are there.
  if (objects.driver === 'file') return isAlike && (await isReadable(objects, live.key))
  return isAlike || (await hashOf(objects, live.key)) === wanted.sha256
}

/** Whether the bytes of an object are there, in their length. */
async function isReadable(objects: ObjectStore, key: string): Promise<boolean> {
  try {
    const { body } = await objects.get(key)
    body.destroy()
    return true
  } catch {
    return false
  }
}

/** What cannot be read, as it is damaged or has gone meanwhile, has no hash. */
async function hashOf(objects: ObjectStore, key: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    const { body } = await objects.get(key)
    for await (const piece of body as AsyncIterable<Buffer>) hash.update(piece)
    return hash.digest('hex')
  } catch {
    return undefined
  }
}
