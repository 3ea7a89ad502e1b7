import type { Ctx } from '../../../kernel/context.js'
import type { Content, Destination, Outgoing, SendOutcome } from '../channel.js'
import type { Message } from '../models/message.js'
import { deletePushSubscription, findPushSubscriptions } from '../models/push-subscription.js'
import { addressOf, type RecipientProfile } from '../recipient.js'
import type { AddressedChannel } from '../rules/addresses.js'
import { sendMessage } from '../senders/send-message.js'
import { isSuppressed, suppress } from './suppress.js'

/** One delivery in words, ready for the providers of its channel. */
export interface Parcel {
  deliveryId: string
  channel: AddressedChannel
  message: Pick<Message, 'request'>
  /** Null for critical messages. */
  unsubscribeUrl: string | null
  profile: RecipientProfile
  content: Content
}

export interface HandedOver {
  outcome: SendOutcome
  /** Where it went, for `maskOf`; null where there was nowhere. */
  address: string | null
}

/**
 * Hands a delivery to a provider of its channel. The delivery's id goes along, the same at every try, so that a
 * provider that knows it takes it once. Never throws: a failure of our own is one that may pass.
 */
export async function handOver(ctx: Ctx, parcel: Parcel, signal: AbortSignal): Promise<HandedOver> {
  try {
    return await tryEach(ctx, parcel, await destinationsOf(ctx, parcel), signal)
  } catch (err) {
    ctx.log.error({ err, delivery_id: parcel.deliveryId }, 'a delivery could not be handed over')
    return { outcome: OUR_FAULT, address: null }
  }
}

async function tryEach(
  ctx: Ctx,
  parcel: Parcel,
  destinations: readonly Destination[],
  signal: AbortSignal,
): Promise<HandedOver> {
  const [first] = destinations
  if (!first) return { outcome: NOWHERE, address: null }
  const outcomes: SendOutcome[] = []
  for (const destination of destinations) {
    outcomes.push(await sendMessage(ctx.resources, outgoingOf(ctx, parcel, destination), signal))
  }
  await forgetDead(ctx, parcel, destinations, outcomes)
  return { outcome: bestOf(outcomes), address: addressIn(first) }
}

const OUR_FAULT: SendOutcome = {
  status: 'failed',
  provider: 'none',
  code: 'internal',
  message: 'Something failed on our side.',
  isRetryable: true,
}

const NOWHERE: SendOutcome = {
  status: 'failed',
  provider: 'none',
  code: 'no_address',
  message: 'The recipient has no address on this channel any more.',
  isRetryable: false,
}

function outgoingOf(ctx: Ctx, parcel: Parcel, destination: Destination): Outgoing {
  const { deliveryId, content, unsubscribeUrl } = parcel
  return { deliveryId, tenantId: ctx.tenant.id, destination, content, unsubscribeUrl }
}

/** One address, or every browser of the recipient. */
async function destinationsOf(ctx: Ctx, { channel, profile, message }: Parcel): Promise<Destination[]> {
  if (channel === 'push') return pushDestinations(ctx, profile.id)
  const address = addressOf(profile, channel, message.request.overrides)
  if (address === null) return []
  return [channel === 'email' ? { channel, address } : { channel, phone: address }]
}

async function pushDestinations(ctx: Ctx, recipientId: string): Promise<Destination[]> {
  const known = await ctx.transaction(() => findPushSubscriptions(ctx, [recipientId]))
  const suppressed = await isSuppressed(
    ctx,
    'push',
    known.map(({ endpoint }) => endpoint),
  )
  return known
    .filter(({ endpoint }) => !suppressed.has(endpoint))
    .map(({ endpoint, p256dh, auth }) => ({ channel: 'push', subscription: { endpoint, p256dh, auth } }))
}

/** An address that a provider calls dead is written to no more; a browser that is gone is forgotten. */
async function forgetDead(
  ctx: Ctx,
  { channel, profile }: Parcel,
  destinations: readonly Destination[],
  outcomes: readonly SendOutcome[],
): Promise<void> {
  for (const [i, outcome] of outcomes.entries()) {
    const destination = destinations[i]
    if (!destination || outcome.status === 'sent' || outcome.suppress === undefined) continue
    const address = addressIn(destination)
    const { suppress: reason, provider: source } = outcome
    await ctx.transaction(async () => {
      if (channel === 'push') await forgetBrowser(ctx, profile.id, address)
      else await suppress(ctx, { tenantId: ctx.tenant.id, channel, address, reason, source })
    })
  }
}

async function forgetBrowser(ctx: Ctx, recipientId: string, endpoint: string): Promise<void> {
  for (const known of await findPushSubscriptions(ctx, [recipientId])) {
    if (known.endpoint === endpoint) await deletePushSubscription(ctx, recipientId, known.id)
  }
}

/** Reached on one browser is reached; else a failure that may pass is worth another try. */
function bestOf(outcomes: readonly SendOutcome[]): SendOutcome {
  const sent = outcomes.find((outcome) => outcome.status === 'sent')
  const passing = outcomes.find((outcome) => outcome.status === 'failed' && outcome.isRetryable)
  return sent ?? passing ?? outcomes[0] ?? NOWHERE
}

function addressIn(destination: Destination): string {
  if (destination.channel === 'email') return destination.address
  return destination.channel === 'sms' ? destination.phone : destination.subscription.endpoint
}
