import type { Metrics } from '../observability/metrics.js'
import type { Bus } from './bus.js'

/** The oldest that a cached identity may be, in milliseconds: revocation holds everywhere within a second. */
export const FRESH_MS = 800

interface Entry<T> {
  value: T | null
  /** By the clock, after which it may not be used. */
  until: number
}

export interface FreshCacheOptions {
  /** Bus topic and metric label. */
  name: string
  bus?: Bus
  /** Where its hits and misses are shown. */
  metrics?: Pick<Metrics, 'watchCache'>
  maxEntries?: number
  freshMs?: number
  /** Milliseconds of a clock that never goes back. */
  now?: () => number
}

/**
 * Remembers what the database said for at most `freshMs`, counted from the moment it was asked. A message on
 * the bus drops an entry at once; without the bus (Redis away) the age bound alone keeps the promise. Misses
 * are remembered too. Concurrent loads of one key are one load.
 */
export class FreshCache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #loading = new Map<string, Promise<T | null>>()
  readonly #options: Required<Omit<FreshCacheOptions, 'bus' | 'metrics'>> & { bus: Bus | undefined }
  readonly #unsubscribe: (() => void) | undefined
  hits = 0
  misses = 0

  constructor(options: FreshCacheOptions) {
    const now = () => performance.now()
    this.#options = { maxEntries: 20_000, freshMs: FRESH_MS, now, ...options, bus: options.bus }
    options.metrics?.watchCache(options.name, () => this)
    this.#unsubscribe = options.bus?.subscribe(`drop:${options.name}`, (key) => this.#drop(key))
  }

  /** The value when it is fresh: undefined means unknown, null means known not to exist. */
  peek(key: string): T | null | undefined {
    const entry = this.#entries.get(key)
    if (!entry || this.#options.now() > entry.until) return undefined
    this.hits += 1
    return entry.value
  }

  /** The fresh value, loading it when needed. A load that was overtaken by a drop is used once, never kept. */
  async get(key: string, load: () => Promise<T | null>): Promise<T | null> {
    const known = this.peek(key)
    if (known !== undefined) return known
    const running = this.#loading.get(key)
    if (running) return running
    this.misses += 1
    const askedAt = this.#options.now()
    const loading = load()
      .then((value) => {
        if (this.#loading.get(key) === loading) this.#keep(key, value, askedAt)
        return value
      })
      .finally(() => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key)
      })
    this.#loading.set(key, loading)
    return loading
  }

  /** Forgets a key in every process; call it after the commit that changed it. `*` forgets all. */
  drop(key: string): void {
    if (this.#options.bus) this.#options.bus.publish(`drop:${this.#options.name}`, key)
    else this.#drop(key)
  }

  close(): void {
    this.#unsubscribe?.()
    this.#entries.clear()
  }

  #drop(key: string): void {
    if (key === '*') {
      this.#entries.clear()
      this.#loading.clear()
      return
    }
    this.#entries.delete(key)
    this.#loading.delete(key)
  }

  #keep(key: string, value: T | null, askedAt: number): void {
    // Set anew, so that the order of the map is the order of age.
    this.#entries.delete(key)
    if (this.#entries.size >= this.#options.maxEntries) this.#evict()
    this.#entries.set(key, { value, until: askedAt + this.#options.freshMs })
  }

  #evict(): void {
    const now = this.#options.now()
    for (const [key, entry] of this.#entries) if (entry.until < now) this.#entries.delete(key)
    // Still full of fresh entries: the oldest tenth goes, in insertion order.
    let surplus = this.#entries.size - Math.floor(this.#options.maxEntries * 0.9)
    for (const key of this.#entries.keys()) {
      if (surplus-- <= 0) break
      this.#entries.delete(key)
    }
  }
}
