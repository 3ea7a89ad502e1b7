import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { sameText } from '../../../kernel/secrets.js'

/** The headers of a signed call (Standard Webhooks 1.0.0). They are judged, not validated: a bad one is no signature. */
export const signatureHeaders = z.object({
  'webhook-id': z.string().max(255).optional(),
  'webhook-timestamp': z.string().max(20).optional(),
  'webhook-signature': z.string().max(2_000).optional(),
})
export type SignatureHeaders = z.infer<typeof signatureHeaders>

/** How far the clocks of both ends may differ, in seconds. */
const TOLERANCE_S = 300

/** Headers that sign a body with a `whsec_…` secret. `id` stays the same over repeats. */
export function signCall(
  secret: string,
  call: { id: string; at: Date; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(call.at.getTime() / 1000))
  return {
    'webhook-id': call.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${macOf(secret, call.id, timestamp, Buffer.from(call.body))}`,
  }
}

/** Whether exactly this body was signed with this secret within the last minutes. No secret: never. */
export function isSigned(
  secret: string | undefined,
  headers: SignatureHeaders,
  body: Buffer,
  now: Date,
): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (!secret || !id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_S) return false
  const expected = `v1,${macOf(secret, id, timestamp, body)}`
  return signatures.split(' ').some((one) => sameText(one, expected))
}

function macOf(secret: string, id: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64')
}
