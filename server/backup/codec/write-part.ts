import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { BackupError } from '../backup-error.js'
import type { Part } from '../manifest.js'
import type { BackupStore } from '../stores/backup-store.js'
import { compress } from './compress.js'
import { plainSizeOf, seal } from './seal.js'
import { codecOf, type Sealing } from './sealing.js'
import type { Throttle } from './throttle.js'

export interface WritePartOptions {
  /** Must fit the name: what is sealed ends in `.age`. */
  readonly sealing: Sealing
  /** Paces the bytes that are stored, all parts that share it together. */
  readonly throttle?: Throttle | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with the plain bytes of each piece that was read. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * Compresses (`.zst`), seals (`.age`) and stores a file in every store at once, the slowest sets the pace. The name must
 * be new: when one store fails, all forget it. The source is destroyed when anything fails.
 */
export async function writePart(
  stores: readonly BackupStore[],
  name: string,
  source: Readable,
  { sealing, throttle, signal, onBytes }: WritePartOptions,
): Promise<Part> {
  const { isSealed, isCompressed } = codecOf(name)
  // What is read of it throws its error; it may also be ended before anything is read.
  source.on('error', () => {})
  if (isSealed !== (sealing !== 'none')) {
    source.destroy()
    throw wrongName(name)
  }
  let plainSize = 0
  const counted = count(source, (bytes) => {
    plainSize += bytes
    onBytes?.(bytes)
  })
  const packed = isCompressed ? compress(counted) : counted
  const sealed = sealing === 'none' ? packed : seal(packed, sealing)
  const stop = (reason: unknown) => source.destroy(asError(reason))
  const stored = await store(stores, name, sealed, { throttle, signal, stop })
  return { name, ...stored, plain_size: plainSize }
}

/** Stores bytes as they are in every store, such as a kit that was sealed before. */
export async function writeStored(
  stores: readonly BackupStore[],
  name: string,
  bytes: Buffer,
): Promise<Part> {
  const stored = await store(stores, name, only(bytes), { stop: () => {} })
  return { name, ...stored, plain_size: codecOf(name).isSealed ? plainSizeOf(bytes) : bytes.length }
}

interface StoreOptions {
  readonly throttle?: Throttle | undefined
  readonly signal?: AbortSignal | undefined
  /** Ends the source, also while it is waited for. */
  readonly stop: (reason: unknown) => void
}

async function store(
  stores: readonly BackupStore[],
  name: string,
  bytes: AsyncIterable<Buffer>,
  { throttle, signal, stop }: StoreOptions,
): Promise<{ size: number; sha256: string }> {
  const failed = new AbortController()
  const ended = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const bodies = stores.map(() => new PassThrough({ highWaterMark: 2 * 1024 * 1024 }))
  const puts = stores.map(async (each, at) => {
    const body = bodies[at] as PassThrough
    // A store that fails destroys its body; what failed is what its put says.
    body.on('error', () => {})
    await each.put(name, body).catch((error: unknown) => {
      failed.abort(error)
      throw error
    })
  })
  // Seen where they are awaited, which is after the last byte.
  for (const each of puts) each.catch(() => {})
  const stopAll = () => {
    stop(ended.reason)
    for (const body of bodies) body.destroy(asError(ended.reason))
  }
  ended.addEventListener('abort', stopAll, { once: true })
  if (ended.aborted) stopAll()

  try {
    const sum = await pump(bytes, { bodies, puts, throttle, signal: ended })
    await Promise.all(puts)
    return sum
  } catch (error) {
    failed.abort(error)
    const ends = await Promise.allSettled(puts)
    const whole = stores.filter((_, at) => ends[at]?.status === 'fulfilled')
    await Promise.allSettled(whole.map((each) => each.delete(name)))
    // The first that went wrong; what the others say follows from it.
    throw ended.reason
  } finally {
    ended.removeEventListener('abort', stopAll)
  }
}

interface Pumping {
  readonly bodies: readonly PassThrough[]
  /** What becomes of each body. */
  readonly puts: readonly Promise<void>[]
  readonly throttle: Throttle | undefined
  readonly signal: AbortSignal
}

async function pump(
  bytes: AsyncIterable<Buffer>,
  { bodies, puts, throttle, signal }: Pumping,
): Promise<{ size: number; sha256: string }> {
  // A store that fails may destroy its body before it says why.
  const drained = (at: number) =>
    once(bodies[at] as PassThrough, 'drain', { signal }).catch(async (error: unknown) => {
      await puts[at]
      throw error
    })
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of bytes) {
    await throttle?.take(piece.length, signal)
    signal.throwIfAborted()
    hash.update(piece)
    size += piece.length
    await Promise.all(bodies.map((body, at) => body.write(piece) || drained(at)))
  }
  for (const body of bodies) body.end()
  return { size, sha256: hash.digest('hex') }
}

async function* count(source: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    const bytes: Buffer = typeof piece === 'string' ? Buffer.from(piece) : piece
    onBytes(bytes.length)
    yield bytes
  }
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

function wrongName(name: string): BackupError {
  return new BackupError({
    code: 'bad_name',
    message: `${name} does not say by its end whether it is sealed.`,
    next: 'This is a fault of VetrAI: report it.',
  })
}
