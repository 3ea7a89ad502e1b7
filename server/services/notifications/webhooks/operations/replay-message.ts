import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { type DeliveryRef, deliveriesOfMessage } from '../models/webhook-delivery.js'
import { enabledAmong } from '../models/webhook-endpoint.js'
import type { ReplayMessageInput } from '../schemas/messages.js'
import { beginDeliveries } from './begin-deliveries.js'
import { requireEndpoint } from './find-endpoint.js'
import { requireMessage } from './find-message.js'
import { readMessage } from './read-messages.js'

/**
 * Sends a message again, with the same `webhook-id`, from the first attempt on: to one endpoint, whether or not it was
 * meant for it, or to all it was meant for that are enabled. One that waits for its next attempt is sent now instead.
 */
export async function replayMessage(ctx: Ctx, messageId: string, { endpoint_id }: ReplayMessageInput) {
  await requireMessage(ctx, messageId)
  await beginDeliveries(ctx, await deliveriesTo(ctx, messageId, endpoint_id))
  ctx.auditDetail = endpoint_id === undefined ? {} : { endpoint_id }
  return readMessage(ctx, messageId)
}

async function deliveriesTo(
  ctx: Ctx,
  messageId: string,
  endpointId: string | undefined,
): Promise<DeliveryRef[]> {
  if (endpointId !== undefined) {
    const { disabledAt } = await requireEndpoint(ctx, endpointId)
    if (disabledAt) throw new webhookErrors.WebhookEndpointDisabled()
    return [{ messageId, endpointId }]
  }
  const meant = await deliveriesOfMessage(ctx, messageId)
  const enabled = await enabledAmong(
    ctx,
    meant.map((delivery) => delivery.endpointId),
  )
  return enabled.map((id) => ({ messageId, endpointId: id }))
}
