import { Decoder } from '@toondepauw/node-zstd'
import { ByteReader } from './byte-reader.js'
import { BadFrame, takeFrame } from './zstd-frame.js'

/** Frames that are decompressed at once. */
const IN_FLIGHT = 2

/** What was compressed into frames of at most 16 MiB; throws BadFrame for anything else. */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const decoder = new Decoder()
  const reader = new ByteReader(source)
  const waiting: Promise<Buffer>[] = []
  let hasBegun = false
  try {
    for (let frame = await takeFrame(reader); frame !== undefined; frame = await takeFrame(reader)) {
      hasBegun = true
      const plain = decoder.decode(frame).catch((error: unknown) => {
        throw new BadFrame('a compressed frame cannot be decompressed', { cause: error })
      })
      // Seen where it is awaited; this only keeps a frame that nobody waits for any more from ending the process.
      plain.catch(() => {})
      waiting.push(plain)
      if (waiting.length >= IN_FLIGHT) yield await (waiting.shift() as Promise<Buffer>)
    }
    if (!hasBegun) throw new BadFrame('it is empty')
    for (const plain of waiting) yield await plain
  } finally {
    await reader.close()
  }
}
