import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { SigningKey } from './signature.js'

/** A new key. `secret` is what the receiver of a shared one is shown, once; `publicKey` what anybody may see. */
export interface NewKey extends SigningKey {
  secret: string | null
  publicKey: string | null
}

const SECRET_BYTES = 32
/** DER of an ed25519 public key is a fixed head and then these raw bytes. */
const PUBLIC_BYTES = 32

/** A new shared secret (`whsec_…`), or the one that is given. */
export function sharedKey(given?: string): NewKey {
  const secret = given ?? `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
  return { scheme: 'v1', bytes: secretBytes(secret) ?? Buffer.alloc(0), secret, publicKey: null }
}

/** A new ed25519 pair (`whpk_…`); the private half never leaves the server. */
export function pairedKey(): NewKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-PUBLIC_BYTES)
  return {
    scheme: 'v1a',
    bytes: privateKey.export({ format: 'der', type: 'pkcs8' }),
    secret: null,
    publicKey: `whpk_${raw.toString('base64')}`,
  }
}

/** The bytes of a `whsec_…` text; null unless it is one of 24 to 64 bytes in the base64 that encoders write. */
export function secretBytes(text: string): Buffer | null {
  if (!text.startsWith('whsec_')) return null
  const encoded = text.slice('whsec_'.length)
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.toString('base64') === encoded && bytes.length >= 24 && bytes.length <= 64 ? bytes : null
}
