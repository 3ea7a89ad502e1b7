import { createHash, type Hash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import tar from 'tar-stream'
import { type SealTo, sealStream } from './archive-keys.js'
import type { RowsEntry, TenantManifest } from './tenant-manifest.js'
import type { ExportedObject } from './tenant-objects.js'

/** Bytes of rows that are gathered for one entry. */
const PART_BYTES = 1024 * 1024

/** Attributes of an object in the header of its entry. */
export const OBJECT_TYPE = 'VETRAI.content-type'
export const OBJECT_METADATA = 'VETRAI.metadata'

/** Headers of an entry with attributes, which the types of the library leave out. */
export type PaxHeaders = tar.Headers & { pax?: Record<string, string> | null }

/**
 * Writes an archive of a tenant in one pass, in bounded memory: a tar of JSON lines and objects, compressed, then
 * encrypted. Nothing of it lies anywhere but in `out`.
 */
export class TenantArchiveWriter {
  readonly #pack = tar.pack()
  readonly #done: Promise<void>
  #failure: unknown
  readonly #objects = createHash('sha256')
  #objectCount = 0
  #objectBytes = 0

  constructor(out: Writable, to: SealTo) {
    this.#done = this.#flow(out, to)
    // Told at the next write, or at the end.
    this.#done.catch((error: unknown) => {
      this.#failure = error
      this.#pack.destroy()
    })
  }

  /** Begins the rows of a table; entries are `FOLDER/TABLE.NNNN.jsonl`. */
  table(folder: 'people' | 'data', name: string, columns: readonly string[]): TableWriter {
    return new TableWriter(name, columns, (part, body) =>
      this.add(`${folder}/${name}.${String(part).padStart(4, '0')}.jsonl`, body),
    )
  }

  /** Adds an entry whose bytes are at hand. */
  async add(name: string, body: Buffer): Promise<void> {
    await this.#entry({ name, size: body.length }, (sink) => sink.end(body))
  }

  /** Adds an object under its key without the tenant's prefix. Throws where it is not as long as was said. */
  async addObject(key: string, info: ExportedObject['info'], body: Readable): Promise<void> {
    const hash = createHash('sha256')
    const pax = { [OBJECT_TYPE]: info.contentType, [OBJECT_METADATA]: JSON.stringify(info.metadata) }
    const measured = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    await this.#entry({ name: `objects/${key}`, size: info.size, pax }, (sink) => {
      pipeline(body, measured, sink).catch((error: unknown) => this.#pack.destroy(error as Error))
    })
    noteObject(this.#objects, key, info.size, hash.digest('hex'))
    this.#objectCount += 1
    this.#objectBytes += info.size
  }

  get objects(): TenantManifest['objects'] {
    return {
      count: this.#objectCount,
      bytes: this.#objectBytes,
      sha256: this.#objects.copy().digest('hex'),
    }
  }

  /** Ends the archive with its manifest; resolves when `out` has everything. */
  async finish(manifest: TenantManifest): Promise<void> {
    await this.add('manifest.json', Buffer.from(JSON.stringify(manifest)))
    this.#pack.finalize()
    await this.#done
  }

  /** Gives up: `out` ends without a manifest, so that what it has is no archive. */
  async abandon(error: Error): Promise<void> {
    this.#pack.destroy(error)
    await this.#done.catch(() => undefined)
  }

  async #flow(out: Writable, to: SealTo): Promise<void> {
    const zipped = createGzip({ level: 6 })
    const zipping = pipeline(this.#pack as unknown as Readable, zipped)
    // Told below; it may fail before that is reached.
    zipping.catch(() => undefined)
    const sealed = await sealStream(zipped, to)
    await Promise.all([zipping, pipeline(sealed, out)])
  }

  #entry(header: PaxHeaders & { name: string }, fill: (sink: Writable) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure as Error)
        return
      }
      const fail = () => this.#done.then(() => reject(new Error('the archive ended early')), reject)
      this.#pack.once('close', fail)
      const sink = this.#pack.entry({ ...header, mode: 0o600, mtime: new Date(0) }, (error) => {
        this.#pack.off('close', fail)
        if (error) reject(error)
        else resolve()
      })
      fill(sink)
    })
  }
}

/** Gathers the rows of one table to entries of about a mebibyte. */
export class TableWriter {
  #lines: string[] = []
  #bytes = 0
  #rows = 0
  #part = 0
  readonly #hash: Hash = createHash('sha256')

  constructor(
    private readonly name: string,
    private readonly columns: readonly string[],
    private readonly write: (part: number, body: Buffer) => Promise<void>,
  ) {}

  /** Adds a row: one line of JSON, without its end. */
  async add(line: string): Promise<void> {
    this.#lines.push(line)
    this.#bytes += line.length + 1
    this.#rows += 1
    if (this.#bytes >= PART_BYTES) await this.#flush()
  }

  /** Writes what is left; answers what the manifest says of the table. */
  async finish(): Promise<RowsEntry> {
    if (this.#lines.length > 0 || this.#part === 0) await this.#flush()
    return { name: this.name, columns: [...this.columns], rows: this.#rows, sha256: this.#hash.digest('hex') }
  }

  async #flush(): Promise<void> {
    const body = Buffer.from(this.#lines.map((line) => `${line}\n`).join(''))
    this.#lines = []
    this.#bytes = 0
    this.#hash.update(body)
    await this.write(this.#part++, body)
  }
}

/** Counts an object in the digest of all objects. */
export function noteObject(digest: Hash, key: string, size: number, sha256: string): void {
  digest.update(`${key} ${size} ${sha256}\n`)
}
