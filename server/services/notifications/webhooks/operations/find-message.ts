import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { findMessage, type WebhookMessage } from '../models/webhook-message.js'

/** The message with this id in the caller's tenant; any other id answers "not found". */
export async function requireMessage(ctx: Ctx, messageId: string): Promise<WebhookMessage> {
  const message = await findMessage(ctx, messageId)
  if (!message) throw new webhookErrors.WebhookMessageNotFound()
  return message
}
