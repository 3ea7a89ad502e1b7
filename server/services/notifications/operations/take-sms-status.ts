import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { publicUrl } from '../../auth/api.js'
import { channelErrors } from '../errors/channels.js'
import { isOfTwilio, readTwilio } from '../reports/twilio.js'
import { isSigned, type SignatureHeaders } from '../rules/signed-call.js'
import type { SmsReport, TwilioStatus } from '../schemas/reports.js'
import { statusCallback } from '../senders/twilio.js'
import { recordReport } from './record-report.js'

/** A status callback of Twilio: what it says, of which message, and by which signature. */
export interface TwilioCall {
  status: TwilioStatus
  reference: string
  form: Buffer
  signature: string | undefined
}

/** Takes a status callback of Twilio. Without its auth token there is no such address. */
export async function takeTwilioStatus(
  ctx: Ctx,
  { status, reference, form, signature }: TwilioCall,
): Promise<void> {
  const token = ctx.config.SMS_TWILIO_TOKEN
  if (!token) throw new kernelErrors.NotFound()
  const url = statusCallback(publicUrl(ctx.resources), encodeURIComponent(reference))
  if (!isOfTwilio(token, { url, form, signature })) throw new channelErrors.SignatureRefused()
  const report = readTwilio(status, reference)
  if (report) await recordReport(ctx, report)
}

const OUTCOMES = { delivered: 'delivered', failed: 'bounced', deferred: 'deferred' } as const
const REASONS = { invalid_number: 'invalid', opted_out: 'complaint' } as const

/** Takes a report of the provider behind SMS_HTTP_URL. Without its secret there is no such address. */
export async function takeSmsReport(
  ctx: Ctx,
  body: SmsReport,
  headers: SignatureHeaders,
  raw: Buffer,
): Promise<void> {
  const secret = ctx.config.SMS_HTTP_SECRET
  if (!secret) throw new kernelErrors.NotFound()
  if (!isSigned(secret, headers, raw, ctx.now())) throw new channelErrors.SignatureRefused()
  await recordReport(ctx, {
    channel: 'sms',
    provider: 'http',
    outcome: OUTCOMES[body.status],
    code: body.code ?? null,
    suppress: body.reason === undefined ? null : REASONS[body.reason],
    references: [body.reference],
    addresses: [body.to],
    isTrusted: false,
  })
}
