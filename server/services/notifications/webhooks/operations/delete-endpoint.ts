import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { removeEndpoint } from '../models/webhook-endpoint.js'
import { resetHealth } from '../models/webhook-health.js'
import { requireEndpoint } from './find-endpoint.js'

/** Removes an endpoint with its keys; nothing is sent to it any more. What was sent stays on record. */
export async function deleteEndpoint(ctx: Ctx, endpointId: string): Promise<void> {
  const { url } = await requireEndpoint(ctx, endpointId)
  // Locks health before the endpoint, in the order of deliveries.
  await resetHealth(ctx, endpointId)
  if (!(await removeEndpoint(ctx, endpointId))) throw new webhookErrors.WebhookEndpointNotFound()
  ctx.auditDetail = { url }
}
