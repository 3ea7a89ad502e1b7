import type { Readable } from 'node:stream'
import type { ObjectInfo, ObjectStore } from '../../storage/object-store/object-store.js'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'
import type { Opening } from '../codec/sealing.js'
import type { Manifest } from '../manifest.js'
import { readObject, readObjectIndex } from '../object-index.js'
import type { BackupStore } from '../stores/backup-store.js'

/** An object that goes into an archive. */
export interface ExportedObject {
  readonly key: string
  readonly info: Pick<ObjectInfo, 'size' | 'contentType' | 'metadata'>
  readonly body: Readable
}

/** Where the objects of a tenant are read from. */
export type ObjectsOf = (tenantId: string) => AsyncIterable<ExportedObject>

/** Keys of a tenant's objects, in their order; those listed may be deleted meanwhile. */
export async function* eachObject(store: ObjectStore, tenantId: string): AsyncGenerator<string> {
  const prefix = tenantPrefix(tenantId)
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, { limit: 1000, ...(cursor ? { cursor } : {}) })
    for (const { key } of page.objects) yield key
    cursor = page.nextCursor
  } while (cursor !== undefined)
}

/** Objects as they are in the store now. */
export function livingObjects(store: ObjectStore): ObjectsOf {
  return async function* objects(tenantId) {
    for await (const key of eachObject(store, tenantId)) yield { key, ...(await store.get(key)) }
  }
}

/** Objects as they were in a full backup; each is held against its SHA-256 while it is read. */
export function backedUpObjects(store: BackupStore, manifest: Manifest, opening: Opening): ObjectsOf {
  return async function* objects(tenantId) {
    if (!manifest.objects) return
    const prefix = tenantPrefix(tenantId)
    for await (const object of readObjectIndex(store, manifest.objects.index, opening)) {
      if (!object.key.startsWith(prefix)) continue
      const info = { size: object.size, contentType: object.content_type, metadata: object.metadata }
      yield { key: object.key, info, body: readObject(store, object, manifest.encryption, { opening }) }
    }
  }
}
