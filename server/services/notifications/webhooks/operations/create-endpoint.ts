import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import { webhookErrors } from '../errors.js'
import { countEndpoints, insertEndpoint, type WebhookEndpoint } from '../models/webhook-endpoint.js'
import { insertHealth } from '../models/webhook-health.js'
import type { CreateEndpointInput } from '../schemas/endpoints.js'
import { refuseUnknownTypes } from './event-catalogue.js'
import { requireEndpoint } from './find-endpoint.js'
import { makeKeys } from './make-keys.js'
import { sealHeaders } from './seal-headers.js'

/** Endpoints a tenant may have: what each event may be sent to at most. */
export const ENDPOINTS_MAX = 50

/** An endpoint with the shared secret it was just given: this is the only time anybody sees it. */
export interface IssuedEndpoint {
  endpoint: WebhookEndpoint
  secret: string | null
}

/** Makes an endpoint with keys of its own. What it subscribes to is sent to it from then on. */
export async function createEndpoint(ctx: Ctx, input: CreateEndpointInput): Promise<IssuedEndpoint> {
  refuseUnknownTypes(ctx, input.event_types)
  if ((await countEndpoints(ctx)) >= ENDPOINTS_MAX)
    throw new webhookErrors.WebhookEndpointLimit({ limit: ENDPOINTS_MAX })
  const id = newId()
  await insertEndpoint(ctx, id, {
    url: input.url,
    description: input.description,
    eventTypes: input.event_types,
    ratePerMinute: input.rate_per_minute,
    disabledAt: input.enabled ? null : ctx.now(),
    disabledReason: input.enabled ? null : 'manual',
    ...sealHeaders(ctx, id, input.headers),
  })
  await insertHealth(ctx, id)
  const secret = await makeKeys(ctx, id, input.signing, input.secret)
  ctx.auditDetail = { url: input.url, event_types: input.event_types, signing: input.signing }
  return { endpoint: await requireEndpoint(ctx, id), secret }
}
