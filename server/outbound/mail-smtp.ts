import { isIP } from 'node:net'
import type { MailTransport, OutgoingMail } from './mail.js'
import { MailError } from './mail-error.js'
import type { SmtpPoolTransporter } from './mail-library.js'
import { loadMailLibrary } from './mail-library.js'
import { statusIn, verdictOf } from './smtp-verdict.js'

/** How to reach the operator's mail server. */
export interface SmtpOptions {
  readonly host: string
  readonly port: number
  readonly user?: string | undefined
  readonly password?: string | undefined
  /**
   * `tls`: TLS from the first byte (465). `starttls`: refuse to go on without it. `optional`: take
   * STARTTLS when offered. Default: `tls` on port 465, else `starttls`, on loopback `optional`.
   */
  readonly security?: 'tls' | 'starttls' | 'optional' | undefined
  /** Extra certificate authorities (PEM). */
  readonly ca?: readonly string[] | undefined
  /** Connections kept; further messages wait for one. Default 3. */
  readonly maxConnections?: number | undefined
  /** Signs every message (RFC 6376). */
  readonly dkim?: DkimOptions | undefined
  /** Silence after which a connection counts as dead, in milliseconds. Default 20 000. */
  readonly timeoutMs?: number | undefined
}

/** The key whose public half stands in DNS at `<selector>._domainkey.<domain>`. */
export interface DkimOptions {
  readonly domain: string
  readonly selector: string
  /** RSA private key, PEM. */
  readonly privateKey: string
}

/** A pooled SMTP transport; the library is loaded with the first message or verification. */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  let opened: Promise<SmtpPoolTransporter> | undefined
  const open = () => {
    opened ??= openPool(options)
    return opened
  }

  return {
    send: async (mail) => {
      const pool = await open()
      try {
        return { messageId: (await pool.sendMail(messageOf(mail))).messageId }
      } catch (error) {
        throw toMailError(error)
      }
    },
    verify: async () => {
      const pool = await open()
      await pool.verify().catch((error: unknown) => {
        throw toMailError(error)
      })
    },
    close: async () => {
      const pool = await opened
      opened = undefined
      pool?.close()
    },
  }
}

/** The message as the library takes it; it may read neither files nor URLs. */
export function messageOf(mail: OutgoingMail) {
  return {
    from: mail.from,
    to: { name: '', address: mail.to },
    envelope: { from: mail.envelopeFrom, to: [mail.to] },
    messageId: mail.messageId,
    subject: mail.subject,
    text: mail.text,
    ...(mail.html !== undefined && { html: mail.html }),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Delivery': mail.reference, ...mail.headers },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

async function openPool(options: SmtpOptions): Promise<SmtpPoolTransporter> {
  const { createTransport } = await loadMailLibrary()
  const security = options.security ?? defaultSecurity(options)
  const timeoutMs = options.timeoutMs ?? 20_000
  return createTransport({
    pool: true,
    host: options.host,
    port: options.port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ...(options.user !== undefined && { auth: { user: options.user, pass: options.password ?? '' } }),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(options.ca && { ca: [...options.ca] }) },
    connectionTimeout: Math.min(timeoutMs, 10_000),
    greetingTimeout: Math.min(timeoutMs, 10_000),
    socketTimeout: timeoutMs,
    dnsTimeout: Math.min(timeoutMs, 5_000),
    maxConnections: options.maxConnections ?? 3,
    maxMessages: 100,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(options.dkim && { dkim: signatureOf(options.dkim) }),
  })
}

/** RFC 8058 § 4: the signature must cover both headers of the one-click unsubscription. */
const SIGNED =
  'From:To:Subject:Date:Message-ID:MIME-Version:Content-Type:Content-Transfer-Encoding:List-Unsubscribe:List-Unsubscribe-Post'

function signatureOf({ domain, selector, privateKey }: DkimOptions) {
  return { domainName: domain, keySelector: selector, privateKey, headerFieldNames: SIGNED }
}

/** Passwords and one-time links do not cross a network in the clear unless the operator says so. */
function defaultSecurity({ host, port }: SmtpOptions): 'tls' | 'starttls' | 'optional' {
  if (port === 465) return 'tls'
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  return isLoopback ? 'optional' : 'starttls'
}

interface SmtpFailure {
  readonly code?: string
  readonly responseCode?: number
  /** The server's whole reply. */
  readonly response?: string
  /** The command it replied to. */
  readonly command?: string
}

function toMailError(error: unknown): MailError {
  const failure = error as SmtpFailure
  const { code, responseCode, response = '' } = failure
  const words = [code, responseCode, statusIn(response)].filter((word) => word !== undefined).join(' ')
  if (!judgesMessage(failure)) {
    const message = `The mail server cannot take mail now (${words || 'unknown'}).`
    return new MailError('outbound.mail_unavailable', message, true, error)
  }
  const verdict = verdictOf({ code: responseCode, text: response })
  if (verdict === 'temporary') {
    const message = `The mail server does not take this message yet (${words}).`
    return new MailError('outbound.mail_deferred', message, true, error)
  }
  const dead = verdict === 'refused' ? undefined : verdict
  return new MailError(
    'outbound.mail_refused',
    `The mail server refused the message (${words}).`,
    false,
    error,
    dead,
  )
}

/** Whether this message or its recipient was judged; network, TLS, sign-in and our sender wait for the operator. */
function judgesMessage({ code, responseCode, command }: SmtpFailure): boolean {
  // 421: the server is about to hang up, whatever it was told.
  if (responseCode === 421) return false
  if (command === 'MAIL FROM') return code === 'EMESSAGE' || responseCode === 552
  return code === 'EENVELOPE' || code === 'EMESSAGE'
}
