import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { channelErrors } from '../errors/channels.js'
import { readCustom } from '../reports/custom.js'
import { isOfMailgun, readMailgun } from '../reports/mailgun.js'
import { readMailReport, referencesIn } from '../rules/delivery-report.js'
import { isSigned, type SignatureHeaders } from '../rules/signed-call.js'
import type { CustomReport, MailgunReport } from '../schemas/reports.js'
import { type ProviderReport, recordReport } from './record-report.js'

/** How many reports were about messages or addresses of ours. */
export interface Taken {
  taken: number
  ignored: number
}

/** Takes reports in our own form. Without a secret there is no such address, whatever a call is signed with. */
export function takeCustom(
  ctx: Ctx,
  body: CustomReport,
  headers: SignatureHeaders,
  raw: Buffer,
): Promise<Taken> {
  const secret = ctx.config.BOUNCE_SECRET
  if (!secret) throw new kernelErrors.NotFound()
  if (!isSigned(secret, headers, raw, ctx.now())) throw new channelErrors.SignatureRefused()
  return recordAll(ctx, readCustom(body))
}

/** Takes a webhook of Mailgun. Without its signing key there is no such address. */
export function takeMailgun(ctx: Ctx, body: MailgunReport): Promise<Taken> {
  const key = ctx.config.BOUNCE_MAILGUN_KEY
  if (!key) throw new kernelErrors.NotFound()
  if (!isOfMailgun(key, body, ctx.now())) throw new channelErrors.SignatureRefused()
  const report = readMailgun(body)
  return report ? recordAll(ctx, [report]) : Promise.resolve({ taken: 0, ignored: 1 })
}

/**
 * Takes a mail that came back, as the mail server of the bounce domain hands it in. Anybody can write such a mail, so
 * it counts only where it names one of our messages and the very address that message went to.
 */
export function takeMailReport(ctx: Ctx, raw: Buffer, recipient: string | undefined): Promise<Taken> {
  const report = readMailReport(raw.toString())
  if (!report) throw new channelErrors.ReportUnreadable()
  const references = [...referencesIn([recipient ?? '']), ...report.references]
  return recordAll(
    ctx,
    report.recipients.map((one) => ({
      ...one,
      channel: 'email',
      provider: 'mail-server',
      references,
      isTrusted: false,
    })),
  )
}

/** Records reports one after the other. */
export async function recordAll(ctx: Ctx, reports: readonly ProviderReport[]): Promise<Taken> {
  let taken = 0
  for (const report of reports) if (await recordReport(ctx, report)) taken += 1
  return { taken, ignored: reports.length - taken }
}
