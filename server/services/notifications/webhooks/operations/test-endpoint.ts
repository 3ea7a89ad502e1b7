import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import type { TestInput } from '../schemas/endpoints.js'
import { beginMessage } from './begin-deliveries.js'
import { exampleData } from './event-catalogue.js'
import { requireEndpoint } from './find-endpoint.js'
import { readMessage } from './read-messages.js'
import { requireBody } from './require-body.js'

/** The type of a test that is no event's example. No endpoint subscribes to it. */
const TEST_TYPE = 'webhook.test'

/**
 * Sends an example to one endpoint, once, also while it is disabled. Its body says `"test": true`, so that no receiver
 * takes it for something that happened.
 */
export async function testEndpoint(ctx: Ctx, endpointId: string, { type = TEST_TYPE }: TestInput) {
  const endpoint = await requireEndpoint(ctx, endpointId)
  const data = type === TEST_TYPE ? { endpoint_id: endpointId } : exampleData(ctx, type)
  if (data === undefined) throw new webhookErrors.WebhookEventTypesUnknown({ types: [type] })
  const occurredAt = ctx.now()
  const body = requireBody({ type, occurredAt, data, test: true })
  const target = { id: endpoint.id, isEnabled: true }
  const id = await beginMessage(ctx, { originId: null, type, source: 'test', occurredAt, body }, [target])
  return readMessage(ctx, id)
}
