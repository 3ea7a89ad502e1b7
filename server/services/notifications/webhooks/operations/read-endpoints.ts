import type { Ctx } from '../../../../kernel/context.js'
import { type FetchPage, type Position, paginate } from '../../../../kernel/pagination.js'
import { webhookErrors } from '../errors.js'
import { attemptStats } from '../models/webhook-attempt.js'
import { countDeliveries, listDeliveries, type WebhookDelivery } from '../models/webhook-delivery.js'
import { listEndpoints as fetchEndpoints } from '../models/webhook-endpoint.js'
import { readHealth } from '../models/webhook-health.js'
import { presentDelivery, presentEndpoint, presentStats } from '../present.js'
import type { ListEndpointsQuery, StatsQuery } from '../schemas/endpoints.js'
import type { ListDeliveriesQuery } from '../schemas/messages.js'
import { requireEndpoint } from './find-endpoint.js'

const HOUR_MS = 3_600_000

/** A page of the tenant's endpoints, newest first. */
export function listEndpoints(ctx: Ctx, query: ListEndpointsQuery) {
  return paginate(
    ctx,
    'webhook-endpoints',
    query,
    (window) => fetchEndpoints(ctx, query, window),
    presentEndpoint,
  )
}

/** How an endpoint did in the last hours, and how it is now. */
export async function readStats(ctx: Ctx, endpointId: string, { hours }: StatsQuery) {
  const health = await readHealth(ctx, endpointId)
  if (!health) throw new webhookErrors.WebhookEndpointNotFound()
  const since = new Date(ctx.now().getTime() - hours * HOUR_MS)
  const deliveries = await countDeliveries(ctx, endpointId, since)
  return presentStats(since, deliveries, await attemptStats(ctx, endpointId, since), health)
}

/** A page of what was sent to an endpoint, newest first. */
export async function listEndpointDeliveries(ctx: Ctx, endpointId: string, query: ListDeliveriesQuery) {
  await requireEndpoint(ctx, endpointId)
  const fetchPage: FetchPage<WebhookDelivery & Position> = async (window) => {
    const rows = await listDeliveries(ctx, { endpointId, status: query.status }, window)
    return rows.map((row) => ({ ...row, id: row.messageId }))
  }
  return paginate(ctx, `webhook-deliveries of ${endpointId}`, query, fetchPage, presentDelivery)
}
