import type { Ctx } from '../../../../kernel/context.js'
import { deliverWebhook } from '../jobs/deliver-webhook.js'
import { type DeliveryRef, beginDeliveries as storeDeliveries } from '../models/webhook-delivery.js'
import type { Target } from '../models/webhook-endpoint.js'
import { insertMessage, type NewMessage } from '../models/webhook-message.js'

/**
 * Stores a message, its deliveries and their jobs with the open transaction: all of them exist or none. Answers its
 * id; where there is a message of the same origin already, that one's, and nothing is sent again.
 */
export async function beginMessage(
  ctx: Ctx,
  message: NewMessage,
  targets: readonly Target[],
): Promise<string> {
  const { id: messageId, isNew } = await insertMessage(ctx, message)
  if (!isNew) return messageId
  const refTo = ({ id: endpointId }: Target) => ({ messageId, endpointId })
  await beginDeliveries(ctx, targets.filter((one) => one.isEnabled).map(refTo))
  const missed = targets.filter((one) => !one.isEnabled).map((one) => ({ ...refTo(one), jobId: null }))
  await storeDeliveries(ctx, missed)
  ctx.afterCommit(() => ctx.metrics.webhookDeliveries.inc({ outcome: 'skipped' }, missed.length))
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
