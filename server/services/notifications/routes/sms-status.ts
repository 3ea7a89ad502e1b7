import { defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { noContent } from '../../../kernel/schema.js'
import { channelErrors } from '../errors/channels.js'
import { takeSmsReport, takeTwilioStatus } from '../operations/take-sms-status.js'
import { signatureHeaders } from '../rules/signed-call.js'
import { smsReportBody, twilioHeaders, twilioStatusBody, twilioStatusQuery } from '../schemas/reports.js'

const NOTHING = Buffer.alloc(0)
const common = {
  method: 'post',
  limit: 'callback',
  audit: unaudited('each number that is suppressed, and each delivery that is told of, leaves an event'),
  transaction: 'manual',
  output: noContent,
  status: 204,
  errors: [kernelErrors.NotFound, channelErrors.SignatureRefused],
} as const

const httpRoute = defineRoute({
  ...common,
  id: 'reportSms',
  path: '/sms/status/http',
  summary: 'Report what became of a text message',
  description:
    'For the provider behind SMS_HTTP_URL. Signed like Standard Webhooks 1.0.0, with SMS_HTTP_SECRET; without that setting there is no such address.',
  access: open('the call is signed with a secret that the operator set'),
  input: { headers: signatureHeaders, body: smsReportBody },
  handler: async (ctx, { body, headers, rawBody }) => {
    await takeSmsReport(ctx, body, headers, rawBody ?? NOTHING)
    return undefined
  },
})

const twilioRoute = defineRoute({
  ...common,
  id: 'reportTwilioSms',
  path: '/sms/status/twilio',
  summary: 'Take a status callback of Twilio',
  description: 'Signed by Twilio with SMS_TWILIO_TOKEN; without that setting there is no such address.',
  access: open('the call is signed with a secret that the operator shares with Twilio'),
  accepts: 'form',
  input: { query: twilioStatusQuery, headers: twilioHeaders, body: twilioStatusBody },
  handler: async (ctx, { query, body, headers, rawBody }) => {
    const signature = headers['x-twilio-signature']
    await takeTwilioStatus(ctx, {
      status: body,
      reference: query.reference,
      form: rawBody ?? NOTHING,
      signature,
    })
    return undefined
  },
})

export const smsStatusRoutes = [httpRoute, twilioRoute]
