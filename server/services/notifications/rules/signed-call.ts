import { z } from 'zod'
import { sameText } from '../../../kernel/secrets.js'
import { secretBytes } from '../webhooks/signing/generate-key.js'
import { signature, signedHeaders } from '../webhooks/signing/signature.js'

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
  const bytes = secretBytes(secret)
  if (!bytes) throw new TypeError('this is no secret of the form whsec_…')
  const timestamp = Math.floor(call.at.getTime() / 1000)
  return signedHeaders({ id: call.id, timestamp, body: call.body }, [{ scheme: 'v1', bytes }])
}

/** Whether exactly this body was signed with this secret within the last minutes. No secret: never. */
export function isSigned(
  secret: string | undefined,
  headers: SignatureHeaders,
  body: Buffer,
  now: Date,
): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers
  const bytes = secretBytes(secret ?? '')
  if (!bytes || !id || !time || !signatures || !/^\d{1,12}$/.test(time)) return false
  const timestamp = Number(time)
  if (Math.abs(now.getTime() / 1000 - timestamp) > TOLERANCE_S) return false
  const expected = signature({ id, timestamp, body: body.toString() }, { scheme: 'v1', bytes })
  return signatures.split(' ').some((one) => sameText(one, expected))
}
