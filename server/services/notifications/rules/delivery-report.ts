import { statusIn, verdictOf } from '../../../outbound/smtp-verdict.js'
import type { ReportedOutcome } from '../events/channels.js'

/** What a mail that came back says of one recipient. */
export interface RecipientReport {
  outcome: ReportedOutcome
  /** Enhanced status (RFC 3463), where one is given. */
  code: string | null
  suppress: 'hard_bounce' | 'invalid' | 'complaint' | null
  /** The recipient in every form the report names it. */
  addresses: string[]
}

/** A report with the references of our own that it holds; who made them is for the caller to check. */
export interface MailReport {
  recipients: RecipientReport[]
  references: string[]
}

interface Part {
  headers: Headers
  body: string
}
type Headers = Map<string, string[]>

/** Headers that may carry the address a bounce was sent to, and those of the original that name it. */
const NAMING = [
  'to',
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'return-path',
  'message-id',
  'x-delivery',
]
const PARTS_MAX = 20
const RECIPIENTS_MAX = 20
const REFERENCES_MAX = 20

/**
 * Reads a delivery status notification (RFC 3464) or a feedback report (RFC 5965) as a mail server would hand it in;
 * null for any other message. Nothing of it is believed here: whoever can write a mail can write this.
 */
export function readMailReport(source: string): MailReport | null {
  const whole = readPart(source)
  const type = headerOf(whole, 'content-type')
  const boundary = /^multipart\/report\b/i.test(type) ? parameterOf(type, 'boundary') : undefined
  if (boundary === undefined) return null
  const parts = partsOf(whole.body, boundary)
  const find = (wanted: RegExp) => parts.find((part) => wanted.test(headerOf(part, 'content-type')))
  const original = find(/^(text\/rfc822-headers|message\/rfc822)\b/i)
  const sent = original && readPart(original.body)
  const status = find(/^message\/(global-)?delivery-status\b/i)
  const feedback = find(/^message\/feedback-report\b/i)
  const recipients = status ? readStatus(status.body) : feedback ? readFeedback(feedback.body, sent) : []
  if (recipients.length === 0) return null
  const named = [whole, sent].flatMap((part) =>
    part ? NAMING.flatMap((name) => part.headers.get(name) ?? []) : [],
  )
  const mailFrom = feedback ? (readPart(feedback.body).headers.get('original-mail-from') ?? []) : []
  return { recipients, references: referencesIn([...named, ...mailFrom]) }
}

/** Everything in these texts that has the form of a reference. */
export function referencesIn(texts: readonly string[]): string[] {
  const found = texts.flatMap(
    (text) => text.slice(0, 2_000).match(/(?<![a-z0-9])[a-z2-7]{63}(?![a-z0-9])/gi) ?? [],
  )
  return [...new Set(found.map((one) => one.toLowerCase()))].slice(0, REFERENCES_MAX)
}

function readStatus(body: string): RecipientReport[] {
  const [, ...groups] = body.split(/\n[ \t]*\n/).map((text) => readPart(`${text.trim()}\n\n`))
  return groups.slice(0, RECIPIENTS_MAX).flatMap((group) => {
    const action = headerOf(group, 'action').toLowerCase()
    if (action === '') return []
    const addresses = ['original-recipient', 'final-recipient', 'x-original-recipient']
      .flatMap((name) => group.headers.get(name) ?? [])
      .map(addressOf)
    return [{ ...judge(action, group), addresses }]
  })
}

function judge(action: string, group: Part): Omit<RecipientReport, 'addresses'> {
  const status = statusIn(headerOf(group, 'status'))
  const code = status ?? null
  if (action === 'delivered' || action === 'relayed' || action === 'expanded')
    return { outcome: 'delivered', code, suppress: null }
  if (action === 'delayed') return { outcome: 'deferred', code, suppress: null }
  const text = headerOf(group, 'diagnostic-code').replace(/^\s*[a-z0-9-]+\s*;\s*/i, '')
  const verdict = verdictOf({ status, text })
  const suppress = verdict === 'hard_bounce' || verdict === 'invalid' ? verdict : null
  return { outcome: 'bounced', code, suppress }
}

function readFeedback(body: string, sent: Part | undefined): RecipientReport[] {
  const report = readPart(`${body.trim()}\n\n`)
  const type = headerOf(report, 'feedback-type').toLowerCase()
  if (type !== 'abuse' && type !== 'fraud' && type !== 'opt-out') return []
  const addresses = [...(report.headers.get('original-rcpt-to') ?? []), ...(sent?.headers.get('to') ?? [])]
  return [{ outcome: 'complained', code: type, suppress: 'complaint', addresses: addresses.map(addressOf) }]
}

/** `rfc822; ada@example.com`, `<ada@example.com>` or `Ada <ada@example.com>` as the bare address. */
function addressOf(text: string): string {
  const plain = text
    .slice(0, 500)
    .replace(/^\s*[a-z0-9-]+\s*;/i, '')
    .trim()
  return (/<([^<>]*)>\s*$/.exec(plain)?.[1] ?? plain).toLowerCase()
}

function partsOf(body: string, boundary: string): Part[] {
  const mark = `\n--${boundary}`
  const [, ...parts] = `\n${body}`.split(mark)
  return parts
    .slice(0, PARTS_MAX)
    .flatMap((text) => (text.startsWith('--') ? [] : [readPart(text.replace(/^[^\n]*\n/, ''))]))
}

function readPart(text: string): Part {
  const source = text.replaceAll('\r\n', '\n')
  const end = source.startsWith('\n') ? 0 : source.indexOf('\n\n')
  const head = end < 0 ? source : source.slice(0, end)
  const headers: Headers = new Map()
  for (const line of head
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
    .slice(0, 500)) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return { headers, body: end < 0 ? '' : source.slice(end).replace(/^\n+/, '') }
}

function headerOf(part: Part, name: string): string {
  return part.headers.get(name)?.[0] ?? ''
}

function parameterOf(value: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"([^"]{1,200})"|([^\\s;]{1,200}))`, 'i').exec(value)
  return match?.[1] ?? match?.[2]
}
