import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { damaged, missing } from '../backup-error.js'
import { stored, verified } from '../codec/read-part.js'
import type { Manifest } from '../manifest.js'
import { manifestName, partsOf } from '../manifests.js'
import type { BackupStore } from './backup-store.js'
import { BLOCK, blocksOf, encodeHeader } from './tar-header.js'

/**
 * Writes a backup as one tar archive under the very names of the store, manifest first. Ends without closing `out`.
 * A part that is not as the manifest says fails it, so that no archive is whole that holds less than its backup.
 */
export async function writeArchive(
  store: BackupStore,
  manifest: Manifest,
  objectNames: AsyncIterable<string> | Iterable<string>,
  out: Writable,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: (bytes: number) => void } = {},
): Promise<void> {
  const modifiedAt = new Date(manifest.finished_at)
  const write = async (bytes: Buffer) => {
    if (!out.write(bytes)) await once(out, 'drain', signal === undefined ? {} : { signal })
  }
  const add = async (name: string, size: number, bytes: AsyncIterable<Buffer>) => {
    await write(encodeHeader({ name, size }, modifiedAt))
    for await (const piece of bytes) {
      await write(piece)
      onBytes?.(piece.length)
    }
    await write(Buffer.alloc(blocksOf(size) - size))
  }
  const addStored = async (name: string) => {
    const size = await store.size(name)
    if (size === undefined) throw missing(store.name, name)
    await add(name, size, exactly(name, size, stored(store, name, signal)))
  }

  await addStored(manifestName(manifest.id))
  for (const part of partsOf(manifest)) await add(part.name, part.size, verified(store, part, signal))
  for await (const name of objectNames) await addStored(name)
  await write(Buffer.alloc(2 * BLOCK))
}

async function* exactly(name: string, size: number, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let length = 0
  for await (const piece of bytes) {
    length += piece.length
    if (length > size) break
    yield piece
  }
  if (length !== size) throw damaged(name, 'its size changed while it was read')
}
