import { INSTALLATION } from '../../../jobs/job-row.js'
import type { Resources } from '../../../kernel/resources.js'
import { makeReference } from '../../../outbound/delivery-reference.js'
import type { SendOutcome } from '../channel.js'
import { normalPhone } from '../rules/addresses.js'
import { type Cost, readPrice } from '../rules/money.js'
import { countSegments } from '../rules/sms-segments.js'
import { failureOfCall } from './http-answer.js'
import type { Sender } from './sender.js'

/** Longest text that is sent; providers take no more. */
const TEXT_MAX = 1_600

/** A checked text message, as providers are handed one. */
export interface TextMessage {
  deliveryId: string
  /** Name of the message in status reports. */
  reference: string
  phone: string
  text: string
  segments: number
}

/** Hands a text message to one provider; may throw OutboundError. */
export type Post = (message: TextMessage, signal: AbortSignal) => Promise<SendOutcome>

/** A sender of text messages: what is the same for every provider. */
export function smsSender(resources: Resources, provider: string, post: Post): Sender {
  const key = resources.secrets.key('delivery-reference')
  return {
    provider,
    circuitOf: () => provider,
    send: async ({ destination, content, deliveryId, tenantId }, signal) => {
      if (destination.channel !== 'sms' || content.channel !== 'sms') throw new TypeError('no text message')
      const phone = normalPhone(destination.phone)
      if (phone === null) return invalidNumber(provider)
      if (content.text.trim() === '' || content.text.length > TEXT_MAX) return badText(provider)
      const reference = makeReference(key, { tenantId: tenantId ?? INSTALLATION, deliveryId }, phone)
      const segments = countSegments(content.text)
      try {
        return await post({ deliveryId, reference, phone, text: content.text, segments }, signal)
      } catch (error) {
        return failureOfCall(error, { provider, channel: 'sms', isOwnAddress: true })
      }
    },
  }
}

/** What so many segments cost by the operator's price, where the provider does not say. */
export function costOf(price: string | undefined, segments: number): Cost | null {
  const each = readPrice(price)
  return each && { micros: each.micros * segments, currency: each.currency }
}

/** A number that is none, or that no text message can reach. */
export function invalidNumber(provider: string, code = ''): SendOutcome {
  const message = `This is no number that text messages reach${code && ` (${code})`}.`
  return {
    status: 'failed',
    provider,
    code: 'invalid_number',
    message,
    isRetryable: false,
    suppress: 'invalid',
  }
}

/** The person told the provider to stop. */
export function optedOut(provider: string, code = ''): SendOutcome {
  const message = `The recipient asked for no more text messages${code && ` (${code})`}.`
  return { status: 'failed', provider, code: 'opted_out', message, isRetryable: false, suppress: 'complaint' }
}

/** The provider does not take this message, now or later. */
export function refusedText(provider: string, code: string): SendOutcome {
  const message = `The provider refused the message (${code}).`
  return { status: 'failed', provider, code: 'sms_refused', message, isRetryable: false }
}

/** The provider does not know us: that waits for the operator. */
export function notSignedIn(provider: string, code: string): SendOutcome {
  const message = `The provider refused this installation (${code}).`
  return { status: 'failed', provider, code: 'sms_unavailable', message, isRetryable: true }
}

function badText(provider: string): SendOutcome {
  const message = `The text is empty or longer than ${TEXT_MAX} characters.`
  return { status: 'failed', provider, code: 'invalid_text', message, isRetryable: false }
}
