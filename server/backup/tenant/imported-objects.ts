import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ObjectStore } from '../../storage/object-store/object-store.js'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'
import { type ArchivedObject, type ArchiveSource, readArchive } from './archive-reader.js'
import { eachObject } from './tenant-objects.js'

interface Rules {
  readonly conflict: 'refuse' | 'merge-missing' | 'replace'
  readonly dryRun?: boolean | undefined
}

/**
 * The objects of an import. New ones are stored before the transaction commits, and go again where it does not; what is
 * replaced is replaced after it, since the old one could not be brought back.
 */
export class ImportedObjects {
  readonly #added: string[] = []
  readonly #replaced = new Set<string>()
  readonly #named = new Set<string>()
  #stored = 0
  #kept = 0
  #removed = 0

  constructor(
    private readonly store: ObjectStore,
    private readonly tenantId: string,
    private readonly rules: Rules,
  ) {}

  get counts(): { stored: number; kept: number; removed: number } {
    return { stored: this.#stored, kept: this.#kept, removed: this.#removed }
  }

  /** Takes an object of the archive. */
  async take(object: ArchivedObject): Promise<void> {
    const key = this.#keyOf(object)
    this.#named.add(key)
    const present = await this.store.head(key)
    if (present && this.rules.conflict === 'replace') {
      this.#replaced.add(key)
    } else if (present) {
      this.#kept += 1
    } else {
      this.#stored += 1
      if (this.rules.dryRun) return
      this.#added.push(key)
      await this.#put(key, object)
    }
  }

  /** Notes an object that the import stored by itself. */
  note(key: string): void {
    this.#named.add(key)
    this.#added.push(key)
  }

  /** After the commit: puts new contents in the place of old ones, and removes what the archive has not. */
  async settle(source: ArchiveSource): Promise<void> {
    if (this.rules.dryRun || this.rules.conflict !== 'replace') return
    if (this.#replaced.size > 0)
      await readArchive(source, {
        object: async (object) => {
          const key = this.#keyOf(object)
          if (!this.#replaced.has(key)) return
          await this.#put(key, object)
          this.#stored += 1
        },
      })
    for await (const key of eachObject(this.store, this.tenantId)) {
      // Chains that were attached by earlier imports are proof of what was here, and stay.
      if (this.#named.has(key) || key.startsWith(`${tenantPrefix(this.tenantId)}imports/`)) continue
      await this.store.delete(key)
      this.#removed += 1
    }
  }

  /** Where nothing was committed: removes what was stored. */
  async takeBack(): Promise<void> {
    for (const key of this.#added) await this.store.delete(key).catch(() => undefined)
  }

  #keyOf({ key }: ArchivedObject): string {
    return tenantPrefix(this.tenantId) + key
  }

  async #put(key: string, { body, size, contentType, metadata }: ArchivedObject): Promise<void> {
    const through = new PassThrough()
    await Promise.all([
      pipeline(body, through),
      this.store.put(key, through, { contentType, metadata, maxBytes: size }),
    ])
  }
}
