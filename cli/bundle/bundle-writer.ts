import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type BundlePart, PARTS, type PartName } from './manifest.js'
import { BLOCK, encodeHeader } from './tar-header.js'

/** Called with the bytes of each chunk that passed. */
export type OnBytes = (bytes: number) => void

/** Room for the manifest, which is known last and stands first. */
const MANIFEST_ROOM = 64 * 1024
const MANIFEST = 'manifest.json'

/**
 * Writes a bundle: a plain tar, so that a part can be found without reading those before it. Everything is written in one
 * pass, whatever its size, and the headers and the manifest are filled in behind it. Until `finish` it is FILE.partial.
 */
export class BundleWriter {
  private at = BLOCK + MANIFEST_ROOM
  private readonly parts: BundlePart[] = []

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  /** Begins FILE.partial, readable by its owner only; what an earlier attempt left is removed. */
  static async begin(file: string): Promise<BundleWriter> {
    await rm(partialOf(file), { force: true })
    return new BundleWriter(file, await open(partialOf(file), 'wx', 0o600))
  }

  /** Appends a part of any length. */
  async add<Name extends PartName>(name: Name, content: Readable, onBytes?: OnBytes): Promise<void> {
    const start = this.at + BLOCK
    const hash = createHash('sha256')
    let size = 0
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        size += chunk.length
        onBytes?.(chunk.length)
        done(null, chunk)
      },
    })
    // By its number: a stream of the handle itself would keep it from being closed.
    const { fd } = this.handle
    await pipeline(content, measure, createWriteStream('', { fd, start, autoClose: false }))
    await this.handle.write(encodeHeader({ name, size }), 0, BLOCK, this.at)
    this.parts.push({ name, size_bytes: size, sha256: hash.digest('hex') } as BundlePart)
    this.at = start + padded(size)
  }

  /** Completes the bundle with its manifest and gives it its name. After a power cut it is there whole or not at all. */
  async finish<Manifest extends object>(
    describe: (parts: BundlePart[]) => Manifest,
  ): Promise<{ size: number; manifest: Manifest }> {
    if (this.parts.length !== PARTS.length) throw new Error('a part of the bundle is missing')
    const manifest = describe(this.parts)
    const text = JSON.stringify(manifest, null, 2)
    const room = Buffer.alloc(MANIFEST_ROOM, '\n')
    if (room.write(text) < Buffer.byteLength(text)) throw new Error('the manifest is too long')
    const size = this.at + 2 * BLOCK
    await this.handle.write(encodeHeader({ name: MANIFEST, size: MANIFEST_ROOM }), 0, BLOCK, 0)
    await this.handle.write(room, 0, MANIFEST_ROOM, BLOCK)
    await this.handle.truncate(size)
    await this.handle.sync()
    await this.handle.close()
    await rename(partialOf(this.file), this.file)
    await syncFolder(dirname(this.file))
    return { size, manifest }
  }

  /** Removes what was written so far. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined)
    await rm(partialOf(this.file), { force: true })
  }
}

/** Bytes that a part takes, up to where the next header begins. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

function partialOf(file: string): string {
  return `${file}.partial`
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
