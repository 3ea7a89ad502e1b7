import type { Ctx } from '../../../../kernel/context.js'
import { paginate } from '../../../../kernel/pagination.js'
import { deliveriesOfMessage } from '../models/webhook-delivery.js'
import { listMessages as fetchMessages } from '../models/webhook-message.js'
import { presentListedMessage, presentMessage } from '../present.js'
import type { ListMessagesQuery } from '../schemas/messages.js'
import { requireMessage } from './find-message.js'

/** A page of the tenant's messages, newest first. */
export function listMessages(ctx: Ctx, query: ListMessagesQuery) {
  return paginate(
    ctx,
    'webhook-messages',
    query,
    (window) => fetchMessages(ctx, query, window),
    presentListedMessage,
  )
}

/** A message, what it says and how each of its deliveries stands. */
export async function readMessage(ctx: Ctx, messageId: string) {
  const message = await requireMessage(ctx, messageId)
  return presentMessage(message, await deliveriesOfMessage(ctx, messageId))
}
