import { randomBytes } from 'node:crypto'
import { BackupError } from '../backup-error.js'
import { makeHeader, openHeader } from './age-header.js'
import { CHUNK_BYTES, ChunkOpener, ChunkSealer, NONCE_BYTES, payloadKey, TAG_BYTES } from './age-stream.js'
import { ByteReader } from './byte-reader.js'
import type { Opening, Sealing } from './sealing.js'

/** A head is as long as it has recipients; ours have a few. */
const MAX_HEADER_BYTES = 64 * 1024
const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES

/** What is wrong with a stream that is not a whole age file. */
export class BadSeal extends Error {}

/** Encrypts as age v1 does: `age --decrypt` opens it. */
export async function* seal(
  plain: AsyncIterable<Uint8Array>,
  sealing: Exclude<Sealing, 'none'>,
): AsyncGenerator<Buffer> {
  const { header, fileKey } = await makeHeader(sealing)
  const nonce = randomBytes(NONCE_BYTES)
  yield Buffer.concat([header, nonce])

  const sealer = new ChunkSealer(payloadKey(fileKey, nonce))
  const reader = new ByteReader(plain)
  try {
    // One byte more than a chunk, since the last one, which may be full, is sealed as such.
    while (await reader.fill(CHUNK_BYTES + 1)) {
      const sealed: Buffer[] = []
      while (reader.available > CHUNK_BYTES) sealed.push(...sealer.seal(reader.take(CHUNK_BYTES), false))
      yield Buffer.concat(sealed)
    }
    yield Buffer.concat(sealer.seal(reader.take(reader.available), true))
  } finally {
    await reader.close()
  }
}

/** Decrypts what is a whole age file; throws BadSeal for anything else and `wrong_key` for a key that does not fit. */
export async function* unseal(sealed: AsyncIterable<Uint8Array>, opening: Opening): AsyncGenerator<Buffer> {
  const reader = new ByteReader(sealed)
  try {
    const header = await takeHeader(reader)
    if (opening === 'none') throw keyNeeded()
    const fileKey = await openHeader(header, opening).catch((error: unknown) => {
      if (error instanceof BackupError) throw error
      throw new BadSeal('its head was changed', { cause: error })
    })
    if (!(await reader.fill(NONCE_BYTES))) throw new BadSeal('it ends too early')
    const opener = new ChunkOpener(payloadKey(fileKey, reader.take(NONCE_BYTES)))
    yield* openChunks(reader, opener)
  } finally {
    await reader.close()
  }
}

/** Plain bytes of an age file, which its length and its head tell to everybody. */
export function plainSizeOf(sealed: Buffer): number {
  const payload = sealed.length - headerLength(sealed) - NONCE_BYTES
  return payload - TAG_BYTES * Math.ceil(payload / SEALED_CHUNK)
}

async function* openChunks(reader: ByteReader, opener: ChunkOpener): AsyncGenerator<Buffer> {
  const open = (bytes: number, isLast: boolean) => {
    try {
      return opener.open(reader.take(bytes), isLast)
    } catch (error) {
      throw new BadSeal('it was changed, or is not whole', { cause: error })
    }
  }
  let chunks = 0
  while (await reader.fill(SEALED_CHUNK + 1)) {
    const plain: Buffer[] = []
    while (reader.available > SEALED_CHUNK) plain.push(open(SEALED_CHUNK, false))
    chunks += plain.length
    yield Buffer.concat(plain)
  }
  const rest = reader.available
  // An empty chunk is there only where nothing else is.
  if (rest < TAG_BYTES || (rest === TAG_BYTES && chunks > 0)) throw new BadSeal('it ends too early')
  yield open(rest, true)
}

async function takeHeader(reader: ByteReader): Promise<Buffer> {
  for (let more = true; more; ) {
    more = await reader.fill(reader.available + 1)
    const length = headerLength(reader.peek(Math.min(reader.available, MAX_HEADER_BYTES)))
    if (length > 0) return reader.take(length)
    if (reader.available >= MAX_HEADER_BYTES) break
  }
  throw new BadSeal('it has no head of an age file')
}

/** Length of the head that the bytes begin with; 0 when they hold no whole one. */
function headerLength(bytes: Buffer): number {
  const text = bytes.toString('latin1', 0, MAX_HEADER_BYTES)
  if (!text.startsWith('age-encryption.org/v1\n')) return 0
  const [end] = /\n--- [A-Za-z0-9+/]{43}\n/.exec(text) ?? []
  return end === undefined ? 0 : text.indexOf(end) + end.length
}

function keyNeeded(): BackupError {
  return new BackupError({
    code: 'key_needed',
    message: 'This backup is sealed, and no key was given.',
    next: 'Give the recovery key that `vetrai init` printed, or the passphrase.',
  })
}
