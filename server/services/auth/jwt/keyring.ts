import type { KeyObject } from 'node:crypto'
import type { Logger } from 'pino'
import type { Secrets } from '../../../kernel/secrets.js'
import type { Database } from '../../../storage/database.js'
import {
  deleteSigningKeys,
  insertSigningKey,
  lockSigningKeys,
  readSigningKeys,
  type StoredSigningKey,
  signingKeySealContext,
} from '../models/signing-key.js'
import { rotationDue, signingKeyAt, verifyingKeysAt } from './rotation.js'
import { newSigningKey, type PublicJwk, type SigningKey, signingKeyFromDer } from './signing-key.js'

export interface KeyringOptions {
  db: Database
  secrets: Secrets
  log: Logger
  now: () => Date
}

/** A published key: its public half and what it is for (RFC 7517). */
export interface PublishedKey extends PublicJwk {
  kid: string
  use: 'sig'
  alg: 'ES256'
}

/** An unknown key id asks the database at most this often: junk tokens must not become a load. */
const RELOAD_AT_MOST_EVERY_MS = 2_000
/** A rotation by another process is known well before the new key signs. */
const RELOAD_AT_LEAST_EVERY_MS = 5 * 60_000

/** The installation's signing keys, opened in this process. Made and replaced by `rotate`, shared through the database. */
export class Keyring {
  private keys: SigningKey[] = []
  private loadedAt = Number.NEGATIVE_INFINITY
  private loading: Promise<void> | undefined

  constructor(private readonly options: KeyringOptions) {}

  /** The key to sign with now, making the first one where there is none yet. */
  async signer(): Promise<SigningKey> {
    if (performance.now() - this.loadedAt > RELOAD_AT_LEAST_EVERY_MS) await this.reload()
    const key = signingKeyAt(this.keys, this.options.now())
    if (key) return key
    await this.rotate()
    const made = signingKeyAt(this.keys, this.options.now())
    if (!made) throw new TypeError('there is no key to sign access tokens with')
    return made
  }

  /** The public key of this id while tokens may be signed with it, from memory. */
  publicKey(kid: string): KeyObject | undefined {
    return verifyingKeysAt(this.keys, this.options.now()).find((key) => key.kid === kid)?.publicKey
  }

  /** Learns of keys that other processes made, unless it looked a moment ago. */
  async refresh(): Promise<void> {
    if (performance.now() - this.loadedAt < RELOAD_AT_MOST_EVERY_MS) return
    await this.reload()
  }

  /** What the key set shows: every key that verifies now or soon will. */
  async published(): Promise<PublishedKey[]> {
    await this.signer()
    return verifyingKeysAt(this.keys, this.options.now()).map(({ kid, publicJwk }) => ({
      ...publicJwk,
      kid,
      use: 'sig',
      alg: 'ES256',
    }))
  }

  /**
   * Adds a key when one is due and removes those nothing is verified with any more. Safe to run anywhere and any
   * number of times: processes take turns, and the second finds nothing to do.
   */
  async rotate(): Promise<void> {
    const { db, now } = this.options
    await db.transaction({ role: 'system', tenantId: null }, async () => {
      const stored = await lockSigningKeys(db)
      const usable = this.open(stored)
      const due = rotationDue(usable, now())
      if (due) usable.push(await this.add(due))
      const verifying = new Set(verifyingKeysAt(usable, now()).map((key) => key.kid))
      const dead = usable.filter((key) => !verifying.has(key.kid)).map((key) => key.kid)
      if (dead.length > 0) await deleteSigningKeys(db, dead)
    })
    await this.reload()
  }

  private async add(activeFrom: Date): Promise<SigningKey> {
    const { key, privateDer } = newSigningKey(activeFrom)
    await insertSigningKey(this.options.db, {
      kid: key.kid,
      publicJwk: key.publicJwk,
      privateSealed: this.options.secrets.seal(privateDer, signingKeySealContext(key.kid)),
      activeFrom,
    })
    this.options.log.info({ kid: key.kid, active_from: activeFrom }, 'made a key to sign access tokens')
    return key
  }

  private reload(): Promise<void> {
    this.loading ??= readSigningKeys(this.options.db)
      .then((stored) => {
        this.keys = this.open(stored)
        this.loadedAt = performance.now()
      })
      .finally(() => {
        this.loading = undefined
      })
    return this.loading
  }

  private open(stored: readonly StoredSigningKey[]): SigningKey[] {
    return stored.flatMap(({ kid, privateSealed, activeFrom }) => {
      const known = this.keys.find((key) => key.kid === kid)
      if (known) return [known]
      try {
        return [
          signingKeyFromDer(
            this.options.secrets.unseal(privateSealed, signingKeySealContext(kid)),
            activeFrom,
          ),
        ]
      } catch {
        // As after a change of the master secret: tokens signed with it are worthless anyway.
        this.options.log.warn(
          { kid },
          'a signing key cannot be opened with this installation secret; it is ignored',
        )
        return []
      }
    })
  }
}
