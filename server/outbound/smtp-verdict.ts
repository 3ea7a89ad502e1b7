/**
 * What a mail server's words mean for the recipient. `temporary`: try again. `hard_bounce`: there is no such mailbox.
 * `invalid`: this is no address. `refused`: this message is not taken, which says nothing about the next one.
 */
export type SmtpVerdict = 'temporary' | 'hard_bounce' | 'invalid' | 'refused'

/** A reply to RCPT or DATA, or the fields of a delivery status notification. */
export interface SmtpReply {
  /** Three digits; left out where only a status is known. */
  readonly code?: number | undefined
  /** Enhanced status (RFC 3463), e.g. `5.1.1`. */
  readonly status?: string | undefined
  /** The server's own words. */
  readonly text: string
}

/** No mailbox of that name or no such domain, a mailbox that moved away or takes no mail (RFC 3463, RFC 7505). */
const NO_MAILBOX = new Set(['1.1', '1.2', '1.6', '1.10', '2.1'])
const NO_ADDRESS = new Set(['1.3'])
/** A mailbox or system that is full gets room again. */
const FULL = new Set(['2.2', '3.1'])
/** Statuses that say "something else": the words decide. */
const VAGUE = new Set(['0.0', '1.0', '2.0', '5.0'])

/** What servers say of unknown mailboxes that give no exact status. */
const UNKNOWN_MAILBOX =
  /\b(user|mailbox|recipient|account|address)( address)? (is )?(unknown|not found|(does|do) ?n[o']t exist|(does|do) not exist)|\b(unknown|no such) (user|mailbox|recipient|account|address)\b|account that you tried to reach does not exist/i

/**
 * Judges a reply. Only what is sure about the mailbox itself is a hard bounce: a 550 that speaks of policy, spam or
 * relaying is about the sender, and would else put everybody on the suppression list when this host is blocked.
 */
export function verdictOf(reply: SmtpReply): SmtpVerdict {
  const status = reply.status ?? statusIn(reply.text)
  const group = status?.[0] ?? String(Math.floor((reply.code ?? 500) / 100))
  if (group !== '5') return 'temporary'
  const detail = status?.slice(2)
  if (detail !== undefined && FULL.has(detail)) return 'temporary'
  if (detail !== undefined && NO_ADDRESS.has(detail)) return 'invalid'
  if (detail !== undefined && NO_MAILBOX.has(detail)) return 'hard_bounce'
  const isVague = detail === undefined || VAGUE.has(detail)
  return isVague && UNKNOWN_MAILBOX.test(reply.text) ? 'hard_bounce' : 'refused'
}

/** The enhanced status that begins a reply's text, `550 5.1.1 No such user`. */
export function statusIn(text: string): string | undefined {
  return /^(?:\s*\d{3}[ -])?\s*([245]\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1]
}
