import type { Ctx } from '../../../kernel/context.js'
import { AppError } from '../../../kernel/define-errors.js'
import { decidedRecipients } from '../models/delivery.js'
import { failMessage, lockMessage, type Message, storeProgress } from '../models/message.js'
import type { RecipientProfile } from '../recipient.js'
import type { Plan } from '../rules/decide.js'
import { dispatchMessage } from './dispatch-message.js'
import { planMessage } from './plan-message.js'
import { resolveRecipients } from './resolve-recipients.js'

/**
 * Decides a message for its next recipients, and keeps how far it came; answers whether there are more. Nobody is
 * decided twice, by whatever entries they are named. Needs the transaction that ends the job.
 */
export async function fanOut(ctx: Ctx, messageId: string): Promise<boolean> {
  const message = await lockMessage(ctx, messageId)
  if (message?.status !== 'accepted') return false
  const plan = await planOrFail(ctx, message)
  if (!plan) return false

  const { profiles, unresolved, next } = await resolveRecipients(ctx, message.request.to, message.progress)
  // Of a message that begins nobody was decided yet: what was begun and not ended was taken back.
  const fresh = message.progress ? await undecided(ctx, messageId, profiles) : profiles
  await dispatchMessage(ctx, message, plan, fresh)
  const at = ctx.now()
  await storeProgress(ctx, messageId, { progress: next, recipients: fresh.length, unresolved, at })
  if (next) return true
  const recipients = message.recipients + fresh.length
  await ctx.emit('notifications.message.processed', { messageId, recipients })
  return false
}

/** Those of the recipients that the message was not decided for by an earlier entry of `to`. */
async function undecided(
  ctx: Ctx,
  messageId: string,
  profiles: readonly RecipientProfile[],
): Promise<RecipientProfile[]> {
  const ids = profiles.map((profile) => profile.id)
  const decided = await decidedRecipients(ctx, messageId, ids)
  return profiles.filter((profile) => !decided.has(profile.id))
}

/** A message whose template or category has gone since it was accepted can never be sent. */
async function planOrFail(ctx: Ctx, message: Message): Promise<Plan | null> {
  try {
    return await planMessage(ctx, message)
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error
    await failMessage(ctx, message.id, error)
    await ctx.emit('notifications.message.failed', { messageId: message.id, code: error.code })
    return null
  }
}
