import type { KeyObject } from 'node:crypto'
import type { Logger } from 'pino'
import type { Secrets } from '../../../kernel/secrets.js'
import type { Bus } from '../../../storage/bus.js'
import type { Database } from '../../../storage/database.js'
import {
  deleteSigningKeys,
  insertSigningKey,
  lockSigningKeys,
  readSigningKeys,
  type StoredSigningKey,
  signingKeySealContext,
} from '../models/signing-key.js'
import { PUBLISH_LEAD_MS, rotationDue, signingKeyAt, verifyingKeysAt } from './rotation.js'
import { newSigningKey, type PublicJwk, type SigningKey, signingKeyFromDer } from './signing-key.js'

export interface KeyringOptions {
  db: Database
  secrets: Secrets
  log: Logger
  now: () => Date
  /** How processes hear of each other's rotations. */
  bus?: Bus
  /** Told when a key that was trusted no longer is. */
  onRevoked?: () => void
  /** For how long keys are trusted without asking the database, in milliseconds. */
  trustMs?: number
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
/** A key that was revoked by another process is trusted here no longer than this, also where its message was lost. */
const TRUST_MS = 20_000
const TOPIC = 'auth.signing-keys'

/** The installation's signing keys, opened in this process. Made and replaced by `rotate`, shared through the database. */
export class Keyring {
  private keys: SigningKey[] = []
  private loadedAt = Number.NEGATIVE_INFINITY
  private triedAt = Number.NEGATIVE_INFINITY
  private loading: Promise<void> | undefined
  private following: Promise<void> | undefined
  private readonly unwatch: (() => void) | undefined

  constructor(private readonly options: KeyringOptions) {
    this.unwatch = options.bus?.subscribe(TOPIC, () => this.reloadSoon())
  }

  close(): void {
    this.unwatch?.()
  }

  /** Asks the database anew where it was long ago; nobody waits for it. Call it where tokens are trusted. */
  keepFresh(): void {
    if (performance.now() - Math.max(this.loadedAt, this.triedAt) > (this.options.trustMs ?? TRUST_MS))
      this.reloadSoon()
  }

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

  /**
   * Adds a key because an operator wants one. It is published at once and signs when caches of the key set know it;
   * earlier ones verify for another day. With `revokePrevious` it signs at once and nothing signed before is trusted in
   * any process: for a key that leaked. Answers the key and how many were revoked. Joins the open system transaction.
   */
  async replace({
    revokePrevious,
  }: {
    revokePrevious: boolean
  }): Promise<{ key: SigningKey; revoked: number }> {
    const { db, now } = this.options
    return db.transaction({ role: 'system', tenantId: null }, async () => {
      const stored = await lockSigningKeys(db)
      const coming = this.open(stored).findLast((key) => key.activeFrom > now())
      if (coming && !revokePrevious) return { key: coming, revoked: 0 }
      if (revokePrevious)
        await deleteSigningKeys(
          db,
          stored.map(({ kid }) => kid),
        )
      const key = await this.add(new Date(now().getTime() + (revokePrevious ? 0 : PUBLISH_LEAD_MS)))
      db.afterCommit(async () => {
        await this.reload()
        this.options.bus?.publish(TOPIC, key.kid)
      })
      return { key, revoked: revokePrevious ? stored.length : 0 }
    })
  }

  /** Every key that verifies now or soon will, with what it is for at the moment; the newest first. */
  async list(): Promise<{ kid: string; activeFrom: Date; state: 'coming' | 'current' | 'replaced' }[]> {
    await this.signer()
    const now = this.options.now()
    const current = signingKeyAt(this.keys, now)
    return verifyingKeysAt(this.keys, now)
      .map(({ kid, activeFrom }) => {
        const older = activeFrom > now ? ('coming' as const) : ('replaced' as const)
        return { kid, activeFrom, state: kid === current?.kid ? ('current' as const) : older }
      })
      .reverse()
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

  private reloadSoon(): void {
    this.triedAt = performance.now()
    this.reload().catch((err: unknown) =>
      this.options.log.debug({ err }, 'the signing keys could not be read'),
    )
  }

  /** Reads the keys. A reading that began before this was called may have missed a change: then another follows it. */
  private reload(): Promise<void> {
    if (this.following) return this.following
    if (this.loading) {
      this.following = this.loading
        .catch(() => undefined)
        .then(() => {
          this.following = undefined
          return this.reload()
        })
      return this.following
    }
    this.loading = this.read().finally(() => {
      this.loading = undefined
    })
    return this.loading
  }

  private async read(): Promise<void> {
    const askedAt = performance.now()
    const stored = await readSigningKeys(this.options.db)
    const before = this.keys
    this.keys = this.open(stored)
    this.loadedAt = askedAt
    if (before.some(({ kid }) => !stored.some((key) => key.kid === kid))) this.options.onRevoked?.()
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
        // As one left by a change of the master secret, from before the root key was kept: nothing signed with it is worth anything.
        this.options.log.warn(
          { kid },
          'a signing key cannot be opened with the keys of this installation; it is ignored',
        )
        return []
      }
    })
  }
}
