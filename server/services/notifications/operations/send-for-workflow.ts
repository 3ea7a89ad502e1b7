import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { problemsOf } from '../../../kernel/input-problems.js'
import { sendBody } from '../schemas/messages.js'
import { sendNotifications } from './send-notifications.js'

/** A transaction id is no longer; the key of a step is, with its run and its place in loops. */
const KEY_MAX = 118

/**
 * Accepts what a workflow's notification node says, as the send route would; the key of the step sees to it that it
 * is sent once, however often the step is begun. Throws as the route answers for what is refused.
 */
export async function sendForWorkflow(ctx: Ctx, notification: Record<string, unknown>, key: string) {
  const parsed = sendBody.safeParse(notification)
  if (!parsed.success) throw new kernelErrors.Invalid({ problems: problemsOf(parsed.error) })
  const transactionId = `workflow:${key.slice(-KEY_MAX)}`
  const [accepted] = await ctx.transaction(() =>
    sendNotifications(ctx, [{ ...parsed.data, transaction_id: parsed.data.transaction_id ?? transactionId }]),
  )
  return { message_id: accepted?.message.id ?? null, is_new: accepted ? !accepted.isDuplicate : false }
}
