import { INSTALLATION } from '../jobs/job-row.js'
import { newId } from '../kernel/ids.js'
import { CircuitBreaker } from './circuit-breaker.js'
import { makeReference } from './delivery-reference.js'
import { type DeadAddress, MailError } from './mail-error.js'
import { createMailboxTransport } from './mail-mailbox.js'
import { checkMessage, type MailMessage, maskAddress, parseSender } from './mail-message.js'
import { createSmtpTransport, type DkimOptions, type SmtpOptions } from './mail-smtp.js'

export { MailError } from './mail-error.js'
export type { MailMessage } from './mail-message.js'
export type { DkimOptions, SmtpOptions } from './mail-smtp.js'

/** What the mailer needs of a logger; pino fits. */
export interface MailLogger {
  info(obj: object, msg: string): void
  warn(obj: object, msg: string): void
  error(obj: object, msg: string): void
}

/** Where mail goes: to SMTP servers, the first that takes it, or as files to a folder where none is set. */
export interface MailerOptions {
  /** `Name <address>` or an address. */
  readonly from: string
  readonly log: MailLogger
  readonly smtp?: SmtpOptions | undefined
  /** Asked when `smtp` is away or does not take a message yet. */
  readonly fallback?: SmtpOptions | undefined
  readonly dkim?: DkimOptions | undefined
  /** Key of the references under which messages travel. */
  readonly referenceKey: Buffer
  /** Domain whose mail is bounces (VERP); without it bounces go to the sender. */
  readonly bounceDomain?: string | undefined
  /** Folder for .eml files; made when missing (0700). Used when `smtp` is absent. */
  readonly mailboxPath: string
  /** Newest files kept in the folder. Default 1000. */
  readonly mailboxKeep?: number
}

/** A message that was handed over; it may still bounce. */
export interface SentMail {
  readonly messageId: string
}

/** One mail server, or the folder. */
export interface MailRoute {
  readonly name: 'smtp' | 'smtp-fallback' | 'mailbox'
  /**
   * Hands one message over; resolves once the mail server (or the disk) has it. Throws MailError, whose
   * `isTemporary` says whether to try again. Neither body nor headers are ever logged.
   */
  send(message: MailMessage): Promise<SentMail>
}

/** Addresses that are not written to any more. */
export interface DeadAddresses {
  has(address: string): Promise<boolean>
  add(address: string, reason: DeadAddress, source: string): Promise<void>
}

/** The one way this server writes to people. */
export interface Mailer {
  readonly transport: 'smtp' | 'mailbox'
  /** In the order they are tried; for senders that keep account of each. */
  readonly routes: readonly MailRoute[]
  /**
   * Hands one message to the first route that takes it now, unless its address is known to be dead. Throws
   * MailError like a route. A message may arrive twice where a server hung up at the end; its Message-ID tells.
   */
  send(message: MailMessage): Promise<SentMail>
  /** From now on `send` asks this list, and adds addresses that a server says do not exist. */
  keepFrom(list: DeadAddresses): void
  /** Throws MailError when mail cannot be sent now: connects and signs in, or writes to the folder. */
  verify(): Promise<void>
  /** Ends idle connections; messages under way are finished. Safe to repeat. */
  close(): Promise<void>
}

/** A message with its sender, envelope and name settled, as a transport gets it. */
export interface OutgoingMail extends MailMessage {
  readonly from: { readonly name: string; readonly address: string }
  readonly envelopeFrom: string
  readonly messageId: string
  /** Also a header of its own: some providers replace the Message-ID. */
  readonly reference: string
}

/** What a transport is to the mailer. */
export interface MailTransport {
  send(mail: OutgoingMail): Promise<SentMail & { readonly file?: string }>
  verify(): Promise<void>
  close(): Promise<void>
}

/** Builds the mailer without connecting or loading the mail library; throws MailError for a bad sender. */
export function createMailer(options: MailerOptions): Mailer {
  const addressed = addresser(options)
  const transports = openTransports(options)
  const routes = transports.map(([name, transport]) => routeOf(name, transport, addressed, options.log))
  const breaker = new CircuitBreaker()
  let dead: DeadAddresses | undefined

  return {
    transport: options.smtp === undefined ? 'mailbox' : 'smtp',
    routes,
    send: async (message) => {
      if (await dead?.has(message.to)) throw suppressed()
      try {
        return await sendByFirst(routes, breaker, message)
      } catch (error) {
        const reason = error instanceof MailError ? error.deadAddress : undefined
        if (reason) {
          await dead?.add(message.to, reason, 'smtp').catch((err: unknown) => {
            options.log.error({ err }, 'an address that bounced could not be put on the suppression list')
          })
        }
        throw error
      }
    },
    keepFrom: (list) => {
      dead = list
    },
    verify: async () => {
      for (const [, transport] of transports) await transport.verify()
    },
    close: async () => {
      for (const [, transport] of transports) await transport.close()
    },
  }
}

async function sendByFirst(
  routes: readonly MailRoute[],
  breaker: CircuitBreaker,
  message: MailMessage,
): Promise<SentMail> {
  // The same message by every route, so that a copy that arrives twice is known as one.
  const same = { ...message, delivery: message.delivery ?? { tenantId: INSTALLATION, deliveryId: newId() } }
  let failure: unknown
  for (const route of routes) {
    // The last is always tried: there is nobody left to save the time for.
    if (route !== routes.at(-1) && breaker.waitMs(route.name) > 0) continue
    try {
      const sent = await route.send(same)
      breaker.record(route.name, true)
      return sent
    } catch (error) {
      if (!(error instanceof MailError && error.isTemporary)) throw error
      breaker.record(route.name, error.code !== 'outbound.mail_unavailable')
      failure = error
    }
  }
  throw failure
}

type NamedTransport = readonly [MailRoute['name'], MailTransport]

function openTransports(options: MailerOptions): NamedTransport[] {
  const { smtp, fallback, dkim } = options
  const mailbox = { path: options.mailboxPath, keep: options.mailboxKeep ?? 1000 }
  if (smtp === undefined) return [['mailbox', createMailboxTransport(mailbox)]]
  return [
    ['smtp', createSmtpTransport({ dkim, ...smtp })],
    ...(fallback ? [['smtp-fallback', createSmtpTransport({ dkim, ...fallback })] as const] : []),
  ]
}

/** Settles what does not depend on the route: sender, checked recipient, Message-ID and envelope sender. */
function addresser({ from: sender, referenceKey, bounceDomain }: MailerOptions) {
  const from = parseSender(sender)
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  return (message: MailMessage): OutgoingMail => {
    const checked = checkMessage(message)
    const delivery = message.delivery ?? { tenantId: INSTALLATION, deliveryId: newId() }
    const reference = makeReference(referenceKey, delivery, checked.to)
    return {
      ...checked,
      from,
      reference,
      envelopeFrom: bounceDomain === undefined ? from.address : `${reference}@${bounceDomain}`,
      messageId: `<${reference}@${domain}>`,
    }
  }
}

function routeOf(
  name: MailRoute['name'],
  transport: MailTransport,
  addressed: (message: MailMessage) => OutgoingMail,
  log: MailLogger,
): MailRoute {
  return {
    name,
    send: async (message) => {
      const mail = addressed(message)
      const to = maskAddress(mail.to)
      try {
        const { messageId, file } = await transport.send(mail)
        const where = file === undefined ? {} : { file }
        log.info({ to, subject: mail.subject, message_id: messageId, ...where }, `mail sent by ${name}`)
        return { messageId }
      } catch (error) {
        const { code, message: detail } = error as { code?: string; message?: string }
        log.warn({ to, subject: mail.subject, code, detail }, `mail not sent by ${name}`)
        throw error
      }
    },
  }
}

function suppressed(): MailError {
  return new MailError(
    'outbound.mail_suppressed',
    'This address is on the suppression list: mail to it bounced.',
    false,
  )
}
