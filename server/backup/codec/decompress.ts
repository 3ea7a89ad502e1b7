import * as zstd from '@cloudpss/zstd'
import { ByteReader } from './byte-reader.js'
import { BadFrame, takeFrame } from './zstd-frame.js'

/** What was compressed into frames of at most 16 MiB; throws BadFrame for anything else. */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source)
  let hasBegun = false
  try {
    for (let frame = await takeFrame(reader); frame !== undefined; frame = await takeFrame(reader)) {
      hasBegun = true
      yield decoded(frame)
    }
    if (!hasBegun) throw new BadFrame('it is empty')
  } finally {
    await reader.close()
  }
}

function decoded(frame: Buffer): Buffer {
  try {
    const { buffer, byteOffset, byteLength } = zstd.decompress(frame)
    return Buffer.from(buffer, byteOffset, byteLength)
  } catch (cause) {
    throw new BadFrame('a compressed frame cannot be decompressed', { cause })
  }
}
