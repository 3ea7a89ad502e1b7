import { createHmac } from 'node:crypto'

/**
 * What is stored of a random token: HMAC-SHA-256 under the installation's token key, 64 hex characters. A keyed
 * hash is enough because tokens carry 178 random bits; a stolen table can't be matched against without the key.
 */
export function hashToken(token: string, key: Buffer): string {
  return createHmac('sha256', key).update(token, 'utf8').digest('hex')
}
