import { BackupError } from './backup-error.js'
import { backupObjects, isKeyMissing } from './backup-objects.js'
import { chooseKept, type Retention } from './choose-kept.js'
import type { Opening } from './codec/sealing.js'
import { type BackupList, listBackups } from './list-backups.js'
import type { Manifest } from './manifest.js'
import { backupPrefix, manifestName } from './manifests.js'
import type { BackupStore } from './stores/backup-store.js'

const DAY_MS = 86_400_000

export interface PruneOptions {
  readonly keep: Retention
  readonly timeZone: string
  /** Opens the indexes of objects; without it objects of sealed backups are left. */
  readonly opening?: Opening | undefined
  /** Only backups of this deployment are removed; default: of all. */
  readonly deployment?: string | undefined
  /** Runs that go on: what they wrote so far, and objects they may count on, are left. */
  readonly living?: readonly string[] | undefined
  /** Backups to keep whatever their age, such as the one an upgrade would go back to. */
  readonly needed?: readonly string[] | undefined
  /** Only tells what would be removed. */
  readonly dryRun?: boolean | undefined
  readonly now?: Date | undefined
  readonly signal?: AbortSignal | undefined
  readonly onDetail?: ((detail: string) => void) | undefined
}

export interface PruneResult {
  /** Ids, newest first. */
  readonly kept: readonly string[]
  readonly removed: readonly string[]
  /** What was left of runs that did not end. */
  readonly removed_incomplete: readonly string[]
  readonly removed_objects: { readonly count: number; readonly bytes: number }
  /** Whether objects that no backup names any more were looked for, and why not. */
  readonly objects: 'pruned' | 'left'
  readonly notes: readonly string[]
}

/**
 * Removes backups beyond what is to be kept, then objects that none of the kept ones names. What is kept stays whole
 * wherever this ends: a manifest goes before its parts, objects go last, and only when every index could be read.
 */
export async function pruneBackups(store: BackupStore, options: PruneOptions): Promise<PruneResult> {
  const now = options.now ?? new Date()
  const list = await listBackups(store)
  const { kept, removed } = divide(list, options)
  const leftovers = list.incomplete
    .filter(({ id, touchedAt }) => isLeftover(touchedAt, now) && !options.living?.includes(id))
    .map(({ id }) => id)
  const remove = options.dryRun ? async () => {} : (name: string) => store.delete(name)

  for (const { id } of removed) {
    options.onDetail?.(id)
    await remove(manifestName(id))
    await removeFiles(store, id, remove, options.signal)
  }
  for (const id of leftovers) {
    options.onDetail?.(id)
    await removeFiles(store, id, remove, options.signal)
  }
  const reason = await whyObjectsStay(store, list, leftovers, options)
  const objects =
    reason === undefined
      ? await pruneObjects(store, kept, remove, now, options)
      : { count: 0, bytes: 0, notes: [reason] }
  const { notes, ...removedObjects } = objects
  return {
    kept: kept.map(({ id }) => id),
    removed: removed.map(({ id }) => id),
    removed_incomplete: leftovers,
    removed_objects: removedObjects,
    objects: notes.length === 0 ? 'pruned' : 'left',
    notes,
  }
}

function divide(
  { complete }: BackupList,
  { keep, timeZone, deployment, needed = [] }: PruneOptions,
): { kept: Manifest[]; removed: Manifest[] } {
  const all = complete.map(({ manifest }) => manifest)
  const ours = all.filter((each) => deployment === undefined || each.deployment.id === deployment)
  const chosen = chooseKept(ours, keep, timeZone)
  const goes = (each: Manifest) => ours.includes(each) && !chosen.has(each.id) && !needed.includes(each.id)
  return { kept: all.filter((each) => !goes(each)), removed: all.filter(goes) }
}

function isLeftover(touchedAt: Date, now: Date): boolean {
  return now.getTime() - touchedAt.getTime() > DAY_MS
}

async function removeFiles(
  store: BackupStore,
  id: string,
  remove: (name: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const { name } of store.list(backupPrefix(id))) {
    signal?.throwIfAborted()
    await remove(name)
  }
}

/** A run that goes on counts on objects that no index names yet, and a backup that cannot be read may name any. */
async function whyObjectsStay(
  store: BackupStore,
  before: BackupList,
  leftovers: readonly string[],
  { living = [] }: PruneOptions,
): Promise<string | undefined> {
  const { complete, incomplete, unreadable } = await listBackups(store)
  if (unreadable.length > 0)
    return `Objects were left: ${unreadable[0]?.id} cannot be read, so nobody knows which it needs.`
  const known = new Set([...before.complete.map(({ manifest }) => manifest.id), ...leftovers])
  const isNew = complete.some(({ manifest }) => !known.has(manifest.id))
  // A removed one whose parts are still there in a dry run has its manifest, and is no new one.
  const isUnderWay = living.length > 0 || incomplete.some(({ id }) => !known.has(id))
  if (isNew || isUnderWay)
    return 'Objects were left: another backup is being made, or was broken off less than a day ago.'
  return undefined
}

async function pruneObjects(
  store: BackupStore,
  kept: readonly Manifest[],
  remove: (name: string) => Promise<void>,
  now: Date,
  { opening, signal }: PruneOptions,
): Promise<{ count: number; bytes: number; notes: string[] }> {
  const needed = new Set<number>()
  try {
    for (const manifest of kept) {
      for await (const { name } of backupObjects(store, manifest, opening, signal)) needed.add(shortOf(name))
    }
  } catch (error) {
    return { count: 0, bytes: 0, notes: [whyUnread(error)] }
  }
  const removed = { count: 0, bytes: 0 }
  for await (const { name, size, modifiedAt } of store.list('objects/')) {
    signal?.throwIfAborted()
    const short = shortOf(name)
    if (Number.isNaN(short) || needed.has(short) || !isLeftover(modifiedAt, now)) continue
    await remove(name)
    removed.count += 1
    removed.bytes += size
  }
  return { ...removed, notes: [] }
}

function whyUnread(error: unknown): string {
  if (isKeyMissing(error))
    return 'Objects were left: their indexes are sealed, and the key that was given, if any, does not open all of them.'
  if (error instanceof BackupError && error.code !== 'store_unavailable')
    return `Objects were left: which are needed is not known. ${error.message}`
  throw error
}

/**
 * The first 52 bits of a digest, to hold a million of them in a little memory. Two objects that share them are a chance of
 * one in thousands, and all it does is to keep one that is not needed.
 */
function shortOf(name: string): number {
  return Number.parseInt(/([0-9a-f]{13})[0-9a-f]{51}\.zst(\.age)?$/.exec(name)?.[1] ?? '', 16)
}
