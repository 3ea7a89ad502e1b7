import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { replayWebhooks } from '../jobs/replay-webhooks.js'
import type { ReplayEndpointInput } from '../schemas/endpoints.js'
import { requireEndpoint } from './find-endpoint.js'
import { replaySpan } from './replay-failed.js'

/** Has everything that failed or was skipped at an endpoint since a time sent again, by a job. */
export async function startReplay(ctx: Ctx, endpointId: string, input: ReplayEndpointInput) {
  const endpoint = await requireEndpoint(ctx, endpointId)
  if (endpoint.disabledAt) throw new webhookErrors.WebhookEndpointDisabled()
  const { since, until } = replaySpan(ctx, input)
  const span = { since: since.toISOString(), until: until.toISOString() }
  const { id } = await ctx.enqueue(replayWebhooks, { endpointId, ...span })
  ctx.auditDetail = { ...span, job_id: id }
  return { job_id: id }
}
