import type { Ctx } from '../../../../kernel/context.js'
import type { StoredEvent } from '../../../../kernel/events.js'
import { mailAdmins } from '../../../tenancy/api.js'
import { findEndpoint } from '../models/webhook-endpoint.js'

const REASONS = {
  gone: 'It answered 410 Gone, which asks for no further messages.',
  failing: 'Every message to it has failed for five days.',
}

/** Tells the administrators of a tenant that one of its endpoints was disabled, unless it is enabled again by now. */
export async function mailDisabled(
  ctx: Ctx,
  { tenantId, payload, occurredAt }: StoredEvent<'notifications.webhook.disabled'>,
): Promise<void> {
  if (tenantId === null) return
  const endpoint = await findEndpoint(ctx, payload.endpointId)
  if (!endpoint?.disabledAt) return
  await mailAdmins(ctx, tenantId, 'webhook-disabled', {
    // The host and no more of it: the rest of a URL may be a secret.
    endpoint: endpoint.description || new URL(endpoint.url).host,
    endpoint_id: endpoint.id,
    reason: REASONS[payload.reason],
    when: `${occurredAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
  })
}
