/** Every stable code a mail can fail with. `unavailable`: the server is away or refuses us; `deferred`: not now. */
export type MailCode =
  | 'outbound.invalid_mail'
  | 'outbound.mail_refused'
  | 'outbound.mail_deferred'
  | 'outbound.mail_unavailable'
  | 'outbound.mail_suppressed'

/** What a refusal says about the address itself: it is not written to again. */
export type DeadAddress = 'hard_bounce' | 'invalid'

/** A mail that was not handed over; `isTemporary` tells whether trying again later can help. */
export class MailError extends Error {
  override readonly name = 'MailError'
  readonly code: MailCode
  readonly isTemporary: boolean
  /** Set where the mail server said that there is no such mailbox. */
  readonly deadAddress: DeadAddress | undefined

  constructor(
    code: MailCode,
    message: string,
    isTemporary: boolean,
    cause?: unknown,
    deadAddress?: DeadAddress,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.isTemporary = isTemporary
    this.deadAddress = deadAddress
  }
}
