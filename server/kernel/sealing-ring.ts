/** A data key: what is sealed with it names its id. */
export interface SealingKey {
  /** 1 and up; never given twice. */
  id: number
  /** 32 bytes. */
  key: Buffer
  /** `performance.now()` from which values are sealed with it; by then every process knows it. */
  sealsFrom: number
}

/** A sealed value names a data key that this process does not know (yet). */
export class UnknownSealingKey extends Error {
  override readonly name = 'UnknownSealingKey'
  constructor(readonly id: number) {
    super(`a value is sealed with key ${id}, which is not known here`)
  }
}

/**
 * The data keys of this process, newest first. Empty until the first rotation: values are then sealed with the key
 * that is derived from the root key. What the ring holds is replaced as a whole, never changed.
 */
export class SealingRing {
  #keys: readonly SealingKey[] = []
  #onUnknown: () => void = () => undefined

  /** Takes these keys instead of what it had. */
  replace(keys: readonly SealingKey[]): void {
    this.#keys = [...keys].sort((a, b) => b.id - a.id)
  }

  /** Called when a value names a key that is not here: another process may have made it. */
  onUnknown(listener: () => void): void {
    this.#onUnknown = listener
  }

  /** The key to seal with at `now`; undefined before the first rotation. */
  current(now = performance.now()): SealingKey | undefined {
    return this.#keys.find(({ sealsFrom }) => sealsFrom <= now)
  }

  /** The key of an id; throws UnknownSealingKey where it was dropped or is not known yet. */
  find(id: number): Buffer {
    const known = this.#keys.find((key) => key.id === id)
    if (known) return known.key
    this.#onUnknown()
    throw new UnknownSealingKey(id)
  }
}
