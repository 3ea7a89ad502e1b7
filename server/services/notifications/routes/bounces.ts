import { z } from 'zod'
import { can, defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { bytes } from '../../../kernel/schema.js'
import { channelErrors } from '../errors/channels.js'
import { takeCustom, takeMailgun, takeMailReport } from '../operations/take-reports.js'
import { takeSes } from '../operations/take-ses.js'
import { signatureHeaders } from '../rules/signed-call.js'
import { customReportBody, mailgunBody, takenView } from '../schemas/reports.js'

const signed = open('the call is signed with a secret that the operator set')
const audit = unaudited('each address that is suppressed, and each delivery that is told of, leaves an event')
const errors = [kernelErrors.NotFound, channelErrors.SignatureRefused]

const customRoute = defineRoute({
  id: 'reportBounces',
  method: 'post',
  path: '/bounces/custom',
  summary: 'Report bounces and complaints',
  description:
    'For mail systems that no other route knows. Signed like Standard Webhooks 1.0.0, with BOUNCE_SECRET; without that setting there is no such address.',
  access: signed,
  limit: 'callback',
  audit,
  transaction: 'manual',
  input: { headers: signatureHeaders, body: customReportBody },
  output: takenView,
  errors,
  handler: (ctx, { body, headers, rawBody }) => takeCustom(ctx, body, headers, rawBody ?? Buffer.alloc(0)),
})

const mailgunRoute = defineRoute({
  id: 'reportMailgun',
  method: 'post',
  path: '/bounces/mailgun',
  summary: 'Take a webhook of Mailgun',
  description: 'Signed by Mailgun with BOUNCE_MAILGUN_KEY; without that setting there is no such address.',
  access: signed,
  limit: 'callback',
  audit,
  transaction: 'manual',
  input: { body: mailgunBody },
  output: takenView,
  errors,
  handler: (ctx, { body }) => takeMailgun(ctx, body),
})

const sesRoute = defineRoute({
  id: 'reportSes',
  method: 'post',
  path: '/bounces/ses',
  summary: 'Take a notification of Amazon SES',
  description:
    'Comes by the SNS topic BOUNCE_SES_TOPIC, whose subscription is confirmed by itself; without that setting there is no such address.',
  access: signed,
  limit: 'callback',
  audit,
  transaction: 'manual',
  accepts: 'bytes',
  mediaTypes: ['text/plain', 'application/json'],
  input: { body: bytes },
  output: takenView,
  errors: [...errors, channelErrors.ReportUnreadable],
  handler: (ctx, { body }) => takeSes(ctx, body),
})

const reportRoute = defineRoute({
  id: 'reportBouncedMail',
  method: 'post',
  path: '/bounces/report',
  summary: 'Hand in a mail that came back',
  description:
    'For the mail server of MAIL_BOUNCE_DOMAIN: the delivery status notification (RFC 3464) or feedback report (RFC 5965) as it arrived. It counts where it names one of our messages and the address that message went to.',
  access: can('notifications.bounces.report'),
  limit: 'callback',
  audit,
  transaction: 'manual',
  accepts: 'bytes',
  mediaTypes: ['message/rfc822'],
  input: {
    query: z.strictObject({
      recipient: z.string().max(320).optional().describe('Envelope recipient of the bounce.'),
    }),
    body: bytes,
  },
  output: takenView,
  errors: [channelErrors.ReportUnreadable],
  handler: (ctx, { query, body }) => takeMailReport(ctx, body, query.recipient),
})

export const bounceRoutes = [customRoute, mailgunRoute, reportRoute, sesRoute]
