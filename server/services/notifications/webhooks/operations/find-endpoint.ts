import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { findEndpoint, lockEndpoint, type WebhookEndpoint } from '../models/webhook-endpoint.js'

/** The endpoint with this id in the caller's tenant; any other id answers "not found". */
export async function requireEndpoint(ctx: Ctx, endpointId: string): Promise<WebhookEndpoint> {
  const endpoint = await findEndpoint(ctx, endpointId)
  if (!endpoint) throw new webhookErrors.WebhookEndpointNotFound()
  return endpoint
}

/** Like requireEndpoint, and keeps others from changing it until the transaction ends. */
export async function requireLockedEndpoint(ctx: Ctx, endpointId: string): Promise<WebhookEndpoint> {
  const endpoint = await lockEndpoint(ctx, endpointId)
  if (!endpoint) throw new webhookErrors.WebhookEndpointNotFound()
  return endpoint
}
