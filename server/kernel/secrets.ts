import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { SealingRing } from './sealing-ring.js'

/** What a derived key is for. One purpose never sees another's key. */
export type SecretPurpose =
  | 'cursor'
  | 'password'
  | 'token'
  | 'api-key'
  | 'seal'
  | 'idempotency'
  | 'object-url'
  | 'subscriber'
  | 'delivery-reference'
  | 'suppression'
  | 'unsubscribe'
  | 'archive'

/** Formats of sealed values: 1 by the key derived from the root, 2 by a data key that the value names. */
const DERIVED = 1
const NAMED = 2
const IV = 12
const TAG = 16

/**
 * The installation's root key, the keys derived from it (HKDF-SHA-256, RFC 5869) for hashes and signatures, and the
 * data keys that values are sealed with. The root itself is never handed out.
 */
export class Secrets {
  readonly #root: Buffer
  readonly #derived = new Map<SecretPurpose, Buffer>()

  /** @param root 32 bytes, or 64 hexadecimal characters. */
  constructor(
    root: Buffer | string,
    readonly ring: SealingRing = new SealingRing(),
  ) {
    if (typeof root === 'string' && !/^[0-9a-f]{64}$/i.test(root))
      throw new TypeError('the root key must be 64 hexadecimal characters')
    this.#root = typeof root === 'string' ? Buffer.from(root, 'hex') : root
    if (this.#root.length !== 32) throw new TypeError('the root key must be 32 bytes')
  }

  /** The 32-byte key of one purpose. It stays the same for the life of the installation. */
  key(purpose: SecretPurpose): Buffer {
    let key = this.#derived.get(purpose)
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', this.#root, 'vetrai', `vetrai/v1/${purpose}`, 32))
      this.#derived.set(purpose, key)
    }
    return key
  }

  /** Keyed hash (HMAC-SHA-256) of a token, lower-case hex: what is stored instead of the token. */
  hash(purpose: SecretPurpose, text: string): string {
    return createHmac('sha256', this.key(purpose)).update(text).digest('hex')
  }

  /**
   * Encrypts with AES-256-GCM by the newest data key; `context` is authenticated and must be the same to open. Format:
   * 2 ‖ key id ‖ iv ‖ tag ‖ text, and 1 ‖ iv ‖ tag ‖ text before the first rotation, which versions before it read too.
   */
  seal(plain: Buffer | string, context: string): Buffer {
    const named = this.ring.current()
    const iv = randomBytes(IV)
    const cipher = createCipheriv('aes-256-gcm', named?.key ?? this.key('seal'), iv)
    cipher.setAAD(Buffer.from(context))
    const body = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([sealPrefix(named?.id), iv, cipher.getAuthTag(), body])
  }

  /** Opens what `seal` made with any key that is kept; throws when a bit or the context differs. */
  unseal(sealed: Buffer, context: string): Buffer {
    const head = sealed[0] === NAMED ? 5 : 1
    if ((sealed[0] !== DERIVED && sealed[0] !== NAMED) || sealed.length < head + IV + TAG)
      throw new TypeError('not a sealed value of a known version')
    const key = sealed[0] === NAMED ? this.ring.find(sealed.readUInt32BE(1)) : this.key('seal')
    const tagAt = head + IV
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(head, tagAt))
    decipher.setAAD(Buffer.from(context))
    decipher.setAuthTag(sealed.subarray(tagAt, tagAt + TAG))
    return Buffer.concat([decipher.update(sealed.subarray(tagAt + TAG)), decipher.final()])
  }
}

/** The bytes that every value sealed with a data key begins with; undefined is the key derived from the root. */
export function sealPrefix(keyId: number | undefined): Buffer {
  if (keyId === undefined) return Buffer.from([DERIVED])
  const prefix = Buffer.alloc(5)
  prefix[0] = NAMED
  prefix.writeUInt32BE(keyId, 1)
  return prefix
}

/** Compares two texts in time that depends on the lengths only. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
