import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { subscribedEndpoints } from '../models/webhook-endpoint.js'
import { messageOfOrigin } from '../models/webhook-message.js'
import { subscriptionsTo } from '../rules/event-types.js'
import { BODY_MAX_BYTES, writeBody } from '../rules/payload.js'
import type { SendMessageInput } from '../schemas/messages.js'
import { beginMessage } from './begin-deliveries.js'
import { readMessage } from './read-messages.js'

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
  const occurredAt = message.occurredAt ?? ctx.now()
  const body = writeBody({ type: message.type, occurredAt, data: message.data })
  if (body === null) throw new webhookErrors.WebhookPayloadTooLarge({ limit: BODY_MAX_BYTES })
  const { type, source, originId = null } = message
  const targets = await subscribedEndpoints(ctx, subscriptionsTo(type))
  const made = await beginMessage(ctx, { originId, type, source, occurredAt, body }, targets)
  const id = made ?? (originId === null ? null : await messageOfOrigin(ctx, originId))
  if (id === null) throw new webhookErrors.WebhookMessageNotFound()
  return id
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
