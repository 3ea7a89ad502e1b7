import type { Transporter } from 'nodemailer'
import type SMTPPool from 'nodemailer/lib/smtp-pool/index.js'

/** The pooled SMTP transporter of the mail library. */
export type SmtpPoolTransporter = Transporter<SMTPPool.SentMessageInfo, SMTPPool.Options>

/** Loads the mail library on first use: a server that sends no mail does not hold it in memory. */
export function loadMailLibrary(): Promise<typeof import('nodemailer')> {
  return import('nodemailer')
}
