import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline as chain, type Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { damagedBundle, fileError, notABundle, otherFormat } from './bundle-errors.js'
import { type OnBytes, padded } from './bundle-writer.js'
import {
  type BundleManifest,
  type BundlePart,
  FORMAT,
  type ManifestProblem,
  PARTS,
  type PartName,
  parseManifest,
} from './manifest.js'
import { BLOCK, decodeHeader } from './tar-header.js'

const MOST_MANIFEST = 1024 * 1024
const CHUNK = 1024 * 1024

/** A bundle whose shape is right: every part is where its header says, and as long as the manifest says. */
export class BundleReader {
  private constructor(
    readonly file: string,
    /** Bytes of the whole file. */
    readonly size: number,
    readonly manifest: BundleManifest,
    private readonly handle: FileHandle,
    private readonly offsets: ReadonlyMap<PartName, number>,
  ) {}

  /**
   * Opens a bundle and reads its headers, no content. CliError `bundle_invalid`, `bundle_damaged` (too short, too long) or
   * `bundle_format`. Only the names of this format are accepted, as regular files in their order: no path, no link.
   */
  static async open(file: string): Promise<BundleReader> {
    const handle = await open(file, 'r').catch((error: unknown) => {
      throw fileError(error, file)
    })
    try {
      return await BundleReader.read(file, handle)
    } catch (error) {
      await handle.close()
      throw fileError(error, file)
    }
  }

  private static async read(file: string, handle: FileHandle): Promise<BundleReader> {
    const { size } = await handle.stat()
    const manifest = await readManifest(file, handle, size)
    const offsets = new Map<PartName, number>()
    let at = BLOCK + padded((await headerAt(handle, 0))?.size ?? 0)
    for (const part of manifest.parts) {
      const header = await headerAt(handle, at)
      if (at + BLOCK > size) throw damagedBundle(file, `it ends before ${part.name}`)
      if (header?.name !== part.name || header.size !== part.size_bytes)
        throw damagedBundle(file, `where ${part.name} should begin is something else`)
      offsets.set(part.name, at + BLOCK)
      at += BLOCK + padded(header.size)
      if (at > size) throw damagedBundle(file, `${part.name} is cut off`)
    }
    if (at + 2 * BLOCK !== size) throw damagedBundle(file, `${size} bytes are not its length`)
    return new BundleReader(file, size, manifest, handle, offsets)
  }

  /** Reads everything once and holds it against the manifest: CliError `bundle_damaged` names the first part that differs. */
  async verify(onBytes?: OnBytes): Promise<void> {
    for (const { name } of this.manifest.parts) {
      await pipeline(
        this.content(name, onBytes),
        new Writable({ write: (_chunk, _encoding, done) => done() }),
      )
    }
  }

  /** Content of a part. The stream fails at its end where the content is not what the manifest says. */
  content(name: PartName, onBytes?: OnBytes): Readable {
    const part = this.manifest.parts[PARTS.indexOf(name)] as BundlePart
    const start = this.offsets.get(name) ?? 0
    const end = start + part.size_bytes - 1
    // By its number: a stream of the handle itself would keep it from being closed.
    const { fd } = this.handle
    const source = createReadStream('', { fd, start, end, autoClose: false, highWaterMark: CHUNK })
    // Whoever reads the stream learns of an error from the stream itself.
    return chain(source, this.checked(part, onBytes), () => undefined)
  }

  close(): Promise<void> {
    return this.handle.close()
  }

  private checked({ name, size_bytes: size, sha256 }: BundlePart, onBytes?: OnBytes): Transform {
    const hash = createHash('sha256')
    let read = 0
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        hash.update(chunk)
        read += chunk.length
        onBytes?.(chunk.length)
        done(null, chunk)
      },
      flush: (done) => {
        const isWhole = read === size && hash.digest('hex') === sha256
        done(isWhole ? null : damagedBundle(this.file, `the content of ${name} is not what was written`))
      },
    })
  }
}

async function readManifest(file: string, handle: FileHandle, size: number): Promise<BundleManifest> {
  const header = await headerAt(handle, 0)
  if (header?.name !== 'manifest.json') throw notABundle(file, 'it does not begin with a manifest')
  if (header.size > MOST_MANIFEST) throw notABundle(file, `a manifest of ${header.size} bytes is none`)
  if (BLOCK + header.size > size) throw damagedBundle(file, 'it ends within its manifest')
  const text = await readAt(handle, BLOCK, header.size)
  const parsed = parseManifest(text.toString('utf8'))
  if (parsed.ok) return parsed.manifest
  throw manifestError(file, parsed.problem)
}

function manifestError(file: string, problem: ManifestProblem): Error {
  if (problem.kind === 'format') return otherFormat(file, problem.format, FORMAT)
  return notABundle(file, `its manifest cannot be read (${problem.detail})`)
}

async function headerAt(handle: FileHandle, at: number) {
  return decodeHeader(await readAt(handle, at, BLOCK))
}

/** Fewer bytes where the file ends before. */
async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, at)
  return buffer.subarray(0, bytesRead)
}
