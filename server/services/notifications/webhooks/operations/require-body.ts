import { webhookErrors } from '../errors.js'
import { BODY_MAX_BYTES, type Told, writeBody } from '../rules/payload.js'

/** A body as it is sent; throws when it is too large. */
export function requireBody(told: Told): string {
  const body = writeBody(told)
  if (body === null) throw new webhookErrors.WebhookPayloadTooLarge({ limit: BODY_MAX_BYTES })
  return body
}
