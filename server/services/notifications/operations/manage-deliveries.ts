import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { enqueueDelivery } from '../jobs/deliver.js'
import { type Attempt, listAttempts } from '../models/attempt.js'
import {
  type Delivery,
  listDeliveries as fetchDeliveries,
  findDelivery,
  lockDelivery,
  updateDelivery,
} from '../models/delivery.js'
import { presentDelivery } from '../present/deliveries.js'
import type { ListDeliveriesQuery } from '../schemas/deliveries.js'

/** A page of the tenant's deliveries, newest first. */
export function listDeliveries(ctx: Ctx, query: ListDeliveriesQuery) {
  const { message_id: messageId, recipient_id: recipientId, channel, status, category } = query
  const filter = { messageId, recipientId, channel, status, category }
  return paginate(ctx, 'deliveries', query, (window) => fetchDeliveries(ctx, filter, window), presentDelivery)
}

/** A delivery with everything that was tried. */
export async function readDelivery(
  ctx: Ctx,
  deliveryId: string,
): Promise<{ delivery: Delivery; attempts: Attempt[] }> {
  const delivery = await findDelivery(ctx, deliveryId)
  if (!delivery) throw new pipelineErrors.DeliveryUnknown()
  return { delivery, attempts: await listAttempts(ctx, deliveryId) }
}

/** Has a delivery that failed or bounced tried again from now on. It may be held back or refused anew. */
export async function retryDelivery(ctx: Ctx, deliveryId: string): Promise<Delivery> {
  const delivery = await lockDelivery(ctx, deliveryId)
  if (!delivery) throw new pipelineErrors.DeliveryUnknown()
  const { status } = delivery
  if (status !== 'failed' && status !== 'bounced') throw new pipelineErrors.NotRetryable({ status })
  const jobId = await enqueueDelivery(ctx, delivery)
  await updateDelivery(ctx, deliveryId, {
    ...{ status: 'pending', rule: 'retried', jobId, runAt: null, settledAt: null },
    ...{ errorCode: null, error: null },
  })
  return (await readDelivery(ctx, deliveryId)).delivery
}
