import { createHmac } from 'node:crypto'
import { sameText } from '../../../kernel/secrets.js'
import { verdictOf } from '../../../outbound/smtp-verdict.js'
import type { ProviderReport } from '../operations/record-report.js'
import { referencesIn } from '../rules/delivery-report.js'
import type { MailgunReport } from '../schemas/reports.js'

/** Mailgun repeats a call for eight hours under its first signature. */
const TOLERANCE_S = 24 * 3600

/** Whether Mailgun signed this call. Its signature covers a time and a token only, as Mailgun documents. */
export function isOfMailgun(
  key: string,
  { signature: { timestamp, token, signature } }: MailgunReport,
  now: Date,
): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_S) return false
  return sameText(
    createHmac('sha256', key)
      .update(timestamp + token)
      .digest('hex'),
    signature,
  )
}

/** What a Mailgun webhook says; null for events that say nothing of delivery, such as clicks. */
export function readMailgun({ 'event-data': event }: MailgunReport): ProviderReport | null {
  const judged = judge(event)
  if (!judged) return null
  const status = event['delivery-status']
  return {
    ...judged,
    channel: 'email',
    provider: 'mailgun',
    code: status?.['enhanced-code'] || (status?.code === undefined ? null : String(status.code)),
    references: referencesIn([event.message?.headers?.['message-id'] ?? '', event.envelope?.sender ?? '']),
    addresses: [event.recipient],
    isTrusted: true,
  }
}

function judge(event: MailgunReport['event-data']): Pick<ProviderReport, 'outcome' | 'suppress'> | null {
  if (event.event === 'delivered') return { outcome: 'delivered', suppress: null }
  if (event.event === 'complained') return { outcome: 'complained', suppress: 'complaint' }
  if (event.event !== 'failed') return null
  if (event.severity !== 'permanent') return { outcome: 'deferred', suppress: null }
  // Mailgun keeps a list of its own and says so.
  if (event.reason === 'suppress-bounce') return { outcome: 'bounced', suppress: 'hard_bounce' }
  if (event.reason === 'suppress-complaint') return { outcome: 'complained', suppress: 'complaint' }
  const { code, message, description, 'enhanced-code': status } = event['delivery-status'] ?? {}
  const verdict = verdictOf({
    code,
    status: status || undefined,
    text: `${message ?? ''} ${description ?? ''}`,
  })
  return { outcome: 'bounced', suppress: verdict === 'hard_bounce' || verdict === 'invalid' ? verdict : null }
}
