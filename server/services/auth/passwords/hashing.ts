import { createHmac } from 'node:crypto'
import bcrypt from 'bcrypt'
import { randomBase62 } from '../../../kernel/token-format.js'
import { normalisePassword } from './policy.js'
import { WorkQueue } from './work-queue.js'

/** bcrypt's cost when the configuration names none: about a quarter of a second on one core of 2020s hardware. */
export const DEFAULT_COST = 12
/** Scheme 1: bcrypt over base64 of HMAC-SHA-256 under the installation's pepper. */
const SCHEME = 'v1:'
/** Characters of bcrypt's digest; its alphabet includes base62. */
const DIGEST_LENGTH = 31

export interface HasherOptions {
  /** 32 bytes kept outside the database, so that a stolen table alone can't be guessed at. */
  pepper: Buffer
  cost?: number
  queue?: WorkQueue
}

/**
 * Hashes and checks passwords off the event loop, a bounded number at once. bcrypt reads only 72 bytes and stops
 * at NUL; the keyed pre-hash makes every password 44 ASCII bytes, so nothing of a passphrase is ever ignored.
 */
export class PasswordHasher {
  readonly cost: number
  readonly queue: WorkQueue
  private readonly pepper: Buffer
  private readonly nobody: string

  constructor({ pepper, cost = DEFAULT_COST, queue = new WorkQueue() }: HasherOptions) {
    this.pepper = pepper
    this.cost = cost
    this.queue = queue
    this.nobody = hashOfNobody(cost)
  }

  /** A salted hash to store, at most 64 ASCII characters. Rejects with QueueFull when overloaded. */
  async hash(password: string): Promise<string> {
    return this.queue.run(() => this.hashNow(password))
  }

  /**
   * Whether `password` belongs to `stored`. Without a stored hash it does the same work against a hash nobody
   * knows the password of and answers false, so that time does not tell whether an account exists.
   */
  async verify(password: string, stored: string | null): Promise<boolean> {
    return this.queue.run(() => this.verifyNow(password, stored))
  }

  /** As `verify`, without queueing: for callers that already hold a slot of `queue`. */
  async verifyNow(password: string, stored: string | null): Promise<boolean> {
    const known = stored?.startsWith(SCHEME) ? stored : null
    const same = await bcrypt.compare(this.prehash(password), (known ?? this.nobody).slice(SCHEME.length))
    return same && known !== null
  }

  /** Whether a good password should be hashed anew: another scheme, or a lower cost than configured. */
  needsRehash(stored: string): boolean {
    return !stored.startsWith(SCHEME) || bcrypt.getRounds(stored.slice(SCHEME.length)) < this.cost
  }

  private async hashNow(password: string): Promise<string> {
    return SCHEME + (await bcrypt.hash(this.prehash(password), this.cost))
  }

  private prehash(password: string): string {
    return createHmac('sha256', this.pepper).update(normalisePassword(password), 'utf8').digest('base64')
  }
}

/** A hash of no password: checking against it takes as long as against any of this cost. */
function hashOfNobody(cost: number): string {
  return SCHEME + bcrypt.genSaltSync(cost) + randomBase62(DIGEST_LENGTH)
}
