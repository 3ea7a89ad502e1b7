import type { ByteReader } from './byte-reader.js'

const MAGIC = 0xfd2fb528
/** No frame may want more, stored or in memory: a frame of ours has 1 MiB. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
const MAX_BLOCK_BYTES = 128 * 1024

/** What is wrong with a stream that is not the zstd we write. */
export class BadFrame extends Error {}

/**
 * Takes the next frame (RFC 8878), undefined at the end of the stream. Frames do not tell their length: it is found by
 * walking over the heads of its blocks, which also bounds what comes out before anything is decompressed.
 */
export async function takeFrame(reader: ByteReader): Promise<Buffer | undefined> {
  if (!(await reader.fill(1))) return undefined
  const pieces: Buffer[] = []
  let stored = 0
  const take = async (bytes: number): Promise<Buffer> => {
    stored += bytes
    if (stored > MAX_FRAME_BYTES) throw tooLarge()
    if (!(await reader.fill(bytes))) throw new BadFrame('it ends within a compressed frame')
    const piece = reader.take(bytes)
    pieces.push(piece)
    return piece
  }

  const { hasChecksum } = await takeHeader(take)
  let plain = 0
  for (let isLast = false; !isLast; ) {
    const head = (await take(3)).readUIntLE(0, 3)
    isLast = (head & 1) === 1
    const size = head >>> 3
    const kind = (head >>> 1) & 3
    if (kind === 3 || size > MAX_BLOCK_BYTES) throw new BadFrame('a compressed block is not one')
    plain += kind === 2 ? MAX_BLOCK_BYTES : size
    if (plain > MAX_FRAME_BYTES + MAX_BLOCK_BYTES) throw tooLarge()
    await take(kind === 1 ? 1 : size)
  }
  if (hasChecksum) await take(4)
  return Buffer.concat(pieces, stored)
}

async function takeHeader(take: (bytes: number) => Promise<Buffer>): Promise<{ hasChecksum: boolean }> {
  const head = await take(5)
  if (head.readUInt32LE(0) !== MAGIC) throw new BadFrame('it is not compressed with zstd')
  const flags = head.readUInt8(4)
  const isSingleSegment = (flags & 0x20) !== 0
  if ((flags & 0x08) !== 0) throw new BadFrame('a compressed frame is of an unknown kind')
  if ((flags & 0x03) !== 0) throw new BadFrame('a compressed frame wants a dictionary')
  if (!isSingleSegment && windowOf((await take(1)).readUInt8(0)) > MAX_FRAME_BYTES) throw tooLarge()

  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >>> 6] ?? 0
  if (sizeBytes > 0 && contentSizeOf(await take(sizeBytes)) > MAX_FRAME_BYTES) throw tooLarge()
  return { hasChecksum: (flags & 0x04) !== 0 }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}

function contentSizeOf(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE(0))
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0)
}

function tooLarge(): BadFrame {
  return new BadFrame(`a compressed frame wants more than ${MAX_FRAME_BYTES} bytes`)
}
