import { type Sealing, suffixOf } from '../codec/sealing.js'
import type { BackupStore } from '../stores/backup-store.js'

const DIGEST = 32
const ENTRY = DIGEST + 8

/**
 * What a target holds of objects, by content: 40 bytes for each, so that a million of them take 40 MB. A list comes in
 * byte order, and so it can be searched as it is.
 */
export class KnownContents {
  #bytes = Buffer.alloc(ENTRY * 1024)
  #count = 0

  /** Reads the list of a target once. */
  static async read(store: BackupStore, sealing: Sealing, signal?: AbortSignal): Promise<KnownContents> {
    const known = new KnownContents()
    const suffix = suffixOf(sealing)
    for await (const { name, size } of store.list('objects/')) {
      signal?.throwIfAborted()
      const [, sha256, end] = /\/([0-9a-f]{64})(\..*)$/.exec(name) ?? []
      if (sha256 !== undefined && end === suffix) known.#add(sha256, size)
    }
    return known
  }

  /** Bytes as stored of this content; undefined where it is not there. */
  size(sha256: string): number | undefined {
    const wanted = Buffer.from(sha256, 'hex')
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = middle * ENTRY
      const order = wanted.compare(this.#bytes, at, at + DIGEST)
      if (order === 0) return this.#bytes.readDoubleBE(at + DIGEST)
      if (order < 0) high = middle
      else low = middle + 1
    }
    return undefined
  }

  #add(sha256: string, size: number): void {
    const at = this.#count * ENTRY
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(at)])
    this.#bytes.write(sha256, at, 'hex')
    this.#bytes.writeDoubleBE(size, at + DIGEST)
    this.#count += 1
  }
}
