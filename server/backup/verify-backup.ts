import { BackupError } from './backup-error.js'
import { type BackupObject, backupObjects, isKeyMissing } from './backup-objects.js'
import { checkPart, readPart } from './codec/read-part.js'
import type { Opening } from './codec/sealing.js'
import { inParallel } from './in-parallel.js'
import type { Manifest, Part } from './manifest.js'
import { partsOf } from './manifests.js'
import { readObject } from './object-index.js'
import type { BackupStore } from './stores/backup-store.js'

/** Files that are read at once. */
const AT_ONCE = 3

export interface VerifyOptions {
  /** Without it a sealed backup is only held against its hashes, and its objects, whose index is sealed, are not looked at. */
  readonly opening?: Opening | undefined
  /** With false only hashes are compared, nothing is decrypted but the index of objects. */
  readonly content?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
}

export interface VerifyProgress {
  readonly files: number
  /** At most: objects with the same content are one file. */
  readonly files_total: number
  /** Bytes as stored. */
  readonly bytes: number
}

/** What is wrong with one file of a backup. */
export interface BackupProblem {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly next: string
}

export interface VerifyResult {
  /** All that was looked at is whole. */
  readonly ok: boolean
  /** Whether the contents were decrypted and decompressed too. */
  readonly content: boolean
  /** `sealed`: not looked at, no key was given for their index. */
  readonly objects: 'checked' | 'sealed' | 'none'
  /** Files looked at, objects included. */
  readonly parts: number
  /** Their bytes as stored. */
  readonly bytes: number
  readonly problems: readonly BackupProblem[]
}

/**
 * Reads every file of a backup and tells all that is wrong with it, not only the first. Throws for what says nothing of
 * the backup: a store that cannot be read, a key that does not fit.
 */
export async function verifyBackup(
  store: BackupStore,
  manifest: Manifest,
  { opening: given, content: isWanted = true, signal, onProgress }: VerifyOptions = {},
): Promise<VerifyResult> {
  const opening = given ?? (manifest.encryption === 'none' ? 'none' : undefined)
  const content = isWanted && opening !== undefined
  const problems: BackupProblem[] = []
  const parts = partsOf(manifest)
  const objects = objectsState(manifest, opening)
  const most = objects === 'checked' ? (manifest.objects?.count ?? 0) : 0
  const done = { files: 0, files_total: parts.length + most, bytes: 0 }
  const check = async (name: string, size: number, work: () => Promise<void>) => {
    await work().catch((error: unknown) => problems.push(problemOf(name, error)))
    done.files += 1
    done.bytes += size
    onProgress?.({ ...done })
  }

  await inParallel(parts, AT_ONCE, (part) =>
    check(part.name, part.size, () => checkOne(store, manifest, part, content ? opening : undefined, signal)),
  )
  const index = manifest.objects?.index.name ?? ''
  if (objects === 'checked' && opening !== undefined && !problems.some(({ name }) => name === index)) {
    const found = backupObjects(store, manifest, opening, signal)
    await inParallel(found, AT_ONCE, (object) =>
      check(object.name, object.object.stored.size, () =>
        checkObject(store, manifest, object, { opening, content, signal }),
      ),
    ).catch((error: unknown) => problems.push(problemOf(index, error)))
  }
  return { ok: problems.length === 0, content, objects, parts: done.files, bytes: done.bytes, problems }
}

function objectsState(manifest: Manifest, opening: Opening | undefined): VerifyResult['objects'] {
  if (manifest.objects === null) return 'none'
  return opening === undefined ? 'sealed' : 'checked'
}

async function checkOne(
  store: BackupStore,
  manifest: Manifest,
  part: Part,
  opening: Opening | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (opening === undefined) return checkPart(store, part, { signal })
  try {
    await drain(readPart(store, part, { opening, signal }))
  } catch (error) {
    // The kit is sealed for the recovery key whatever the backup is sealed with.
    if (part !== manifest.kit || !isKeyMissing(error)) throw error
    await checkPart(store, part, { signal })
  }
}

async function checkObject(
  store: BackupStore,
  manifest: Manifest,
  { name, object }: BackupObject,
  { opening, content, signal }: { opening: Opening; content: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  const readContent = () => drain(readObject(store, object, manifest.encryption, { opening, signal }))
  if (content) return readContent()
  await checkPart(store, { name, ...object.stored }, { signal }).catch((error: unknown) => {
    // Another backup may have stored the same content sealed anew.
    if (!(error instanceof BackupError) || error.code !== 'damaged') throw error
    return readContent()
  })
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

function problemOf(name: string, error: unknown): BackupProblem {
  const isOfTheFile =
    error instanceof BackupError &&
    !['store_unavailable', 'wrong_key', 'key_needed', 'bad_key'].includes(error.code)
  if (!isOfTheFile) throw error
  return { name, code: error.code, message: error.message, next: error.next }
}
