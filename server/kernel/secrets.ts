import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

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

/**
 * The installation's master secret and the keys derived from it (HKDF-SHA-256, RFC 5869).
 * The master itself is never handed out.
 */
export class Secrets {
  readonly #master: Buffer
  readonly #derived = new Map<SecretPurpose, Buffer>()

  /** @param master 64 hexadecimal characters (32 bytes). */
  constructor(master: string) {
    if (!/^[0-9a-f]{64}$/i.test(master))
      throw new TypeError('the master secret must be 64 hexadecimal characters')
    this.#master = Buffer.from(master, 'hex')
  }

  /** The 32-byte key of one purpose. */
  key(purpose: SecretPurpose): Buffer {
    let key = this.#derived.get(purpose)
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', this.#master, 'vetrai', `vetrai/v1/${purpose}`, 32))
      this.#derived.set(purpose, key)
    }
    return key
  }

  /** Keyed hash (HMAC-SHA-256) of a token, lower-case hex: what is stored instead of the token. */
  hash(purpose: SecretPurpose, text: string): string {
    return createHmac('sha256', this.key(purpose)).update(text).digest('hex')
  }

  /** Encrypts with AES-256-GCM; `context` is authenticated and must be the same to open. Format: 1 ‖ iv ‖ tag ‖ text. */
  seal(plain: Buffer | string, context: string): Buffer {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.key('seal'), iv)
    cipher.setAAD(Buffer.from(context))
    const body = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([Buffer.from([1]), iv, cipher.getAuthTag(), body])
  }

  /** Opens what `seal` made; throws when a bit or the context differs. */
  unseal(sealed: Buffer, context: string): Buffer {
    if (sealed[0] !== 1 || sealed.length < 29) throw new TypeError('not a sealed value of a known version')
    const decipher = createDecipheriv('aes-256-gcm', this.key('seal'), sealed.subarray(1, 13))
    decipher.setAAD(Buffer.from(context))
    decipher.setAuthTag(sealed.subarray(13, 29))
    return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()])
  }
}

/** Compares two texts in time that depends on the lengths only. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
