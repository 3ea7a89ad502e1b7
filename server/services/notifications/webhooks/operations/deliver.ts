import type { Ctx } from '../../../../kernel/context.js'
import { type JobHandle, RunLater } from '../../../../kernel/job-handle.js'
import type { DeliveryRef } from '../models/webhook-delivery.js'
import { type Conclusion, concludeAttempt, keepAttempt } from './conclude-attempt.js'
import { post } from './post.js'
import { prepareDelivery } from './prepare-delivery.js'

/** How long after the end of a pause what waited for it comes back at the latest, so that not all come at once. */
const SPREAD_MS = 2_000

/** What came of a delivery in the end. */
export interface Delivered {
  outcome: 'delivered' | 'failed' | 'skipped' | 'superseded'
}

/**
 * Makes the next attempt of a delivery. That it is settled and that its job is over are kept together or not at all;
 * an attempt whose process dies before is made again, with the same `webhook-id`.
 */
export async function deliver(ctx: Ctx, ref: DeliveryRef, job: JobHandle): Promise<Delivered> {
  const task = await ctx.transaction(() => prepareDelivery(ctx, ref, job.id))
  if (task.kind === 'over') return { outcome: task.outcome }
  if (task.kind === 'wait') {
    const pauseMs = Math.max(0, task.until.getTime() - ctx.now().getTime())
    throw new RunLater(task.reason, pauseMs + Math.random() * SPREAD_MS, true)
  }
  const reply = await post(ctx, task.request, job.signal)
  const conclusion = concludeAttempt(reply, task, ctx.now())
  const { status } = conclusion.step
  if (status === 'pending') return comeBack(ctx, ref, job, conclusion)
  return job.finish(async () => {
    const isMine = await keepAttempt(ctx, ref, job.id, conclusion)
    return { outcome: isMine ? status : 'superseded' }
  })
}

async function comeBack(
  ctx: Ctx,
  ref: DeliveryRef,
  job: JobHandle,
  conclusion: Conclusion,
): Promise<Delivered> {
  const isMine = await ctx.transaction(() => keepAttempt(ctx, ref, job.id, conclusion))
  if (!isMine) return { outcome: 'superseded' }
  throw new RunLater(conclusion.reply.error ?? 'the receiver did not take it', conclusion.pauseMs)
}
