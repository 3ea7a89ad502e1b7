import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX = 'vtr_at_'

/**
 * Makes an opaque access token: `vtr_at_`, 30 base62 characters from the CSPRNG (178 bits) and the
 * CRC-32 (ISO-HDLC) of all before it as 6 base62 characters.
 */
export function createOperatorToken(): string {
  const random = Array.from({ length: 30 }, () => ALPHABET.charAt(randomInt(62))).join('')
  const body = PREFIX + random
  return body + base62(crc32(body), 6)
}

/** Tells whether a token has the right form and checksum; says nothing about its being valid. */
export function isWellFormedToken(token: string): boolean {
  if (!/^vtr_at_[0-9A-Za-z]{36}$/.test(token)) return false
  return base62(crc32(token.slice(0, -6)), 6) === token.slice(-6)
}

function base62(value: number, width: number): string {
  let rest = value
  let text = ''
  while (text.length < width) {
    text = ALPHABET.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return text
}
