import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { BackupError, damaged } from './backup-error.js'
import { open, type ReadPartOptions, readPart, stored } from './codec/read-part.js'
import { type Opening, type Sealing, suffixOf } from './codec/sealing.js'
import { type WritePartOptions, writePart } from './codec/write-part.js'
import type { Manifest, Part } from './manifest.js'
import type { BackupStore } from './stores/backup-store.js'

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)

const indexedObject = z.strictObject({
  key: z.string().min(1).max(512),
  /** Bytes and SHA-256 of the plain content. */
  size: count,
  sha256: digest,
  /** As the object store gave it; it may differ once restored. */
  etag: z.string().max(200),
  content_type: z.string().max(200),
  metadata: z.record(z.string().max(100), z.string().max(4096)),
  modified_at: z.iso.datetime(),
  /** What lies in the target, compressed and sealed: told apart, so that checking it needs no key but the index's. */
  stored: z.strictObject({ size: count, sha256: digest }),
})
/** One object of a backup. */
export type IndexedObject = z.output<typeof indexedObject>

/** A line is as long as an object's metadata, which is 2 KiB at most. */
const MAX_LINE = 64 * 1024

/** Where the content of an object lies in a target, whatever backups it is part of. */
export function objectName(sha256: string, sealing: Sealing | Manifest['encryption']): string {
  return `objects/${sha256.slice(0, 2)}/${sha256}${suffixOf(sealing)}`
}

/** The name of the index of a backup's objects. */
export function objectIndexName(id: string, sealing: Sealing | Manifest['encryption']): string {
  return `backups/${id}/objects${suffixOf(sealing)}`
}

/** Writes the index of a backup: one line an object, by key in ascending order of code units. */
export async function writeObjectIndex(
  stores: readonly BackupStore[],
  id: string,
  objects: AsyncIterable<IndexedObject> | Iterable<IndexedObject>,
  options: WritePartOptions,
): Promise<{ count: number; bytes: number; index: Part }> {
  let number = 0
  let bytes = 0
  let before: string | undefined
  async function* lines(): AsyncGenerator<string> {
    for await (const object of objects) {
      if (before !== undefined && object.key <= before) throw new RangeError('objects must be sorted by key')
      before = object.key
      number += 1
      bytes += object.size
      yield `${JSON.stringify(indexedObject.parse(object))}\n`
    }
  }
  const source = Readable.from(lines(), { objectMode: false, highWaterMark: 256 * 1024 })
  const index = await writePart(stores, objectIndexName(id, options.sealing), source, options)
  return { count: number, bytes, index }
}

/** The objects of a backup, sorted by key; needs what opens the backup. */
export async function* readObjectIndex(
  store: BackupStore,
  index: Part,
  opening: Opening,
  signal?: AbortSignal,
): AsyncGenerator<IndexedObject> {
  let before: string | undefined
  for await (const line of linesOf(readPart(store, index, { opening, signal }), index.name)) {
    const object = parse(line, index.name)
    if (before !== undefined && object.key <= before) throw damaged(index.name, 'its keys are not in order')
    before = object.key
    yield object
  }
}

/**
 * The content of an object. It is held against the SHA-256 of the content, not of what is stored: another backup may have
 * stored the same content sealed anew.
 */
export function readObject(
  store: BackupStore,
  object: IndexedObject,
  encryption: Manifest['encryption'],
  { opening, signal }: ReadPartOptions,
): Readable {
  const name = objectName(object.sha256, encryption)
  const plain = open(name, stored(store, name, signal), opening)
  return Readable.from(ofContent(name, object, plain), { objectMode: false, highWaterMark: 1024 * 1024 })
}

async function* ofContent(
  name: string,
  { size, sha256 }: IndexedObject,
  plain: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of plain) {
    length += piece.length
    if (length > size) throw damaged(name, `it holds more than the ${size} bytes it should`)
    hash.update(piece)
    yield piece
  }
  if (length < size) throw damaged(name, `it holds ${length} of ${size} bytes`)
  if (hash.digest('hex') !== sha256) throw damaged(name, 'its content is not what its name says')
}

async function* linesOf(source: Readable, name: string): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const piece of source) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE) throw damaged(name, 'a line of it is too long')
    yield* lines
  }
  if (rest !== '') throw damaged(name, 'its last line is not whole')
}

function parse(line: string, name: string): IndexedObject {
  try {
    return indexedObject.parse(JSON.parse(line))
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw damaged(name, 'a line of it is not an object of a backup', error)
  }
}
