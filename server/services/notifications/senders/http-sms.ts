import { z } from 'zod'
import type { Resources } from '../../../kernel/resources.js'
import type { SafeResponse } from '../../../outbound/safe-fetch.js'
import type { SendOutcome } from '../channel.js'
import { microsOf } from '../rules/money.js'
import { signCall } from '../rules/signed-call.js'
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

/** Where text messages are posted to, and how. */
export interface HttpGateway {
  url: string
  secret: string
  from: string | null
}

const PROVIDER = 'http'

const accepted = z.object({
  id: z.string().max(200).nullish(),
  segments: z.number().int().min(1).max(100).nullish(),
  price: z.object({ amount: z.string().max(20), currency: z.string().regex(/^[A-Z]{3}$/) }).nullish(),
})
const refused = z.object({
  code: z.string().max(40).nullish(),
  reason: z.enum(['invalid_number', 'opted_out']).nullish(),
})

/** Posts each text message as signed JSON; `webhook-id` is the delivery's, so that a repeat can be told. */
export function httpSmsSender(resources: Resources, gateway: HttpGateway): Sender {
  const { fetch, config, now } = resources
  return smsSender(resources, PROVIDER, async (message, signal) => {
    const { deliveryId: id, reference, phone: to, text, segments } = message
    const body = JSON.stringify({ id, reference, to, from: gateway.from, text, segments })
    const answer = await fetch.fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signCall(gateway.secret, { id, at: now(), body }) },
      body,
      redirect: 'manual',
      maxBytes: 100_000,
      signal,
    })
    return answer.ok ? sent(answer, message, config.SMS_SEGMENT_PRICE) : failed(answer, now())
  })
}

function sent(answer: SafeResponse, message: TextMessage, segmentPrice: string | undefined): SendOutcome {
  const { data } = accepted.safeParse(jsonOf(answer))
  const micros = data?.price ? microsOf(data.price.amount) : null
  const cost =
    micros !== null && data?.price
      ? { micros, currency: data.price.currency }
      : costOf(segmentPrice, data?.segments ?? message.segments)
  return { status: 'sent', provider: PROVIDER, providerMessageId: data?.id ?? null, cost }
}

function failed(answer: SafeResponse, now: Date): SendOutcome {
  const { status } = answer
  if (status === 429 || status === 408 || status >= 500)
    return notNow(answer, { provider: PROVIDER, channel: 'sms', now })
  const { data } = refused.safeParse(jsonOf(answer))
  const code = data?.code ?? String(status)
  if (data?.reason === 'opted_out') return optedOut(PROVIDER, code)
  if (data?.reason === 'invalid_number') return invalidNumber(PROVIDER, code)
  const isOurFault = status < 400 || [401, 403, 404].includes(status)
  return isOurFault ? notSignedIn(PROVIDER, code) : refusedText(PROVIDER, code)
}
