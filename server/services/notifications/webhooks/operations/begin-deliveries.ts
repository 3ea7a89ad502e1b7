import type { Ctx } from '../../../../kernel/context.js'
import { deliverWebhook } from '../jobs/deliver-webhook.js'
import { type DeliveryRef, beginDeliveries as storeDeliveries } from '../models/webhook-delivery.js'
import type { Target } from '../models/webhook-endpoint.js'
import { insertMessage, type NewMessage } from '../models/webhook-message.js'

/**
 * Stores a message, its deliveries and their jobs with the open transaction: all of them exist or none. Null, and
 * nothing is stored, where there is a message of the same origin already.
 */
export async function beginMessage(
  ctx: Ctx,
  message: NewMessage,
  targets: readonly Target[],
): Promise<string | null> {
  const messageId = await insertMessage(ctx, message)
  if (messageId === null) return null
  const [enabled, disabled] = [
    targets.filter((one) => one.isEnabled),
    targets.filter((one) => !one.isEnabled),
  ]
  await beginDeliveries(
    ctx,
    enabled.map(({ id: endpointId }) => ({ messageId, endpointId })),
  )
  await storeDeliveries(
    ctx,
    disabled.map(({ id: endpointId }) => ({ messageId, endpointId, jobId: null })),
  )
  return messageId
}

/** Begins deliveries, or begins them anew, each with a job of its own. */
export async function beginDeliveries(ctx: Ctx, deliveries: readonly DeliveryRef[]): Promise<void> {
  if (deliveries.length === 0) return
  const jobs = await ctx.enqueueMany(deliverWebhook, deliveries)
  await storeDeliveries(
    ctx,
    deliveries.map((delivery, i) => ({ ...delivery, jobId: jobs[i]?.id ?? null })),
  )
}
