import { z } from 'zod'
import type { Resources } from '../../../kernel/resources.js'
import type { SafeResponse } from '../../../outbound/safe-fetch.js'
import type { SendOutcome } from '../channel.js'
import { microsOf } from '../rules/money.js'
import { jsonOf, notNow } from './http-answer.js'
import type { Sender } from './sender.js'
import {
  costOf,
  invalidNumber,
  notSignedIn,
  optedOut,
  refusedText,
  smsSender,
  type TextMessage,
} from './sms-sender.js'

/** What an installation knows of its account. */
export interface TwilioAccount {
  url: string
  account: string
  token: string
  from: string
}

/** Where status callbacks of Twilio come to. */
export const TWILIO_STATUS_PATH = '/notifications/v1/sms/status/twilio'

const PROVIDER = 'twilio'
/** Errors that say the number is none or can never be reached by text. */
const INVALID = new Set([21211, 21214, 21217, 21265, 21614])
const OPTED_OUT = 21610

const accepted = z.object({
  sid: z.string().max(64).nullish(),
  num_segments: z.coerce.number().int().min(0).max(100).nullish(),
  price: z.string().max(20).nullish(),
  price_unit: z.string().length(3).nullish(),
})
const refused = z.object({ code: z.number().int().nullish() })

/** Sends by the API of Twilio, or by one that speaks it. */
export function twilioSender(resources: Resources, account: TwilioAccount): Sender {
  const { fetch, config, now } = resources
  const url = `${account.url.replace(/\/+$/, '')}/2010-04-01/Accounts/${account.account}/Messages.json`
  const authorization = `Basic ${Buffer.from(`${account.account}:${account.token}`).toString('base64')}`

  return smsSender(resources, PROVIDER, async (message, signal) => {
    const answer = await fetch.fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: formOf(message, account.from, config.VETRAI_PUBLIC_URL),
      // The token goes to nobody else.
      redirect: 'manual',
      maxBytes: 100_000,
      signal,
    })
    return answer.ok ? sent(answer, message, config.SMS_SEGMENT_PRICE) : failed(answer, now())
  })
}

function formOf(
  { phone, text, reference }: TextMessage,
  from: string,
  publicUrl: string | undefined,
): string {
  const form = new URLSearchParams({ To: phone, Body: text })
  form.set(/^MG[0-9a-fA-F]{32}$/.test(from) ? 'MessagingServiceSid' : 'From', from)
  // Without a public address there is nowhere to call back to.
  if (publicUrl) form.set('StatusCallback', statusCallback(publicUrl, reference))
  return form.toString()
}

/** The address that Twilio calls, and signs, for one message. */
export function statusCallback(publicUrl: string, reference: string): string {
  return `${publicUrl.replace(/\/+$/, '')}${TWILIO_STATUS_PATH}?reference=${reference}`
}

function sent(answer: SafeResponse, message: TextMessage, segmentPrice: string | undefined): SendOutcome {
  const { data } = accepted.safeParse(jsonOf(answer))
  const micros = data?.price && data.price_unit ? microsOf(data.price) : null
  const cost =
    micros !== null && data?.price_unit
      ? { micros, currency: data.price_unit }
      : costOf(segmentPrice, data?.num_segments || message.segments)
  return { status: 'sent', provider: PROVIDER, providerMessageId: data?.sid ?? null, cost }
}

function failed(answer: SafeResponse, now: Date): SendOutcome {
  const code = refused.safeParse(jsonOf(answer)).data?.code ?? answer.status
  if (answer.status === 429 || answer.status >= 500)
    return notNow(answer, { provider: PROVIDER, channel: 'sms', now })
  if (code === OPTED_OUT) return optedOut(PROVIDER, String(code))
  if (INVALID.has(code)) return invalidNumber(PROVIDER, String(code))
  // A redirect, too: the address is not where the API is.
  const isOurFault = answer.status < 400 || [401, 403, 404].includes(answer.status)
  return isOurFault ? notSignedIn(PROVIDER, String(code)) : refusedText(PROVIDER, String(code))
}
