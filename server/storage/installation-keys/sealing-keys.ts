import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { SealingRing } from '../../kernel/sealing-ring.js'
import { dataWrappingKeyOf, unwrapKey, wrapKey } from '../../kernel/wrap-key.js'
import type { Bus } from '../bus.js'
import type { Database } from '../database.js'
import {
  findDataKeys,
  insertDataKey,
  lockInstallationKeys,
  readDataKeys,
  type StoredDataKey,
} from './rows.js'

/** How often a process looks for keys that no message told it of. */
const LOOK_MS = 5_000
/** From when on a new key seals: every process that reaches the database has looked by then, twice. */
export const SEALING_LEAD_MS = 15_000
const TOPIC = 'installation.sealing-keys'

export interface SealingKeysOptions {
  db: Database
  root: Buffer
  log: Logger
}

/** The data keys of the installation, kept up to date in this process and shared through the database. */
export class SealingKeys {
  /** What values are sealed and opened with. */
  readonly ring = new SealingRing()
  readonly #options: SealingKeysOptions
  readonly #wrapping: Buffer
  #loading: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #unwatch: (() => void)[] = []
  #bus: Bus | undefined

  constructor(options: SealingKeysOptions) {
    this.#options = options
    this.#wrapping = dataWrappingKeyOf(options.root)
    this.ring.onUnknown(() => this.#loadSoon())
  }

  /** Learns of every key there is. */
  load(): Promise<void> {
    this.#loading ??= readDataKeys(this.#options.db)
      .then((stored) => this.#take(stored))
      .finally(() => {
        this.#loading = undefined
      })
    return this.#loading
  }

  /** Keeps up to date from now on: by messages, and by looking now and then, since a message may be lost. */
  watch(bus: Bus): void {
    this.#bus = bus
    this.#unwatch = [bus.subscribe(TOPIC, () => this.#loadSoon()), bus.onConnected(() => this.#loadSoon())]
    this.#timer = setInterval(() => this.#loadSoon(), LOOK_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    for (const stop of this.#unwatch) stop()
  }

  /** Every key as it is stored. Needs a system transaction. */
  list(): Promise<StoredDataKey[]> {
    return findDataKeys(this.#options.db)
  }

  /**
   * Adds a key, which seals once every process knows it, or answers the one that is about to; earlier ones still open
   * what they sealed. Joins the open system transaction.
   */
  async add(): Promise<StoredDataKey> {
    const { db, log } = this.#options
    return db.transaction({ role: 'system', tenantId: null }, async () => {
      await lockInstallationKeys(db)
      const newest = (await findDataKeys(db)).at(-1)
      if (newest && newest.dueMs > 0) return newest
      const id = (newest?.id ?? 0) + 1
      const wrapped = wrapKey(this.#wrapping, randomBytes(32), nameOf(id))
      await insertDataKey(db, { id, wrapped, leadMs: SEALING_LEAD_MS })
      db.afterCommit(() => {
        log.info({ key: id }, 'made a key to seal values with')
        this.announce()
      })
      return (await findDataKeys(db)).find((key) => key.id === id) as StoredDataKey
    })
  }

  /** Has every process look at the keys. */
  announce(): void {
    if (this.#bus) this.#bus.publish(TOPIC, '')
    else this.#loadSoon()
  }

  #take(stored: readonly StoredDataKey[]): void {
    const now = performance.now()
    this.ring.replace(
      stored.map(({ id, wrapped, dueMs }) => {
        const key = unwrapKey(this.#wrapping, wrapped, nameOf(id))
        if (!key) throw new TypeError(`the sealing key ${id} cannot be opened with this root key`)
        return { id, key, sealsFrom: now + dueMs }
      }),
    )
  }

  #loadSoon(): void {
    this.load().catch((err: unknown) =>
      this.#options.log.debug({ err }, 'the sealing keys could not be read'),
    )
  }
}

/** A data key's name in its wrapping. */
function nameOf(id: number): string {
  return `installation-key:data:${id}`
}
