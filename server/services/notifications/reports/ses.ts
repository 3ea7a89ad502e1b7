import { createVerify } from 'node:crypto'
import { statusIn, verdictOf } from '../../../outbound/smtp-verdict.js'
import type { ProviderReport } from '../operations/record-report.js'
import { referencesIn } from '../rules/delivery-report.js'
import type { SesMessage, SnsEnvelope } from '../schemas/reports.js'

/** Hosts of Amazon SNS: its certificates and confirmations are fetched from nowhere else. */
const SNS_HOST = /^sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?$/

/** Whether an address belongs to Amazon SNS. */
export function isOfSns(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, port, username } = new URL(url)
  return protocol === 'https:' && port === '' && username === '' && SNS_HOST.test(hostname)
}

/** Whether the envelope was signed with the key of this certificate (PEM). */
export function isSignedBySns(envelope: SnsEnvelope, certificate: string): boolean {
  const digest = envelope.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1'
  try {
    return createVerify(digest).update(signedText(envelope)).verify(certificate, envelope.Signature, 'base64')
  } catch {
    return false
  }
}

/** The lines that SNS signs, in the order of their names. */
function signedText(envelope: SnsEnvelope): string {
  const names =
    envelope.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const)
  return names
    .flatMap((name) => (envelope[name] === undefined ? [] : [`${name}\n${envelope[name]}\n`]))
    .join('')
}

/** What a notification of SES says of each recipient; none for opens, clicks and the like. */
export function readSes(message: SesMessage): ProviderReport[] {
  const { bounce, complaint, delivery, mail } = message
  const naming = (mail.headers ?? []).filter(({ name }) => /^(message-id|x-delivery)$/i.test(name))
  const common = {
    channel: 'email' as const,
    provider: 'ses',
    references: referencesIn([mail.source ?? '', ...naming.map(({ value }) => value)]),
    isTrusted: true,
  }
  switch (message.notificationType ?? message.eventType) {
    case 'Bounce':
      return (bounce?.bouncedRecipients ?? []).map((recipient) => ({
        ...common,
        ...judgeBounce(bounce?.bounceType, recipient.status, recipient.diagnosticCode),
        addresses: [recipient.emailAddress],
      }))
    case 'Complaint':
      return (complaint?.complainedRecipients ?? []).map(({ emailAddress }) => ({
        ...common,
        outcome: 'complained',
        code: null,
        suppress: 'complaint',
        addresses: [emailAddress],
      }))
    case 'Delivery':
      return (delivery?.recipients ?? []).map((address) => ({
        ...common,
        outcome: 'delivered',
        code: null,
        suppress: null,
        addresses: [address],
      }))
    default:
      return []
  }
}

function judgeBounce(
  type: string | undefined,
  status: string | undefined,
  diagnostic = '',
): Pick<ProviderReport, 'outcome' | 'code' | 'suppress'> {
  const code = statusIn(status ?? '') ?? null
  if (type !== 'Permanent') return { outcome: 'bounced', code, suppress: null }
  const verdict = verdictOf({ status: code ?? undefined, text: diagnostic })
  // Permanent is Amazon's own word for no such mailbox; policy refusals are Transient there, as are full mailboxes.
  return { outcome: 'bounced', code, suppress: verdict === 'invalid' ? 'invalid' : 'hard_bounce' }
}
