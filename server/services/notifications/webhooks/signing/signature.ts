import { createHmac, createPrivateKey, sign } from 'node:crypto'

/** `v1` is HMAC-SHA-256 under a shared secret, `v1a` ed25519 under a key pair. */
export const SCHEMES = ['v1', 'v1a'] as const
export type Scheme = (typeof SCHEMES)[number]

/** A key to sign with: the bytes of a shared secret, or the private key as PKCS #8. */
export interface SigningKey {
  scheme: Scheme
  bytes: Buffer
}

/** What is signed of one attempt. */
export interface Signable {
  id: string
  /** Unix seconds of the attempt. */
  timestamp: number
  body: string
}

/** The headers of Standard Webhooks 1.0.0: one signature for each key, so that receivers may change theirs unhurriedly. */
export function signedHeaders(message: Signable, keys: readonly SigningKey[]): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': keys.map((key) => signature(message, key)).join(' '),
  }
}

/** One signature with its scheme, as `webhook-signature` lists it. */
export function signature({ id, timestamp, body }: Signable, { scheme, bytes }: SigningKey): string {
  const signed = Buffer.from(`${id}.${timestamp}.${body}`)
  if (scheme === 'v1') return `v1,${createHmac('sha256', bytes).update(signed).digest('base64')}`
  const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  return `v1a,${sign(null, signed, key).toString('base64')}`
}
