import type { Ctx } from '../../../../kernel/context.js'
import {
  type EndpointFields,
  updateEndpoint as storeChanges,
  type WebhookEndpoint,
} from '../models/webhook-endpoint.js'
import { resetHealth } from '../models/webhook-health.js'
import type { UpdateEndpointInput } from '../schemas/endpoints.js'
import { refuseUnknownTypes } from './event-catalogue.js'
import { requireEndpoint, requireLockedEndpoint } from './find-endpoint.js'
import { sealHeaders } from './seal-headers.js'

/**
 * Changes the fields given and no others. An endpoint that is enabled, sent elsewhere or given another rate starts
 * anew: earlier failures and pauses count no more.
 */
export async function updateEndpoint(
  ctx: Ctx,
  endpointId: string,
  input: UpdateEndpointInput,
): Promise<WebhookEndpoint> {
  refuseUnknownTypes(ctx, input.event_types)
  const startsAnew = input.enabled === true || input.url !== undefined || input.rate_per_minute !== undefined
  // Health before the endpoint, in the order of deliveries, so that neither waits for the other for ever.
  if (startsAnew) await resetHealth(ctx, endpointId)
  const endpoint = await requireLockedEndpoint(ctx, endpointId)
  await storeChanges(ctx, endpointId, changesFrom(ctx, endpoint, input))
  ctx.auditDetail = {
    fields: Object.keys(input),
    ...(input.url === undefined ? {} : { url: input.url }),
    ...(input.event_types === undefined ? {} : { event_types: input.event_types }),
  }
  return requireEndpoint(ctx, endpointId)
}

function changesFrom(
  ctx: Ctx,
  endpoint: WebhookEndpoint,
  input: UpdateEndpointInput,
): Partial<EndpointFields> {
  const changes: Partial<EndpointFields> = {}
  if (input.url !== undefined) changes.url = input.url
  if (input.description !== undefined) changes.description = input.description
  if (input.event_types !== undefined) changes.eventTypes = input.event_types
  if (input.rate_per_minute !== undefined) changes.ratePerMinute = input.rate_per_minute
  if (input.headers !== undefined) Object.assign(changes, sealHeaders(ctx, endpoint.id, input.headers))
  if (input.enabled === true) Object.assign(changes, { disabledAt: null, disabledReason: null })
  if (input.enabled === false)
    Object.assign(changes, { disabledAt: endpoint.disabledAt ?? ctx.now(), disabledReason: 'manual' })
  return changes
}
