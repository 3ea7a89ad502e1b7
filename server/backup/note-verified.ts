import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { z } from 'zod'
import type { Manifest } from './manifest.js'
import { backupPrefix } from './manifests.js'
import type { BackupStore } from './stores/backup-store.js'

const schema = z.object({ at: z.iso.datetime(), by: z.enum(['verify', 'drill']) })

/** When and how a backup was last found whole. */
export type Verified = z.output<typeof schema>

/** Notes beside a backup that it was found whole just now. A place that cannot be written to keeps no note. */
export async function noteVerified(
  store: BackupStore,
  { id }: Pick<Manifest, 'id'>,
  by: Verified['by'],
): Promise<void> {
  const note: Verified = { at: new Date().toISOString(), by }
  await store.put(noteName(id), Readable.from([Buffer.from(JSON.stringify(note))])).catch(() => undefined)
}

/** The note of a backup; undefined where there is none that makes sense. */
export async function readVerified(store: BackupStore, id: string): Promise<Verified | undefined> {
  try {
    const size = await store.size(noteName(id))
    if (size === undefined || size > 1_000) return undefined
    return schema.parse(JSON.parse((await buffer(await store.get(noteName(id)))).toString('utf8')))
  } catch {
    return undefined
  }
}

function noteName(id: string): string {
  return `${backupPrefix(id)}verified.json`
}
