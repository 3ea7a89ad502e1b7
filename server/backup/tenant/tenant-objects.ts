import type { ObjectStore } from '../../storage/object-store/object-store.js'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'

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
