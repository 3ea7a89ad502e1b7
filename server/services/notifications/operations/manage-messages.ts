import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { cancelDeliveries, countByStatus } from '../models/delivery.js'
import {
  listMessages as fetchMessages,
  findMessage,
  lockMessage,
  type Message,
  markCancelled,
} from '../models/message.js'
import { presentMessage } from '../present/messages.js'
import type { ListMessagesQuery } from '../schemas/messages.js'

/** A page of the tenant's messages, newest first. */
export function listMessages(ctx: Ctx, query: ListMessagesQuery) {
  const { status, category, template, transaction_id: transactionId } = query
  const filter = { status, category, template, transactionId }
  return paginate(ctx, 'messages', query, (window) => fetchMessages(ctx, filter, window), presentMessage)
}

/** A message, and how many of its deliveries are in which status. */
export async function readMessage(ctx: Ctx, messageId: string) {
  const message = await findMessage(ctx, messageId)
  if (!message) throw new pipelineErrors.MessageUnknown()
  return { message, deliveries: await countByStatus(ctx, messageId) }
}

/**
 * Takes back all of a message that has not been tried yet: those it was not decided for, deliveries that wait, steps of
 * chains and items of digests. What has gone out stays. Throws where nothing is left to take back.
 */
export async function cancelMessage(
  ctx: Ctx,
  messageId: string,
): Promise<{ message: Message; cancelled: number }> {
  const before = await lockMessage(ctx, messageId)
  if (!before) throw new pipelineErrors.MessageUnknown()
  await markCancelled(ctx, messageId)
  const cancelled = await cancelDeliveries(ctx, messageId, ctx.now())
  if (cancelled === 0 && before.status !== 'accepted') throw new pipelineErrors.NothingPending()
  ctx.auditDetail = { cancelled }
  const { message } = await readMessage(ctx, messageId)
  return { message, cancelled }
}
