import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { pipelineErrors } from '../errors/pipeline.js'
import {
  deletePushSubscription,
  listPushSubscriptions as fetchSubscriptions,
  findPushSubscriptions,
  type PushSubscription,
  upsertPushSubscription,
} from '../models/push-subscription.js'
import { presentPushSubscription } from '../present/inbox.js'
import type { Recipient } from '../recipient.js'
import type { PushSubscriptionInput } from '../schemas/inbox.js'

/** Browsers of one person. */
const SUBSCRIPTIONS_MAX = 20

/** Keeps a browser of the recipient's to push to. Safe to repeat. */
export async function addPushSubscription(
  ctx: Ctx,
  recipient: Recipient,
  { endpoint, keys }: PushSubscriptionInput,
): Promise<PushSubscription> {
  const known = await findPushSubscriptions(ctx, [recipient.id])
  if (known.length >= SUBSCRIPTIONS_MAX && !known.some((one) => one.endpoint === endpoint))
    throw new pipelineErrors.PushLimit({ limit: SUBSCRIPTIONS_MAX })
  const subscription = await upsertPushSubscription(ctx, recipient, { endpoint, ...keys })
  if (!subscription) throw new pipelineErrors.SubscriptionUnknown()
  return subscription
}

/** A page of the recipient's browsers, newest first. */
export function listPushSubscriptions(
  ctx: Ctx,
  recipient: Recipient,
  query: { limit: number; cursor?: string | undefined },
) {
  const bound = { ...query, recipient: recipient.id }
  const fetch = (window: Parameters<typeof fetchSubscriptions>[2]) =>
    fetchSubscriptions(ctx, recipient, window)
  return paginate(ctx, 'push', bound, fetch, presentPushSubscription)
}

/** Forgets one of the recipient's browsers. */
export async function removePushSubscription(
  ctx: Ctx,
  recipient: Recipient,
  subscriptionId: string,
): Promise<void> {
  if (!(await deletePushSubscription(ctx, recipient.id, subscriptionId)))
    throw new pipelineErrors.SubscriptionUnknown()
}
