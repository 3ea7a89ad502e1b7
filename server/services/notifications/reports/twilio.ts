import { createHmac } from 'node:crypto'
import { sameText } from '../../../kernel/secrets.js'
import type { ProviderReport } from '../operations/record-report.js'
import type { TwilioStatus } from '../schemas/reports.js'

/** Errors of delivery after which the number is not sent to again: it is unknown, or a landline. */
const INVALID = new Set(['30005', '30006'])
const OPTED_OUT = new Set(['21610'])

/** Whether Twilio signed this form for exactly this address (X-Twilio-Signature). No token: never. */
export function isOfTwilio(
  token: string | undefined,
  { url, form, signature }: { url: string; form: Buffer; signature: string | undefined },
): boolean {
  if (!token || !signature) return false
  const fields = new Map<string, Set<string>>()
  for (const [name, value] of new URLSearchParams(form.toString())) {
    fields.set(name, (fields.get(name) ?? new Set()).add(value))
  }
  const names = [...fields.keys()].sort()
  const text = names.map((name) =>
    [...(fields.get(name) ?? [])]
      .sort()
      .map((value) => name + value)
      .join(''),
  )
  return sameText(
    createHmac('sha1', token)
      .update(url + text.join(''))
      .digest('base64'),
    signature,
  )
}

/** What a status callback says; null for steps on the way. */
export function readTwilio(status: TwilioStatus, reference: string): ProviderReport | null {
  const outcome = outcomeOf(status.MessageStatus)
  if (!outcome) return null
  const code = status.ErrorCode ?? null
  return {
    channel: 'sms',
    provider: 'twilio',
    outcome,
    code,
    suppress: code === null ? null : INVALID.has(code) ? 'invalid' : OPTED_OUT.has(code) ? 'complaint' : null,
    references: [reference],
    addresses: [status.To],
    isTrusted: false,
  }
}

function outcomeOf(status: string): ProviderReport['outcome'] | null {
  if (status === 'delivered' || status === 'read') return 'delivered'
  return status === 'undelivered' || status === 'failed' ? 'bounced' : null
}
