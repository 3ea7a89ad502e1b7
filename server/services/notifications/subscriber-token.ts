import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secrets } from '../../kernel/secrets.js'

export const SUBSCRIBER_PREFIX = 'vtr_sub_'

/** What a subscriber's token says. */
export interface SubscriberClaims {
  tenantId: string
  subscriberId: string
  issuedAt: Date
  expiresAt: Date
}

/** Bytes: two ids of 16, two times of 6 (Unix milliseconds), the tag of 32. */
const BODY = 44
const TAG = 32

/**
 * A signed token (HMAC-SHA-256) that opens one subscriber's own inbox and preferences until it expires. It is stored
 * nowhere; who checks it also asks whether the subscriber still lives.
 */
export function makeSubscriberToken(secrets: Secrets, claims: SubscriberClaims): string {
  const body = Buffer.alloc(BODY)
  body.write(claims.tenantId.replaceAll('-', ''), 0, 'hex')
  body.write(claims.subscriberId.replaceAll('-', ''), 16, 'hex')
  body.writeUIntBE(claims.issuedAt.getTime(), 32, 6)
  body.writeUIntBE(claims.expiresAt.getTime(), 38, 6)
  return SUBSCRIBER_PREFIX + Buffer.concat([body, tagOf(secrets, body)]).toString('base64url')
}

/** What a token says if it is ours and has not expired; null for any other text. Never throws. */
export function readSubscriberToken(secrets: Secrets, text: string, now: Date): SubscriberClaims | null {
  const encoded = text.slice(SUBSCRIBER_PREFIX.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // The encoding is compared too: a second spelling of the same bytes is no token of ours.
  if (bytes.length !== BODY + TAG || bytes.toString('base64url') !== encoded) return null
  const body = bytes.subarray(0, BODY)
  if (!timingSafeEqual(bytes.subarray(BODY), tagOf(secrets, body))) return null
  const expiresAt = new Date(body.readUIntBE(38, 6))
  if (expiresAt <= now) return null
  return {
    tenantId: uuidAt(body, 0),
    subscriberId: uuidAt(body, 16),
    issuedAt: new Date(body.readUIntBE(32, 6)),
    expiresAt,
  }
}

function tagOf(secrets: Secrets, body: Buffer): Buffer {
  return createHmac('sha256', secrets.key('subscriber')).update(SUBSCRIBER_PREFIX).update(body).digest()
}

function uuidAt(bytes: Buffer, at: number): string {
  return bytes.toString('hex', at, at + 16).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
}
