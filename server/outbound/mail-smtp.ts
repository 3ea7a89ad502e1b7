import { isIP } from 'node:net'
import type { MailTransport, OutgoingMail } from './mail.js'
import { MailError } from './mail-error.js'
import type { SmtpPoolTransporter } from './mail-library.js'
import { loadMailLibrary } from './mail-library.js'

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
  /** Connections kept. Default 3. */
  readonly maxConnections?: number | undefined
  /** Silence after which a connection counts as dead, in milliseconds. Default 20 000. */
  readonly timeoutMs?: number | undefined
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
    subject: mail.subject,
    text: mail.text,
    ...(mail.html !== undefined && { html: mail.html }),
    headers: { 'Auto-Submitted': 'auto-generated', ...mail.headers },
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
  })
}

/** Passwords and one-time links do not cross a network in the clear unless the operator says so. */
function defaultSecurity({ host, port }: SmtpOptions): 'tls' | 'starttls' | 'optional' {
  if (port === 465) return 'tls'
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  return isLoopback ? 'optional' : 'starttls'
}

/** A 5xx to this sender, recipient or content is final (RFC 5321); TLS, sign-in and network wait for the operator. */
function toMailError(error: unknown): MailError {
  const { responseCode, code } = error as { responseCode?: number; code?: string }
  const isAboutMessage = code === 'EENVELOPE' || code === 'EMESSAGE'
  const isTemporary = !isAboutMessage || (responseCode !== undefined && responseCode < 500)
  const words = [code, responseCode].filter((word) => word !== undefined).join(' ') || 'unknown'
  return isTemporary
    ? new MailError(
        'outbound.mail_unavailable',
        `The mail server cannot take mail now (${words}).`,
        true,
        error,
      )
    : new MailError('outbound.mail_refused', `The mail server refused the message (${words}).`, false, error)
}
