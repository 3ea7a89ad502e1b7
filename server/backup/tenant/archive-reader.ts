import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { BackupError } from '../backup-error.js'
import { notAnArchive, type OpenWith, openStream } from './archive-keys.js'
import { noteObject, OBJECT_METADATA, OBJECT_TYPE, type PaxHeaders } from './archive-writer.js'
import { tenantError } from './tenant-error.js'
import { type RowsEntry, readManifest, type TenantManifest } from './tenant-manifest.js'

/** An archive that can be read from its beginning as often as needed. */
export interface ArchiveSource {
  open(): Readable
  readonly keys: OpenWith
}

/** Rows of one entry, a line each. */
export interface RowsPart {
  readonly folder: 'people' | 'data'
  readonly table: string
  readonly lines: readonly string[]
}

/** An object in an archive. */
export interface ArchivedObject {
  /** Its key without the tenant's prefix. */
  readonly key: string
  readonly size: number
  readonly contentType: string
  readonly metadata: Record<string, string>
  readonly body: Readable
}

export interface ArchiveVisitor {
  rows?(part: RowsPart): Promise<void> | void
  /** Must read the body to its end or destroy nothing of it; what is left is passed over. */
  object?(object: ArchivedObject): Promise<void> | void
}

/** Longest entry of rows or manifest: parts are about a mebibyte, and PostgreSQL takes no longer row. */
const MOST_BYTES = 300 * 1024 * 1024
const ROWS = /^(people|data)\/([a-z_][a-z0-9_]{0,62})\.(\d{4,9})\.jsonl$/
const OBJECT = /^objects\/([A-Za-z0-9!_.*'()=@+,/-]{1,512})$/

/**
 * Reads a whole archive and holds it against its manifest: every row of every table, every object, in the order
 * written. Answers the manifest, or throws BackupError. What the visitor was given counts only once this resolved.
 */
export async function readArchive(
  source: ArchiveSource,
  visitor: ArchiveVisitor = {},
): Promise<TenantManifest> {
  const raw = source.open()
  const reading = new Reading(visitor)
  const extract = tar.extract()
  extract.on('entry', (header, stream, next) => {
    reading.entry(header, stream).then(
      () => {
        stream.resume()
        next()
      },
      (error: unknown) => extract.destroy(error as Error),
    )
  })
  try {
    await pipeline(await openStream(raw, source.keys), createGunzip(), extract)
  } catch (error) {
    raw.destroy()
    if (reading.refused) throw reading.refused.error
    throw error instanceof BackupError ? error : damaged('it does not read to its end', error)
  }
  return reading.finish()
}

class Reading {
  /** What the visitor threw. */
  refused: { error: unknown } | undefined
  #manifest: TenantManifest | undefined
  #isOver = false
  readonly #tables = new Map<string, { rows: number; hash: Hash; parts: number }>()
  readonly #objects = createHash('sha256')
  #objectCount = 0
  #objectBytes = 0

  constructor(private readonly visitor: ArchiveVisitor) {}

  async entry(header: tar.Headers, stream: Readable): Promise<void> {
    if (header.type !== 'file' || this.#isOver) throw damaged('it has entries that do not belong there')
    const { name, size = 0 } = header
    const [, folder, table, part] = ROWS.exec(name) ?? []
    const [, key] = OBJECT.exec(name) ?? []
    if (table) await this.#rows(folder as RowsPart['folder'], table, Number(part), await whole(stream, size))
    else if (key) await this.#object(key, header, stream)
    else if (name === 'manifest.json') this.#end(await whole(stream, size))
    else if (name !== 'README.txt') throw damaged('it has entries that do not belong there')
  }

  finish(): TenantManifest {
    const manifest = this.#manifest
    if (!manifest) throw damaged('it has no manifest: it was not written to its end')
    const listed = [
      ...manifest.people.map((entry) => ['people', entry] as const),
      ...manifest.tables.map((entry) => ['data', entry] as const),
    ]
    for (const [folder, entry] of listed) this.#compare(`${folder}/${entry.name}`, entry)
    if (listed.length !== this.#tables.size) throw damaged('it has tables that its manifest does not name')
    const { count, bytes, sha256 } = manifest.objects
    const same =
      count === this.#objectCount &&
      bytes === this.#objectBytes &&
      sha256 === this.#objects.copy().digest('hex')
    if (!same) throw damaged('its objects are not what its manifest says')
    return manifest
  }

  #compare(name: string, { rows, sha256 }: RowsEntry): void {
    const seen = this.#tables.get(name)
    if (seen?.rows !== rows || seen.hash.copy().digest('hex') !== sha256)
      throw damaged(`the rows in ${name} are not what its manifest says`)
  }

  async #rows(folder: RowsPart['folder'], table: string, part: number, body: Buffer): Promise<void> {
    const name = `${folder}/${table}`
    const seen = this.#tables.get(name) ?? { rows: 0, hash: createHash('sha256'), parts: 0 }
    if (part !== seen.parts) throw damaged(`a part of ${name} is missing`)
    this.#tables.set(name, seen)
    const lines = body.length > 0 ? body.toString('utf8').split('\n') : ['']
    if (lines.pop() !== '') throw damaged(`a row of ${name} is cut off`)
    seen.parts += 1
    seen.rows += lines.length
    seen.hash.update(body)
    await this.#visit(() => this.visitor.rows?.({ folder, table, lines }))
  }

  async #object(key: string, { size = 0, pax }: PaxHeaders, stream: Readable): Promise<void> {
    if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..'))
      throw damaged('an object has a key that no object has')
    const hash = createHash('sha256')
    stream.on('data', (chunk: Buffer) => hash.update(chunk))
    stream.pause()
    const ended = new Promise<void>((resolve, reject) => stream.once('end', resolve).once('error', reject))
    const { contentType, metadata } = attributesOf(pax)
    await this.#visit(() => this.visitor.object?.({ key, size, contentType, metadata, body: stream }))
    stream.resume()
    await ended
    noteObject(this.#objects, key, size, hash.digest('hex'))
    this.#objectCount += 1
    this.#objectBytes += size
  }

  async #visit(visit: () => Promise<void> | void): Promise<void> {
    try {
      await visit()
    } catch (error) {
      this.refused = { error }
      throw error
    }
  }

  #end(body: Buffer): void {
    this.#isOver = true
    const text = body.toString('utf8')
    const format = (JSON.parse(text) as { format?: unknown; kind?: unknown } | null)?.format
    if (typeof format === 'number' && format > 1)
      throw tenantError(
        'newer_format',
        `The archive has format ${format}, which this version does not read.`,
        'Import it with the version that wrote it, or a newer one.',
      )
    this.#manifest = readManifest(text)
    if (!this.#manifest) throw damaged('its manifest is not what was written')
  }
}

/** The error for an archive that is not what was written. */
export function damaged(how: string, cause?: unknown): BackupError {
  return tenantError(
    'damaged',
    `The archive is damaged: ${how}. Nothing was changed.`,
    'Fetch it again, or take another copy.',
    cause,
  )
}

function attributesOf(pax: PaxHeaders['pax']): { contentType: string; metadata: Record<string, string> } {
  const contentType = pax?.[OBJECT_TYPE] ?? 'application/octet-stream'
  try {
    return { contentType, metadata: JSON.parse(pax?.[OBJECT_METADATA] ?? '{}') as Record<string, string> }
  } catch (error) {
    throw damaged('the attributes of an object cannot be read', error)
  }
}

async function whole(stream: Readable, size: number): Promise<Buffer> {
  if (size > MOST_BYTES) throw notAnArchive()
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
