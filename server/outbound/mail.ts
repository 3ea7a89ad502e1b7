import { createMailboxTransport } from './mail-mailbox.js'
import { checkMessage, type MailMessage, maskAddress, parseSender } from './mail-message.js'
import { createSmtpTransport, type SmtpOptions } from './mail-smtp.js'

export { MailError } from './mail-error.js'
export type { MailMessage } from './mail-message.js'
export type { SmtpOptions } from './mail-smtp.js'

/** What the mailer needs of a logger; pino fits. */
export interface MailLogger {
  info(obj: object, msg: string): void
  warn(obj: object, msg: string): void
  error(obj: object, msg: string): void
}

/** Where mail goes: to an SMTP server, or as files to a folder where none is set. */
export interface MailerOptions {
  /** `Name <address>` or an address. */
  readonly from: string
  readonly log: MailLogger
  readonly smtp?: SmtpOptions | undefined
  /** Folder for .eml files; made when missing (0700). Used when `smtp` is absent. */
  readonly mailboxPath: string
  /** Newest files kept in the folder. Default 1000. */
  readonly mailboxKeep?: number
}

/** A message that was handed over; it may still bounce. */
export interface SentMail {
  readonly messageId: string
}

/** The one way this server writes to people. */
export interface Mailer {
  readonly transport: 'smtp' | 'mailbox'
  /**
   * Hands one message over; resolves once the mail server (or the disk) has it. Throws MailError, whose
   * `isTemporary` says whether to try again. Neither body nor headers are ever logged.
   */
  send(message: MailMessage): Promise<SentMail>
  /** Throws MailError when mail cannot be sent now: connects and signs in, or writes to the folder. */
  verify(): Promise<void>
  /** Ends idle connections; messages under way are finished. Safe to repeat. */
  close(): Promise<void>
}

/** A message with its sender settled, as a transport gets it. */
export interface OutgoingMail extends MailMessage {
  readonly from: { readonly name: string; readonly address: string }
}

/** What a transport is to the mailer. */
export interface MailTransport {
  send(mail: OutgoingMail): Promise<SentMail & { readonly file?: string }>
  verify(): Promise<void>
  close(): Promise<void>
}

/** Builds the mailer without connecting or loading the mail library; throws MailError for a bad sender. */
export function createMailer(options: MailerOptions): Mailer {
  const from = parseSender(options.from)
  const name = options.smtp === undefined ? 'mailbox' : 'smtp'
  const transport =
    options.smtp === undefined
      ? createMailboxTransport({ path: options.mailboxPath, keep: options.mailboxKeep ?? 1000 })
      : createSmtpTransport(options.smtp)

  return {
    transport: name,
    send: async (message) => {
      const mail = { ...checkMessage(message), from }
      const to = maskAddress(mail.to)
      try {
        const { messageId, file } = await transport.send(mail)
        const where = file === undefined ? {} : { file }
        options.log.info(
          { to, subject: mail.subject, message_id: messageId, ...where },
          `mail sent by ${name}`,
        )
        return { messageId }
      } catch (error) {
        const { code, message } = error as { code?: string; message?: string }
        options.log.warn({ to, subject: mail.subject, code, detail: message }, `mail not sent by ${name}`)
        throw error
      }
    },
    verify: () => transport.verify(),
    close: () => transport.close(),
  }
}
