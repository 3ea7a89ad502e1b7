import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { problemsOf } from '../../../kernel/input-problems.js'
import { presentAccepted } from '../present/messages.js'
import { sendBody } from '../schemas/messages.js'
import { sendNotifications } from './send-notifications.js'

/**
 * Accepts what a step of a workflow sends: like `POST /send`, and once for a key, unless the message says itself what
 * it is the same as.
 */
export async function sendForWorkflow(ctx: Ctx, message: Record<string, unknown>, key: string) {
  const checked = sendBody.safeParse({ transaction_id: `workflow:${key}`, ...message })
  if (!checked.success) throw new kernelErrors.Invalid({ problems: problemsOf(checked.error) })
  const accepted = await ctx.transaction(() => sendNotifications(ctx, [checked.data]))
  return accepted.map(presentAccepted)[0]
}
