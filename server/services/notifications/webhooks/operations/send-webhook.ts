import type { Ctx } from '../../../../kernel/context.js'
import { subscribedEndpoints } from '../models/webhook-endpoint.js'
import { subscriptionsTo } from '../rules/event-types.js'
import type { SendMessageInput } from '../schemas/messages.js'
import { beginMessage } from './begin-deliveries.js'
import { readMessage } from './read-messages.js'
import { requireBody } from './require-body.js'

/** Something to tell the endpoints of a tenant. */
export interface WebhookToSend {
  /** What endpoints subscribe to: `app.…`, or the name of an event. */
  type: string
  data: Record<string, unknown>
  occurredAt?: Date
  source: 'app' | 'notification'
  /** A UUID of what it tells of: sent once, however often it is asked for. */
  originId?: string
}

/**
 * Sends a message to the endpoints of the caller's tenant that subscribe to its type, and answers its id. It is stored
 * with the open transaction and sent after the commit, also when nobody subscribes.
 */
export async function sendWebhook(ctx: Ctx, message: WebhookToSend): Promise<string> {
  const { type, data, source, occurredAt = ctx.now(), originId = null } = message
  const body = requireBody({ type, occurredAt, data })
  const targets = await subscribedEndpoints(ctx, subscriptionsTo(type))
  return beginMessage(ctx, { originId, type, source, occurredAt, body }, targets)
}

/** Sends a message of the app's own. */
export async function sendAppMessage(ctx: Ctx, { type, data, occurred_at }: SendMessageInput) {
  const id = await sendWebhook(ctx, {
    type,
    data,
    source: 'app',
    ...(occurred_at === undefined ? {} : { occurredAt: new Date(occurred_at) }),
  })
  return readMessage(ctx, id)
}
