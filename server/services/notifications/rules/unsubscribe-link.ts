import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** Whose messages of which category end with a press of the button. */
export interface Unsubscription {
  /** Null for messages of the installation itself. */
  readonly tenantId: string | null
  /** Who the message was for, by the id that preferences are kept under. */
  readonly recipient: string
  /** Null for all categories that can be ended. */
  readonly category: string | null
}

/** Longest token that is looked at. */
export const UNSUBSCRIBE_TOKEN_MAX = 800

/** Ids and keys as they are given out here; so bounded, a link fits the header of a mail. */
const word = z.string().regex(/^[ -~]{1,100}$/)
const shape = z.tuple([z.uuid().nullable(), word, word.nullable()])

/** The token of a link: what it ends, and an HMAC over it. It never expires: people unsubscribe from old mails. */
export function makeUnsubscribeToken(key: Buffer, { tenantId, recipient, category }: Unsubscription): string {
  const body = Buffer.from(JSON.stringify(shape.parse([tenantId, recipient, category])))
  return `${body.toString('base64url')}.${macOf(key, body).toString('base64url')}`
}

/** What a token ends; null unless it was made with this key. */
export function readUnsubscribeToken(key: Buffer, token: string): Unsubscription | null {
  const [bodyText = '', macText = '', ...rest] = token.split('.')
  if (token.length > UNSUBSCRIBE_TOKEN_MAX || rest.length > 0) return null
  const [body, mac] = [Buffer.from(bodyText, 'base64url'), Buffer.from(macText, 'base64url')]
  const expected = macOf(key, body)
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) return null
  const [tenantId, recipient, category] = shape.parse(JSON.parse(body.toString()))
  return { tenantId, recipient, category }
}

/** RFC 8058: the one field that every one-click request has, as form or as multipart. */
export function isOneClick(body: Buffer): boolean {
  const text = body.toString('latin1')
  return (
    new URLSearchParams(text).get('List-Unsubscribe') === 'One-Click' ||
    /name="?List-Unsubscribe"?[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\nOne-Click\r?\n/i.test(text)
  )
}

function macOf(key: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest().subarray(0, 16)
}
