import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { BackupError, damaged } from './backup-error.js'
import { stored } from './codec/read-part.js'
import { FORMAT, type Manifest, manifestSchema, type Part } from './manifest.js'
import type { BackupStore } from './stores/backup-store.js'

/** A manifest of a hundred thousand parts has 30 MB. */
const MAX_BYTES = 64 * 1024 * 1024
const ID = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/

/** Where a backup's own files lie. */
export function backupPrefix(id: string): string {
  return `backups/${id}/`
}

export function manifestName(id: string): string {
  return `${backupPrefix(id)}manifest.json`
}

/** Completes a manifest by its seal. */
export function sealManifest(content: Omit<Manifest, 'seal'>): Manifest {
  // Checked first: it also brings the keys into the order that they are written in.
  const { seal: _, ...rest } = manifestSchema.parse({ ...content, seal: '0'.repeat(64) })
  return checkParts({ ...rest, seal: sealOf(rest) })
}

/** Writes the manifest: from now on the backup exists in this store. All its parts must be there. */
export async function writeManifest(store: BackupStore, manifest: Manifest): Promise<void> {
  const { seal, ...rest } = manifest
  if (sealOf(rest) !== seal) throw damaged(manifestName(manifest.id), 'it was changed after it was sealed')
  await store.put(manifestName(manifest.id), Readable.from([Buffer.from(JSON.stringify(manifest))]))
}

/** The manifest of a backup, whole and of a format that is known; throws a BackupError for anything else. */
export async function readManifest(store: BackupStore, id: string): Promise<Manifest> {
  if (!ID.test(id)) throw unknown(store, id)
  const name = manifestName(id)
  const pieces: Buffer[] = []
  let length = 0
  const bytes = stored(store, name)
  try {
    for await (const piece of bytes) {
      length += piece.length
      if (length > MAX_BYTES) throw damaged(name, 'it is larger than any manifest')
      pieces.push(piece)
    }
  } catch (error) {
    throw error instanceof BackupError && error.code === 'not_found' ? unknown(store, id) : error
  }
  return parseManifest(id, Buffer.concat(pieces).toString('utf8'))
}

/** Every file of a backup but its manifest and its objects. */
export function partsOf({ database, objects, kit }: Manifest): Part[] {
  const index = objects === null ? [] : [objects.index]
  return [...database.tables.flatMap((table) => table.parts), ...index, ...(kit === null ? [] : [kit])]
}

function parseManifest(id: string, text: string): Manifest {
  const name = manifestName(id)
  const document = parseJson(name, text)
  checkFormat(document)
  const { seal, ...rest } = document
  if (sealOf(rest) !== seal) throw damaged(name, 'it is not the manifest that was written')
  if (document.id !== id) throw damaged(name, 'it is the manifest of another backup')
  const parsed = manifestSchema.safeParse(document)
  if (!parsed.success)
    throw damaged(name, `${parsed.error.issues[0]?.path.join('.')} is not valid`, parsed.error)
  return checkParts(parsed.data)
}

function parseJson(name: string, text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return { ...document }
  } catch {
    // Told below, as for any other text that is no manifest.
  }
  throw damaged(name, 'it is no JSON document')
}

/** Before anything else is looked at: what another format says of the rest is not known here. */
function checkFormat({ format, deployment }: Record<string, unknown>): void {
  if (format === FORMAT) return
  const made = (deployment as { version?: unknown } | null | undefined)?.version
  const version = typeof made === 'string' && /^[\w.+-]{1,40}$/.test(made) ? made : undefined
  const isNewer = typeof format === 'number' && format > FORMAT
  if (isNewer)
    throw new BackupError({
      code: 'too_new',
      message: `This backup was made by a newer VetrAI${version === undefined ? '' : ` (${version})`}: its format is ${format}, this version knows format ${FORMAT}.`,
      next: `Use VetrAI ${version ?? 'of the version that made it'} or later.`,
    })
  throw new BackupError({
    code: 'unknown_format',
    message: `This backup has a format that this version of VetrAI does not know; it knows format ${FORMAT}.`,
    next: `Use VetrAI ${version ?? 'of the version that made it'}.`,
  })
}

/** No name twice, and none outside of what is the backup's own. */
function checkParts(manifest: Manifest): Manifest {
  const name = manifestName(manifest.id)
  const seen = new Set([name])
  for (const part of partsOf(manifest)) {
    if (!part.name.startsWith(backupPrefix(manifest.id)))
      throw damaged(name, `it names ${part.name}, which is not its own`)
    if (seen.has(part.name)) throw damaged(name, `it names ${part.name} twice`)
    if (part.name.endsWith('.age') !== isSealed(manifest, part))
      throw damaged(name, `${part.name} is not sealed as the backup is`)
    seen.add(part.name)
  }
  return manifest
}

/** The kit holds secrets: it is sealed whatever the backup is. */
function isSealed({ encryption, kit }: Manifest, part: Part): boolean {
  return encryption === 'age' || part === kit
}

function sealOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

function unknown(store: BackupStore, id: string): BackupError {
  return new BackupError({
    code: 'not_found',
    message: `${store.name} holds no backup ${JSON.stringify(id.slice(0, 60))}.`,
    next: '`vetrai backup list` shows what is there; `latest` stands for the newest.',
  })
}
