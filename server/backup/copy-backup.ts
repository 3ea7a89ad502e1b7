import { Readable } from 'node:stream'
import { BackupError } from './backup-error.js'
import { type BackupObject, backupObjects } from './backup-objects.js'
import { stored, verified } from './codec/read-part.js'
import type { Opening } from './codec/sealing.js'
import type { Throttle } from './codec/throttle.js'
import { inParallel } from './in-parallel.js'
import type { Manifest, Part } from './manifest.js'
import { manifestName, partsOf, readManifest, writeManifest } from './manifests.js'
import { type IndexedObject, readObject } from './object-index.js'
import type { BackupStore } from './stores/backup-store.js'

const AT_ONCE = 3

export interface CopyOptions {
  /** Opens the index of objects; needed where a sealed backup has any. */
  readonly opening?: Opening | undefined
  readonly throttle?: Throttle | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: CopyResult) => void) | undefined
}

export interface CopyResult {
  /** Files written, and their bytes. */
  readonly copied: number
  readonly bytes: number
  /** Files that were there. */
  readonly skipped: number
}

/**
 * Copies a backup with its objects into another store, its manifest last. Every file is held against its hash on the way:
 * what is damaged is not copied. May be repeated when it broke off; what is there is not copied again.
 */
export async function copyBackup(
  from: BackupStore,
  to: BackupStore,
  manifest: Manifest,
  { opening, throttle, signal, onProgress }: CopyOptions = {},
): Promise<CopyResult> {
  const done = { copied: 0, bytes: 0, skipped: 0 }
  await refuseAnother(to, manifest)
  const put = async (name: string, bytes: AsyncIterable<Buffer>) => {
    const counted = paced(bytes, (length) => {
      done.bytes += length
    })
    await to.put(name, Readable.from(counted, { objectMode: false }))
    done.copied += 1
  }
  async function* paced(
    bytes: AsyncIterable<Buffer>,
    onBytes: (length: number) => void,
  ): AsyncGenerator<Buffer> {
    for await (const piece of bytes) {
      await throttle?.take(piece.length, signal)
      yield piece
      onBytes(piece.length)
    }
  }
  const isOver = () => onProgress?.({ ...done })
  const copyPart = async (part: Part) => {
    if ((await to.size(part.name)) === part.size) done.skipped += 1
    else await put(part.name, verified(from, part, signal))
    isOver()
  }
  /** Held against the index where it tells of these very bytes, against the content where it was sealed anew. */
  const putObject = async ({ name, object }: BackupObject, reading: Reading) => {
    try {
      await put(name, verified(from, { name, ...object.stored }, signal))
    } catch (error) {
      const isDamaged = error instanceof BackupError && error.code === 'damaged'
      if (!isDamaged || !(await isWhole(from, object, reading))) throw error
      await put(name, stored(from, name, signal))
    }
  }
  const copyObject = async (each: BackupObject) => {
    const reading = { manifest, opening: opening ?? 'none', signal }
    if (await isThere(to, each, reading)) done.skipped += 1
    else await putObject(each, reading)
    isOver()
  }

  await inParallel(partsOf(manifest), AT_ONCE, copyPart)
  await inParallel(backupObjects(from, manifest, opening, signal), AT_ONCE, copyObject)
  await writeManifest(to, manifest)
  return done
}

interface Reading {
  readonly manifest: Manifest
  readonly opening: Opening
  readonly signal: AbortSignal | undefined
}

/** The same content may be there sealed anew, for other keys too: backups that name it may need just that. */
async function isThere(to: BackupStore, { name, object }: BackupObject, reading: Reading): Promise<boolean> {
  const size = await to.size(name)
  if (size === undefined || size === object.stored.size) return size !== undefined
  return isWhole(to, object, reading)
}

async function isWhole(
  store: BackupStore,
  object: IndexedObject,
  { manifest, opening, signal }: Reading,
): Promise<boolean> {
  try {
    for await (const _ of readObject(store, object, manifest.encryption, { opening, signal }));
    return true
  } catch (error) {
    if (error instanceof BackupError && error.code === 'damaged') return false
    throw error
  }
}

async function refuseAnother(to: BackupStore, manifest: Manifest): Promise<void> {
  if ((await to.size(manifestName(manifest.id))) === undefined) return
  const there = await readManifest(to, manifest.id)
  if (there.seal === manifest.seal) return
  throw new BackupError({
    code: 'backup_exists',
    message: `${to.name} holds another backup with the id ${manifest.id}.`,
    next: 'Copy to another target, or remove that backup first.',
  })
}
