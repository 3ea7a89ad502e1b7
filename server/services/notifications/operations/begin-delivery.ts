import type { Ctx } from '../../../kernel/context.js'
import { AppError } from '../../../kernel/define-errors.js'
import { beginAttempt } from '../models/attempt.js'
import { type Delivery, type DeliveryStatus, lockDelivery, updateDelivery } from '../models/delivery.js'
import { findMessage, type Message } from '../models/message.js'
import type { RecipientProfile } from '../recipient.js'
import { holdUntil, judgeChannel, type Plan, type RecipientFacts } from '../rules/decide.js'
import type { Rule } from '../rules/rule.js'
import { advanceChain, type Reschedule } from './advance-chain.js'
import { countOutcomes } from './count-outcomes.js'
import { findRecipient } from './find-recipient.js'
import { gatherFacts } from './gather-facts.js'
import { planMessage } from './plan-message.js'

/** A delivery that is being tried, with all that trying it needs. */
export interface Begun {
  delivery: Delivery
  attempt: number
  message: Message
  plan: Plan
  profile: RecipientProfile
  facts: RecipientFacts
}

/** `sending`: the process that tried it died, or it is told to try again. */
const OPEN: ReadonlySet<DeliveryStatus> = new Set(['pending', 'scheduled', 'waiting', 'sending'])

/** A recipient's own no. */
const REFUSALS: ReadonlySet<Rule> = new Set(['recipient_off', 'category_off', 'no_consent'])

/**
 * Puts the next attempt of a delivery on record, if it may still go out: preferences, suppressions, hours and the
 * recipient may have changed since it was decided. Answers null where there is nothing to do, and a time where it has
 * to wait for the end of quiet hours. Only the job that the delivery names may begin it. Needs an open transaction.
 */
export async function beginDelivery(
  ctx: Ctx,
  { deliveryId, jobId }: { deliveryId: string; jobId: string },
  reschedule: Reschedule,
): Promise<Begun | Date | null> {
  const delivery = await lockDelivery(ctx, deliveryId)
  if (!delivery || delivery.jobId !== jobId || !OPEN.has(delivery.status)) return null
  const message = await findMessage(ctx, delivery.messageId)
  const profile = await findRecipient(ctx, { kind: delivery.recipientKind, id: delivery.recipientId })
  if (!message || !profile) return withdraw(ctx, delivery, 'recipient_gone')
  const plan = await planOf(ctx, message)
  if (plan instanceof AppError) return fail(ctx, delivery, plan, reschedule)

  const { channel } = delivery
  const facts = await factsNow(ctx, plan, delivery, message, profile)
  const { passes, rules } = judgeChannel(plan, facts.recipient, facts.around, channel)
  if (!passes) {
    await withdraw(ctx, delivery, rules.at(-1) ?? 'recipient_gone')
    await advanceChain(ctx, delivery, reschedule)
    return null
  }
  const until = holdUntil(plan, facts.recipient, facts.around, channel)
  if (until) {
    await updateDelivery(ctx, delivery.id, { status: 'scheduled', rule: 'quiet_hours', runAt: until })
    return until
  }
  const attempt = delivery.attempts + 1
  await beginAttempt(ctx, { deliveryId, attempt, at: ctx.now() })
  await updateDelivery(ctx, deliveryId, { status: 'sending', attempts: attempt })
  return { delivery, attempt, message, plan, profile, facts: facts.recipient }
}

async function planOf(ctx: Ctx, message: Message): Promise<Plan | AppError> {
  try {
    return await planMessage(ctx, message)
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return error
    throw error
  }
}

async function factsNow(
  ctx: Ctx,
  plan: Plan,
  { channel }: Delivery,
  { request }: Message,
  profile: RecipientProfile,
) {
  const only = { ...plan, steps: [{ channel, afterS: 0 }] }
  const { overrides } = request
  const gathered = await gatherFacts(ctx, only, [profile], { overrides, throttles: 'none' })
  return { around: gathered.around, recipient: gathered.factsOf(profile) }
}

async function withdraw(ctx: Ctx, delivery: Delivery, rule: Rule): Promise<null> {
  const status = rule === 'recipient_gone' ? 'cancelled' : REFUSALS.has(rule) ? 'unsubscribed' : 'skipped'
  await updateDelivery(ctx, delivery.id, { status, rule, settledAt: ctx.now() })
  countOutcomes(ctx, [{ ...delivery, status }])
  return null
}

/** Its template or category is gone: it will never have words. */
async function fail(
  ctx: Ctx,
  delivery: Delivery,
  { code, message }: AppError,
  reschedule: Reschedule,
): Promise<null> {
  const changes = { errorCode: code, error: message, settledAt: ctx.now() }
  await updateDelivery(ctx, delivery.id, { status: 'failed', ...changes })
  countOutcomes(ctx, [{ ...delivery, status: 'failed' }])
  await advanceChain(ctx, delivery, reschedule)
  return null
}
