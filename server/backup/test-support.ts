import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Readable as Stream } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { BackupError, missing } from './backup-error.js'
import { type Sealing, suffixOf } from './codec/sealing.js'
import { writePart } from './codec/write-part.js'
import type { Manifest, Part } from './manifest.js'
import { backupPrefix, sealManifest, writeManifest } from './manifests.js'
import { type IndexedObject, objectName, writeObjectIndex } from './object-index.js'
import type { BackupStore, StoredFile } from './stores/backup-store.js'

/** A store in memory, its files there to be looked at and spoiled. */
export interface MemoryStore extends BackupStore {
  readonly files: Map<string, Buffer>
  /** When a file was last written, where that matters. */
  readonly times: Map<string, Date>
}

export function memoryStore(name = 'memory'): MemoryStore {
  const files = new Map<string, Buffer>()
  const times = new Map<string, Date>()
  return {
    name,
    files,
    times,
    put: async (file, body: Readable) => {
      files.set(file, await buffer(body))
      times.set(file, new Date())
    },
    get: async (file) => {
      const bytes = files.get(file)
      if (bytes === undefined) throw missing(name, file)
      return Stream.from(cut(bytes), { objectMode: false })
    },
    size: async (file) => files.get(file)?.length,
    list: async function* (prefix) {
      for (const file of [...files.keys()].sort()) {
        if (!file.startsWith(prefix)) continue
        yield { name: file, size: files.get(file)?.length ?? 0, modifiedAt: times.get(file) ?? new Date() }
      }
    },
    delete: async (file) => {
      files.delete(file)
    },
    free: async () => undefined,
    close: async () => {},
  }
}

/** The BackupError that a promise fails with; anything else fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<BackupError> {
  const error = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  if (!(error instanceof BackupError)) throw new Error(`no BackupError: ${String(error)}`, { cause: error })
  if (error.next === '') throw new Error(`${error.code} does not say what to do`)
  return error
}

async function* cut(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 40_000) yield bytes.subarray(at, at + 40_000)
}

/** What makeBackup puts into a backup. */
export interface BackupContent {
  readonly id: string
  readonly sealing: Sealing
  /** Content of each object by its key. */
  readonly objects?: Readonly<Record<string, string>>
  readonly deployment?: string
  readonly rows?: Buffer
}

/** A whole backup in a store, as a run would write it: two tables, objects that are not there yet, index, manifest. */
export async function makeBackup(
  store: MemoryStore | BackupStore,
  { id, sealing, objects = {}, deployment = 'ours', rows = Buffer.alloc(150_000, id) }: BackupContent,
): Promise<Manifest> {
  const name = (file: string) => `${backupPrefix(id)}data/${file}${suffixOf(sealing)}`
  const write = (file: string, bytes: Buffer) =>
    writePart([store], name(file), Stream.from([bytes]), { sealing })
  const users = await write('users.0001', rows)
  const keys = await write('keys.0001', Buffer.from('a few'))
  const index = await writeObjectIndex([store], id, await storeObjects(store, objects, sealing), { sealing })
  const at = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 11)}:${id.slice(11, 13)}:${id.slice(13, 15)}Z`
  const table = (table: string, part: Part) => ({
    name: table,
    columns: ['id'],
    rows: 1,
    parts: [{ ...part, rows: 1 }],
  })
  const manifest = sealManifest({
    format: 1,
    id,
    created_at: at,
    finished_at: at,
    deployment: { id: deployment, name: 'shop', runtime: 'embedded', version: '1.2.3' },
    reason: 'manual',
    encryption: sealing === 'none' ? 'none' : 'age',
    sealed_for: null,
    compression: 'zstd',
    database: {
      server_version: '17.5',
      schema_version: '20261126000000-x',
      migrations: ['20261126000000-x'],
      extensions: [],
      tables: [table('keys', keys), table('users', users)],
      sequences: [],
    },
    objects: index,
    kit: null,
  })
  await writeManifest(store, manifest)
  return manifest
}

async function storeObjects(
  store: BackupStore,
  objects: Readonly<Record<string, string>>,
  sealing: Sealing,
): Promise<IndexedObject[]> {
  const lines: IndexedObject[] = []
  for (const [key, content] of Object.entries(objects).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const sha256 = createHash('sha256').update(content).digest('hex')
    const name = objectName(sha256, sealing)
    if ((await store.size(name)) === undefined)
      await writePart([store], name, Stream.from([Buffer.from(content)]), { sealing })
    const bytes = await buffer(await store.get(name))
    const stored = { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    const facts = {
      etag: 'e',
      content_type: 'text/plain',
      metadata: {},
      modified_at: '2026-01-01T00:00:00.000Z',
    }
    lines.push({ key, size: Buffer.byteLength(content), sha256, ...facts, stored })
  }
  return lines
}

/** What a store lists, all at once. */
export async function filesOf(store: BackupStore, prefix = ''): Promise<StoredFile[]> {
  const files: StoredFile[] = []
  for await (const file of store.list(prefix)) files.push(file)
  return files
}
