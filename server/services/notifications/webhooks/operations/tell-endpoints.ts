import type { Ctx } from '../../../../kernel/context.js'
import type { StoredEvent } from '../../../../kernel/events.js'
import { deliverWebhook } from '../jobs/deliver-webhook.js'
import { subscribedEndpoints } from '../models/webhook-endpoint.js'
import { subscriptionsTo } from '../rules/event-types.js'
import { idsOf, snakeCase, writeBody } from '../rules/payload.js'
import { beginMessage } from './begin-deliveries.js'

/**
 * Tells the endpoints of a tenant of an event that happened there. However often an event is handed over, it becomes
 * one message. One too large to be sent is cut down to its ids.
 */
export async function tellEndpoints(ctx: Ctx, event: StoredEvent): Promise<void> {
  if (event.tenantId === null || ctx.resources.assembly.events.get(event.name)?.internal !== undefined) return
  if (isAboutDelivering(event)) return
  const targets = await subscribedEndpoints(ctx, subscriptionsTo(event.name))
  if (targets.length === 0) return

  const data = snakeCase(event.payload)
  const told = { type: event.name, occurredAt: event.occurredAt, data }
  const body = writeBody(told) ?? writeBody({ ...told, data: idsOf(data) })
  if (body === null) return
  await beginMessage(
    ctx,
    { originId: event.id, type: event.name, source: 'event', occurredAt: event.occurredAt, body },
    targets,
  )
}

/** What happens to our own jobs is not told by them: one that fails would make the next, for ever. */
function isAboutDelivering({ payload }: StoredEvent): boolean {
  return 'kind' in payload && payload.kind === deliverWebhook.name
}
