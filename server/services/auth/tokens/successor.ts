import { createHmac } from 'node:crypto'
import { BASE62, checksumOf, SECRET_LENGTH } from '../../../kernel/token-format.js'
import { REFRESH_PREFIX } from './kinds.js'

/**
 * The refresh token that follows `token`: always the same one, and to be worked out by nobody without the key.
 * So whoever sends a just-used token again (a lost answer, a second tab) can be given its successor although only
 * hashes are stored.
 */
export function successorOf(token: string, key: Buffer): string {
  const body = REFRESH_PREFIX + base62Stream(token, key)
  return body + checksumOf(body)
}

/** Uniform base62 characters from HMAC-SHA-512 in counter mode, by rejection as for random tokens. */
function base62Stream(token: string, key: Buffer): string {
  let text = ''
  for (let counter = 0; text.length < SECRET_LENGTH; counter++) {
    const block = createHmac('sha512', key).update(`refresh-successor:${counter}:${token}`).digest()
    for (const byte of block) if (byte < 248 && text.length < SECRET_LENGTH) text += BASE62.charAt(byte % 62)
  }
  return text
}
