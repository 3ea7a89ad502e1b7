import type { Ctx } from '../../../kernel/context.js'
import { OutboundError } from '../../../outbound/errors.js'
import type { Destination } from '../channel.js'
import { channelErrors } from '../errors/channels.js'
import { isSubscription } from '../senders/push-sender.js'
import { loadVapidKeys } from '../senders/vapid.js'

/** The key that browsers subscribe with (`applicationServerKey`). */
export async function readPublicKey(ctx: Ctx): Promise<{ public_key: string }> {
  return { public_key: (await loadVapidKeys(ctx.resources)).publicKey }
}

/**
 * Throws unless a subscription may be kept: an https endpoint on the public internet, with keys of a browser. It asks
 * a resolver, so call it outside of transactions; the endpoint is checked again with every message.
 */
export async function checkSubscription(
  ctx: Ctx,
  subscription: Extract<Destination, { channel: 'push' }>['subscription'],
): Promise<void> {
  if (!isSubscription(subscription)) {
    throw new channelErrors.SubscriptionRefused({ reason: 'This is not what a browser gives out.' })
  }
  try {
    await ctx.fetch.check(subscription.endpoint)
  } catch (error) {
    if (error instanceof OutboundError) throw new channelErrors.SubscriptionRefused({ reason: error.message })
    throw error
  }
}
