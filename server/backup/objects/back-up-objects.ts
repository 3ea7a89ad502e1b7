import type { ObjectInfo, ObjectStore } from '../../storage/object-store/object-store.js'
import type { Part } from '../manifest.js'
import { type IndexedObject, writeObjectIndex } from '../object-index.js'
import { ContentKeeper, type KeeperOptions, type Stored } from './content-keeper.js'
import { inOrder } from './in-order.js'
import { joinByKey } from './join-by-key.js'
import { KnownContents } from './known-contents.js'
import { type ListedObject, liveObjects } from './live-objects.js'
import { ObjectChanged, openLive, readLiveObject } from './read-object.js'

/** How often an object that is replaced while it is read is begun anew. */
const TRIES = 5

/** How far a backup of objects is. */
export interface ObjectsProgress {
  /** Objects in the backup so far, and their bytes, with what has been read of those under way. */
  readonly count: number
  readonly bytes: number
  /** Bytes there will be about, as the backup before had them; never less than `bytes`. */
  readonly total_bytes: number
  /** Objects that had to be written, and the bytes written. */
  readonly new_count: number
  readonly new_bytes: number
}

export interface BackUpObjectsOptions extends Omit<KeeperOptions, 'onBytes'> {
  readonly objects: ObjectStore
  /** Id of the backup that gets the index. */
  readonly backup: string
  /** The index of the backup before: what has not changed since is not read. Give none where `renew` is asked for. */
  readonly previous?: AsyncIterable<IndexedObject> | undefined
  /** Bytes of the objects of the backup before. */
  readonly previousBytes?: number | undefined
  /** Objects read at the same time. */
  readonly jobs?: number | undefined
  readonly onProgress?: ((progress: ObjectsProgress) => void) | undefined
}

export interface BackedUpObjects extends Omit<ObjectsProgress, 'total_bytes'> {
  /** Objects that were deleted meanwhile, and so are not in it. */
  readonly gone_count: number
  readonly index: Part
}

/**
 * Brings every object of the deployment into every target, and an index of them into the backup. Each content is
 * written once whatever the number of objects and backups that have it. An object replaced meanwhile is there as it
 * was before or after, whole; memory does not grow with the size of objects.
 */
export async function backUpObjects(options: BackUpObjectsOptions): Promise<BackedUpObjects> {
  const run = new Run(options)
  const { index } = await writeObjectIndex(options.stores, options.backup, run.lines(), options)
  return { ...run.done, index }
}

/** An object, and what the backup before knew of it. */
interface Pair {
  readonly live: ListedObject
  readonly before: IndexedObject | undefined
}

/** What was found out of one object, and the bytes written for it. */
interface Line {
  readonly facts: IndexedObject
  readonly written: number
}

class Run {
  readonly done = { count: 0, bytes: 0, new_count: 0, new_bytes: 0, gone_count: 0 }
  readonly #options: BackUpObjectsOptions
  readonly #keeper: ContentKeeper
  #known: readonly KnownContents[] = []
  /** Bytes read of objects that are under way. */
  #underway = 0
  #told = 0

  constructor(options: BackUpObjectsOptions) {
    this.#options = options
    const onBytes = (bytes: number) => {
      this.#underway += bytes
      this.#tell()
    }
    this.#keeper = new ContentKeeper({ ...options, onBytes })
  }

  async *lines(): AsyncGenerator<IndexedObject> {
    const { stores, previous, sealing, signal, jobs = 4 } = this.#options
    // Without an index of before nothing is reused, and the lists are not worth reading.
    if (previous)
      this.#known = await Promise.all(stores.map((store) => KnownContents.read(store, sealing, signal)))
    for await (const line of inOrder(this.#pairs(), jobs, (pair) => this.#look(pair))) {
      signal?.throwIfAborted()
      if (!line) this.done.gone_count += 1
      else {
        this.#count(line)
        yield line.facts
      }
    }
  }

  async *#pairs(): AsyncGenerator<Pair> {
    const { objects, previous, signal } = this.#options
    for await (const { left, right } of joinByKey(liveObjects(objects, signal), previous ?? nothing()))
      if (left) yield { live: left, before: right }
  }

  async #look({ live, before }: Pair): Promise<Line | undefined> {
    const isSame = before && before.size === live.size && before.etag === live.etag
    return (isSame && (await this.#reuse(live, before))) || this.#readLive(live)
  }

  /** What the backup before knew, without reading the object; undefined where it is not enough. */
  async #reuse(live: ListedObject, before: IndexedObject): Promise<Line | undefined> {
    const { objects } = this.#options
    const { sha256, stored } = before
    let facts = before
    // The same bytes put again: type and metadata may be others.
    if (before.modified_at !== live.modifiedAt.toISOString()) {
      const info = await objects.head(live.key)
      if (info?.etag !== live.etag) return undefined
      facts = factsOf(info, live, sha256, stored)
    }
    if (this.#known.every((known) => known.size(sha256) === stored.size)) return { facts, written: 0 }
    try {
      const kept = await this.#keeper.keep(sha256, () => openLive(objects, live.key, sha256), stored)
      return { facts: { ...facts, stored: kept.stored }, written: kept.written }
    } catch (error) {
      if (error instanceof ObjectChanged) return undefined
      throw error
    }
  }

  async #readLive(live: ListedObject): Promise<Line | undefined> {
    const { objects, signal } = this.#options
    for (let tries = 1; ; tries += 1) {
      const found = await readLiveObject(objects, live.key, signal)
      if (!found) return undefined
      try {
        const { stored, written } = await this.#keeper.keep(found.sha256, found.open)
        return { facts: factsOf(found.info, live, found.sha256, stored), written }
      } catch (error) {
        if (!(error instanceof ObjectChanged) || tries === TRIES) throw error
      }
    }
  }

  #count({ facts, written }: Line): void {
    this.done.count += 1
    this.done.bytes += facts.size
    this.done.new_bytes += written
    if (written > 0) {
      this.done.new_count += 1
      this.#underway = Math.max(0, this.#underway - facts.size)
    }
    this.#tell()
  }

  #tell(): void {
    const { previousBytes = 0, onProgress } = this.#options
    const { gone_count: _, ...done } = this.done
    // One that is begun anew counts twice for a while: what was told is never taken back.
    this.#told = Math.max(this.#told, done.bytes + this.#underway)
    onProgress?.({ ...done, bytes: this.#told, total_bytes: Math.max(previousBytes, this.#told) })
  }
}

/** The line of an object. A list tells the time more exactly than a header, and it is what the next run compares with. */
function factsOf(info: ObjectInfo, listed: ListedObject, sha256: string, stored: Stored): IndexedObject {
  const { key, size, etag, contentType, metadata } = info
  const modified = etag === listed.etag ? listed.modifiedAt : info.modifiedAt
  return {
    ...{ key, size, sha256, etag },
    content_type: contentType,
    metadata: { ...metadata },
    modified_at: modified.toISOString(),
    stored,
  }
}

async function* nothing(): AsyncGenerator<never> {}
