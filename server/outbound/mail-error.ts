/** Every stable code a mail can fail with. */
export type MailCode = 'outbound.invalid_mail' | 'outbound.mail_refused' | 'outbound.mail_unavailable'

/** A mail that was not handed over; `isTemporary` tells whether trying again later can help. */
export class MailError extends Error {
  override readonly name = 'MailError'
  readonly code: MailCode
  readonly isTemporary: boolean

  constructor(code: MailCode, message: string, isTemporary: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.isTemporary = isTemporary
  }
}
