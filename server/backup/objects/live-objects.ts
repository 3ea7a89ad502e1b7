import { checkKey } from '../../storage/object-store/keys.js'
import type { ObjectInfo, ObjectStore } from '../../storage/object-store/object-store.js'

/** What a list tells of an object. */
export type ListedObject = Pick<ObjectInfo, 'key' | 'size' | 'etag' | 'modifiedAt'>

const PAGE = 1_000

/**
 * Every object of the deployment, in byte order of the keys. What else a bucket holds, under names that no object of
 * VetrAI can have, is left out.
 */
export async function* liveObjects(objects: ObjectStore, signal?: AbortSignal): AsyncGenerator<ListedObject> {
  let cursor: string | undefined
  do {
    signal?.throwIfAborted()
    const page = await objects.list('', cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor })
    for (const object of page.objects) if (isKey(object.key)) yield object
    cursor = page.nextCursor
  } while (cursor !== undefined)
}

function isKey(key: string): boolean {
  try {
    checkKey(key)
    return true
  } catch {
    return false
  }
}
