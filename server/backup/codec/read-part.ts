import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { BackupError, damaged } from '../backup-error.js'
import type { Part } from '../manifest.js'
import type { BackupStore } from '../stores/backup-store.js'
import { decompress } from './decompress.js'
import { BadSeal, unseal } from './seal.js'
import { codecOf, type Opening } from './sealing.js'
import { BadFrame } from './zstd-frame.js'

export interface ReadPartOptions {
  readonly opening: Opening
  readonly signal?: AbortSignal | undefined
}

/**
 * The plain bytes of a file. Only a stream that ends without an error gave the bytes that were written: what it gave
 * before may be anything when the error says `damaged`.
 */
export function readPart(store: BackupStore, part: Part, { opening, signal }: ReadPartOptions): Readable {
  const plain = open(part.name, verified(store, part, signal), opening)
  return Readable.from(exactly(part, plain), { objectMode: false, highWaterMark: 1024 * 1024 })
}

/** Reads a file as stored and holds it against its size and SHA-256; needs no key. */
export async function checkPart(
  store: BackupStore,
  part: Pick<Part, 'name' | 'size' | 'sha256'>,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: (bytes: number) => void } = {},
): Promise<void> {
  for await (const piece of verified(store, part, signal)) onBytes?.(piece.length)
}

/** Undoes what the name says was done: decrypts, decompresses. */
export async function* open(
  name: string,
  stored: AsyncIterable<Buffer>,
  opening: Opening,
): AsyncGenerator<Buffer> {
  const { isSealed, isCompressed } = codecOf(name)
  const packed = isSealed ? unseal(stored, opening) : stored
  const plain = isCompressed ? decompress(packed) : packed
  try {
    yield* plain
  } catch (error) {
    if (error instanceof BadFrame || error instanceof BadSeal) throw damaged(name, error.message, error)
    throw error
  }
}

/** The bytes as stored; throws at the end, or as soon as it is sure, unless they are those that were written. */
export async function* verified(
  store: BackupStore,
  { name, size, sha256 }: Pick<Part, 'name' | 'size' | 'sha256'>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of stored(store, name, signal)) {
    length += piece.length
    if (length > size) throw damaged(name, `it is longer than the ${size} bytes that were written`)
    hash.update(piece)
    yield piece
  }
  if (length < size) throw damaged(name, `it ends after ${length} of ${size} bytes`)
  if (hash.digest('hex') !== sha256) throw damaged(name, 'its SHA-256 is not that of what was written')
}

/** The bytes of a file, whatever they are; errors of the store say which file it was. */
export async function* stored(
  store: BackupStore,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  signal?.throwIfAborted()
  const body = await store.get(name)
  const stop = () => body.destroy(asError(signal?.reason))
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for await (const piece of body) yield piece
  } catch (error) {
    if (signal?.aborted || error instanceof BackupError) throw error
    throw unreadable(store, name, error)
  } finally {
    signal?.removeEventListener('abort', stop)
    body.destroy()
  }
}

async function* exactly({ name, plain_size }: Part, plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let length = 0
  for await (const piece of plain) {
    length += piece.length
    if (length > plain_size) throw damaged(name, `it holds more than the ${plain_size} bytes it should`)
    yield piece
  }
  if (length < plain_size) throw damaged(name, `it holds ${length} of ${plain_size} bytes`)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

function unreadable(store: BackupStore, name: string, cause: unknown): BackupError {
  const code = (cause as { code?: unknown } | null)?.code
  return new BackupError({
    code: 'store_unavailable',
    message: `${name} cannot be read from ${store.name} (${typeof code === 'string' ? code : 'it broke off'}).`,
    next: 'See that the disk or the S3 server is well, and try again.',
    cause,
  })
}
