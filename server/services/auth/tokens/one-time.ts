import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a one-time token may be used for; each is signed into its token and valid for nothing else. */
export const ONE_TIME_PURPOSES = ['sign_up', 'verify_email', 'reset_password', 'mfa_login'] as const
export type OneTimePurpose = (typeof ONE_TIME_PURPOSES)[number]

const EXPIRY_BYTES = 6
const RANDOM_BYTES = 24
const BODY_BYTES = EXPIRY_BYTES + RANDOM_BYTES
const MAC_BYTES = 16
const TOKEN_TEXT = /^[A-Za-z0-9_-]{62}$/

/**
 * A fresh token for one purpose: base64url of expiry (ms, 48 bits), 192 random bits and a 128-bit HMAC-SHA-256
 * over both and the purpose. Single use is the store's duty: it keeps the token's hash and strikes it out.
 */
export function issueOneTimeToken(purpose: OneTimePurpose, expiresAt: Date, key: Buffer): string {
  const expiry = Buffer.alloc(EXPIRY_BYTES)
  expiry.writeUIntBE(expiresAt.getTime(), 0, EXPIRY_BYTES)
  const body = Buffer.concat([expiry, randomBytes(RANDOM_BYTES)])
  return Buffer.concat([body, macOf(purpose, body, key)]).toString('base64url')
}

/**
 * Whether `text` was issued here for `purpose` and has not expired at `now`. Junk, another purpose's token and
 * late ones are refused without a look-up; a true answer still needs the store's word that it is unused.
 */
export function checkOneTimeToken(text: string, purpose: OneTimePurpose, key: Buffer, now: Date): boolean {
  if (!TOKEN_TEXT.test(text)) return false
  const bytes = Buffer.from(text, 'base64url')
  // Base64url has spare bits at its end: only the canonical spelling counts, so one token has one hash.
  if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== text) return false
  const body = bytes.subarray(0, BODY_BYTES)
  if (!timingSafeEqual(bytes.subarray(BODY_BYTES), macOf(purpose, body, key))) return false
  return body.readUIntBE(0, EXPIRY_BYTES) > now.getTime()
}

function macOf(purpose: OneTimePurpose, body: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(`one-time:${purpose}:`).update(body).digest().subarray(0, MAC_BYTES)
}
