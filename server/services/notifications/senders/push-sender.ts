import type { Resources } from '../../../kernel/resources.js'
import type { SafeResponse } from '../../../outbound/safe-fetch.js'
import type { Destination, Outgoing, SendOutcome } from '../channel.js'
import { failureOfCall, notNow } from './http-answer.js'
import type { Sender } from './sender.js'
import { loadVapidKeys, type VapidKeys, vapidSubject } from './vapid.js'

const PROVIDER = 'web-push'

/** Push services take 4 KiB; encryption, padding and old devices want their share of it. */
export const PUSH_PAYLOAD_MAX = 3 * 1024

type Subscription = Extract<Destination, { channel: 'push' }>['subscription']

/** Sends web push messages: encrypted for the device (RFC 8291), signed with the installation's key (RFC 8292). */
export function pushSender(resources: Resources): Sender {
  const { fetch, now } = resources
  let keys: Promise<VapidKeys> | undefined
  const vapid = () => {
    // A pair that could not be read is asked for again by the next message.
    keys ??= loadVapidKeys(resources).catch((error: unknown) => {
      keys = undefined
      throw error
    })
    return keys
  }

  return {
    provider: PROVIDER,
    circuitOf: (outgoing) => hostOf(subscriptionOf(outgoing)),
    send: async (outgoing, signal) => {
      const subscription = subscriptionOf(outgoing)
      const payload = payloadOf(outgoing)
      if (!isSubscription(subscription)) return dead('invalid', 'This is no push subscription.')
      if (Buffer.byteLength(payload) > PUSH_PAYLOAD_MAX) return tooLarge()
      const request = await requestOf(resources, await vapid(), { outgoing, subscription, payload })
      if (!request) return dead('invalid', 'The keys of this push subscription are none.')
      try {
        const answer = await fetch.fetch(subscription.endpoint, {
          ...request,
          redirect: 'manual',
          maxBytes: 64_000,
          signal,
        })
        return outcomeOf(answer, now())
      } catch (error) {
        return failureOfCall(error, { provider: PROVIDER, channel: 'push', isOwnAddress: false })
      }
    },
  }
}

/** Whether a text could be the endpoint and keys that a browser gave out. */
export function isSubscription({ endpoint, p256dh, auth }: Subscription): boolean {
  const [point, secret] = [Buffer.from(p256dh, 'base64url'), Buffer.from(auth, 'base64url')]
  const isHttps =
    endpoint.length <= 2_048 && URL.canParse(endpoint) && new URL(endpoint).protocol === 'https:'
  return isHttps && !isRetired(endpoint) && point.length === 65 && point[0] === 4 && secret.length === 16
}

/** Google's first push service ended in 2019 and took other keys. */
function isRetired(endpoint: string): boolean {
  return endpoint.startsWith('https://android.googleapis.com/gcm/')
}

interface PushMessage {
  outgoing: Outgoing
  subscription: Subscription
  payload: string
}

/** Null where the subscription's key is no point on the curve. The library is loaded with the first message. */
async function requestOf(
  { config }: Resources,
  keys: VapidKeys,
  { outgoing, subscription, payload }: PushMessage,
) {
  const { default: webPush } = await import('web-push')
  try {
    const { method, headers, body } = webPush.generateRequestDetails(
      { endpoint: subscription.endpoint, keys: { p256dh: subscription.p256dh, auth: subscription.auth } },
      payload,
      {
        vapidDetails: { subject: vapidSubject(config), ...keys },
        TTL: config.PUSH_TTL_S,
        // What cannot be unsubscribed from is what must arrive at once.
        urgency: outgoing.unsubscribeUrl === null ? 'high' : 'normal',
        // A repeat replaces its first copy where that still waits for the device.
        topic: Buffer.from(outgoing.deliveryId.replaceAll('-', ''), 'hex').toString('base64url'),
      },
    )
    return { method, headers: asText(headers), body }
  } catch {
    return null
  }
}

function asText(headers: Record<string, unknown>): Record<string, string> {
  const chosen = Object.entries(headers).filter(([name]) => name !== 'Content-Length')
  return Object.fromEntries(chosen.map(([name, value]) => [name, String(value)]))
}

function outcomeOf(answer: SafeResponse, now: Date): SendOutcome {
  const { status, headers } = answer
  if (answer.ok) {
    const providerMessageId = headers.location?.slice(0, 500) ?? null
    return { status: 'sent', provider: PROVIDER, providerMessageId, cost: null }
  }
  if (status === 404 || status === 410) return dead('gone', 'The device gave up this subscription.')
  if (status === 429 || status >= 500) return notNow(answer, { provider: PROVIDER, channel: 'push', now })
  if (status === 413) return tooLarge()
  const message = `The push service refused the message (${status}).`
  return { status: 'failed', provider: PROVIDER, code: 'push_refused', message, isRetryable: false }
}

function dead(suppress: 'gone' | 'invalid', message: string): SendOutcome {
  const code = suppress === 'gone' ? 'push_gone' : 'invalid_subscription'
  return { status: 'failed', provider: PROVIDER, code, message, isRetryable: false, suppress }
}

function tooLarge(): SendOutcome {
  const message = `The message is larger than ${PUSH_PAYLOAD_MAX} bytes.`
  return { status: 'failed', provider: PROVIDER, code: 'push_too_large', message, isRetryable: false }
}

function subscriptionOf({ destination }: Outgoing): Subscription {
  if (destination.channel !== 'push') throw new TypeError('no push message')
  return destination.subscription
}

/** What the page's service worker is handed. */
function payloadOf({ content, deliveryId: id }: Outgoing): string {
  if (content.channel !== 'push') throw new TypeError('no push message')
  return JSON.stringify({ id, title: content.title, body: content.body, url: content.url })
}

function hostOf({ endpoint }: Subscription): string {
  return URL.canParse(endpoint) ? new URL(endpoint).host : ''
}
