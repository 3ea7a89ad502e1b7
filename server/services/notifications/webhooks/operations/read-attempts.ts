import type { Ctx } from '../../../../kernel/context.js'
import { paginate } from '../../../../kernel/pagination.js'
import { type AttemptFilter, listAttempts } from '../models/webhook-attempt.js'
import { presentAttempt } from '../present.js'
import type { EndpointAttemptsQuery, MessageAttemptsQuery } from '../schemas/messages.js'
import { requireEndpoint } from './find-endpoint.js'
import { requireMessage } from './find-message.js'

/** A page of the requests made to an endpoint, newest first. */
export async function listEndpointAttempts(ctx: Ctx, endpointId: string, query: EndpointAttemptsQuery) {
  await requireEndpoint(ctx, endpointId)
  return pageOf(ctx, `webhook-attempts of endpoint ${endpointId}`, query, {
    endpointId,
    messageId: query.message_id,
  })
}

/** A page of the requests made with a message, newest first. */
export async function listMessageAttempts(ctx: Ctx, messageId: string, query: MessageAttemptsQuery) {
  await requireMessage(ctx, messageId)
  return pageOf(ctx, `webhook-attempts of message ${messageId}`, query, {
    messageId,
    endpointId: query.endpoint_id,
  })
}

function pageOf(
  ctx: Ctx,
  list: string,
  query: EndpointAttemptsQuery | MessageAttemptsQuery,
  filter: AttemptFilter,
) {
  const all = { ...filter, outcome: query.outcome, statusCode: query.status_code }
  // A receiver's answer may hold what its owner alone should read, and a low role must not read the inside of a
  // network by way of URLs.
  const showsResponse = ctx.may('notifications.webhooks.manage').allowed
  return paginate(
    ctx,
    list,
    query,
    (window) => listAttempts(ctx, all, window),
    (attempt) => presentAttempt(attempt, showsResponse),
  )
}
