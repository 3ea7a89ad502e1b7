import type { Ctx } from '../../../kernel/context.js'
import { type Delivery, lockNextStep, updateDelivery } from '../models/delivery.js'

/** Stores a job for a delivery that is due now, and answers its id. */
export type Reschedule = (ctx: Ctx, delivery: Delivery) => Promise<string>

/**
 * Has the next step of a chain go out now, because this one did not reach. Needs an open transaction; the job that the
 * step had until now does nothing any more.
 */
export async function advanceChain(ctx: Ctx, delivery: Delivery, reschedule: Reschedule): Promise<void> {
  if (delivery.step === null) return
  const next = await lockNextStep(ctx, delivery)
  if (!next) return
  const jobId = await reschedule(ctx, next)
  await updateDelivery(ctx, next.id, { status: 'pending', rule: 'fallback_failed', runAt: ctx.now(), jobId })
}
