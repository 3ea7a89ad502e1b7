import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The digits of every token, in value order: `0` is zero, `z` is sixty-one. */
export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Random base62 characters in a token: 30 × log2(62) = 178 bits. */
export const SECRET_LENGTH = 30
/** Base62 characters of the checksum: 62^6 > 2^32, so every CRC-32 fits. */
export const CHECKSUM_LENGTH = 6

export interface ParsedToken<P extends string = string> {
  prefix: P
  secret: string
}

/**
 * A fresh token `<prefix><30 random base62><6 base62 checksum>`; the secret is uniform (rejection sampling
 * from the system's CSPRNG) and the checksum is that of everything before it, prefix included.
 */
export function generateToken(prefix: string): string {
  const body = prefix + randomBase62(SECRET_LENGTH)
  return body + checksumOf(body)
}

/**
 * The parts of a well-formed token with one of `prefixes`, or null for any other text. A wrong checksum is
 * null too, so mistyped and made-up tokens are refused without a look-up anywhere. Never throws.
 */
export function parseToken<P extends string>(text: string, prefixes: readonly P[]): ParsedToken<P> | null {
  const prefix = prefixes.find((candidate) => text.startsWith(candidate))
  if (prefix === undefined || text.length !== prefix.length + SECRET_LENGTH + CHECKSUM_LENGTH) return null
  const body = text.slice(0, -CHECKSUM_LENGTH)
  const secret = body.slice(prefix.length)
  if (!/^[0-9A-Za-z]+$/.test(secret) || checksumOf(body) !== text.slice(-CHECKSUM_LENGTH)) return null
  return { prefix, secret }
}

/** The CRC-32/ISO-HDLC of `body` (as UTF-8) in base62, padded with `0` to six characters. */
export function checksumOf(body: string): string {
  let value = crc32(body)
  let text = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = BASE62.charAt(value % 62) + text
    value = Math.floor(value / 62)
  }
  return text
}

/** `length` uniform base62 characters from the system's CSPRNG. */
export function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length + 8)) {
      // 248 = 4 × 62: bytes above would make the first eight digits likelier, so they are thrown away.
      if (byte < 248 && text.length < length) text += BASE62.charAt(byte % 62)
    }
  }
  return text
}

export { crc32 }
