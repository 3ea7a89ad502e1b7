import { Readable } from 'node:stream'
import { BackupError } from '../backup-error.js'
import { verified } from '../codec/read-part.js'
import type { Opening, Sealing } from '../codec/sealing.js'
import type { Throttle } from '../codec/throttle.js'
import { writePart } from '../codec/write-part.js'
import { type IndexedObject, objectName } from '../object-index.js'
import type { BackupStore } from '../stores/backup-store.js'
import { measureContent } from './measure-content.js'

/** Size and hash of a content as it lies in a target. */
export type Stored = IndexedObject['stored']

/** How many contents are remembered as stored, so that objects alike are not looked up one by one. */
const REMEMBERED = 10_000

/** A content in all targets, and the bytes written for it: once whatever the number of targets, 0 where all had it. */
export interface Kept {
  readonly stored: Stored
  readonly written: number
}

export interface KeeperOptions {
  readonly stores: readonly BackupStore[]
  readonly sealing: Sealing
  readonly opening: Opening
  readonly throttle?: Throttle | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with the bytes of each piece of a content that is written. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  /** Writes what is there anew, for other keys than it was sealed for. */
  readonly renew?: boolean | undefined
}

/**
 * Sees to it that contents lie in every target, each under the name of its SHA-256 and written only where it is
 * missing. What one target has and another lacks is copied as it is, so that all hold the same bytes and one index
 * tells the truth of them all.
 */
export class ContentKeeper {
  readonly #options: KeeperOptions
  readonly #underway = new Map<string, Promise<Kept>>()
  readonly #remembered = new Map<string, Stored>()

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /**
   * `read` opens the content and fails at its end where it is not the one of this hash; `expected` is how an index
   * says that it is stored.
   */
  async keep(sha256: string, read: () => Readable, expected?: Stored): Promise<Kept> {
    const remembered = this.#remembered.get(sha256)
    if (remembered) return { stored: remembered, written: 0 }
    const before = this.#underway.get(sha256)
    if (before) return { ...(await before), written: 0 }
    const work = this.#keep(sha256, read, expected)
    this.#underway.set(sha256, work)
    try {
      const kept = await work
      this.#remember(sha256, kept.stored)
      return kept
    } finally {
      this.#underway.delete(sha256)
    }
  }

  async #keep(sha256: string, read: () => Readable, expected: Stored | undefined): Promise<Kept> {
    const { stores, sealing, renew } = this.#options
    const name = objectName(sha256, sealing)
    if (renew) return this.#write(name, read)
    const sizes = await Promise.all(stores.map((store) => store.size(name)))
    const there = stores.filter((_, n) => sizes[n] !== undefined)
    const stored = expected ?? (await this.#measureFirst(there, name, sha256))
    const having = stored && stores.find((_, n) => sizes[n] === stored.size)
    if (!stored || !having) return this.#write(name, read)
    const lacking = stores.filter((_, n) => sizes[n] !== stored.size)
    if (lacking.length === 0) return { stored, written: 0 }
    const isCopied = await this.#copy(having, lacking, { name, ...stored })
    return isCopied ? { stored, written: stored.size } : this.#write(name, read)
  }

  async #write(name: string, read: () => Readable): Promise<Kept> {
    const { size, sha256 } = await writePart(this.#options.stores, name, read(), this.#options)
    return { stored: { size, sha256 }, written: size }
  }

  /** What lies there and is in no index at hand, as a backup that was cut off leaves it, is opened to be sure of it. */
  async #measureFirst(
    stores: readonly BackupStore[],
    name: string,
    sha256: string,
  ): Promise<Stored | undefined> {
    for (const store of stores) {
      const stored = await measureContent(store, name, sha256, this.#options)
      if (stored) return stored
    }
    return undefined
  }

  async #copy(
    from: BackupStore,
    to: readonly BackupStore[],
    part: Stored & { name: string },
  ): Promise<boolean> {
    try {
      for (const store of to)
        await store.put(part.name, Readable.from(this.#paced(from, part), { objectMode: false }))
      return true
    } catch (error) {
      if (error instanceof BackupError && error.code === 'damaged') return false
      throw error
    }
  }

  async *#paced(from: BackupStore, part: Stored & { name: string }): AsyncGenerator<Buffer> {
    const { throttle, signal } = this.#options
    for await (const piece of verified(from, part, signal)) {
      await throttle?.take(piece.length, signal)
      yield piece
    }
  }

  #remember(sha256: string, stored: Stored): void {
    this.#remembered.set(sha256, stored)
    if (this.#remembered.size <= REMEMBERED) return
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined) this.#remembered.delete(oldest)
  }
}
