import { domainToASCII } from 'node:url'
import type { DeliveryReference } from './delivery-reference.js'
import { MailError } from './mail-error.js'

/** One message to one person. */
export interface MailMessage {
  /** A bare address, `local@domain`. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html?: string
  /** Extra headers such as `List-Unsubscribe`; the framing ones cannot be set. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whose message it is; the installation's own when left out. Repeats of one delivery look the same outside. */
  readonly delivery?: DeliveryReference
}

const MAX_BODY_BYTES = 1024 * 1024
const MAX_SUBJECT = 255
const MAX_HEADER_VALUE = 900

/** Headers that decide who gets the message, who seems to send it, or how it is read. */
const OWN_HEADERS =
  /^(from|sender|to|cc|bcc|reply-to|return-path|subject|date|message-id|mime-version|content-.*|dkim-.*|received|resent-.*|x-mailer|x-delivery)$/

/**
 * Checks everything of a message that ends up in its head and gives it back with the address in the form
 * mail servers accept (domain as ASCII). Throws MailError `outbound.invalid_mail`; nothing is silently
 * cut or cleaned, so that a line break smuggled into a name never becomes a header.
 */
export function checkMessage(message: MailMessage): MailMessage {
  const to = checkMailAddress(message.to)
  if (message.subject.trim() === '' || message.subject.length > MAX_SUBJECT || hasControl(message.subject)) {
    throw invalid('The subject is empty, too long or holds a control character.')
  }
  if (Buffer.byteLength(message.text) + Buffer.byteLength(message.html ?? '') > MAX_BODY_BYTES) {
    throw invalid('The message is larger than 1 MiB.')
  }
  for (const [name, value] of Object.entries(message.headers ?? {})) checkHeader(name, value)
  return { ...message, to }
}

/**
 * Gives the address back with an ASCII domain, or throws MailError: one `local@domain` (RFC 5321 sizes),
 * no display name, no quoting, no list, no line break, a domain with a dot unless it is `localhost`.
 */
export function checkMailAddress(address: string): string {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const domain = domainToASCII(address.slice(at + 1))
  const isFine =
    at > 0 &&
    // domainToASCII drops line breaks and tabs instead of refusing them.
    !/\s/.test(address) &&
    !hasControl(address) &&
    Buffer.byteLength(local) <= 64 &&
    address.length <= 254 &&
    LOCAL.test(local) &&
    domain.length <= 253 &&
    DOMAIN.test(domain)
  if (!isFine) throw invalid('This is not an e-mail address that can be written to.')
  return `${local}@${domain}`
}

/** `Name <address>` or a bare address of the sender, as its parts; throws MailError when it is neither. */
export function parseSender(from: string): { name: string; address: string } {
  if (hasControl(from)) throw invalid('The sender holds a control character.')
  const [, name = '', bracketed = ''] = /^\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*$/.exec(from) ?? []
  return { name, address: checkMailAddress(bracketed || from.trim()) }
}

/** An address fit for a log line: `a…@example.com`. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@')
  return `${[...address][0] ?? ''}…${address.slice(at)}`
}

const LOCAL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const DOMAIN = new RegExp(`^(localhost|(${LABEL}\\.)+(?!\\d+$)${LABEL})$`)

function checkHeader(name: string, value: string): void {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,60}$/.test(name) || OWN_HEADERS.test(name.toLowerCase())) {
    throw invalid(`The header ${JSON.stringify(name.slice(0, 60))} cannot be set.`)
  }
  if (value.length > MAX_HEADER_VALUE || hasControl(value)) {
    throw invalid(`The header ${name} is too long or holds a control character.`)
  }
}

/** Controls, line and paragraph separators, and the marks that reverse the order of the text shown. */
function hasControl(text: string): boolean {
  return /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text)
}

function invalid(message: string): MailError {
  return new MailError('outbound.invalid_mail', message, false)
}
