import type { Ctx } from '../../../../kernel/context.js'
import { insertAttempt } from '../models/webhook-attempt.js'
import { advanceDelivery, type DeliveryRef, type Step } from '../models/webhook-delivery.js'
import { noteFailure, noteSuccess, pauseEndpoint } from '../models/webhook-health.js'
import { hasFailedTooLong, pauseOfEndpoint } from '../rules/breaker.js'
import { pauseAfter } from '../rules/retry-schedule.js'
import { disableEndpoint } from './disable-endpoint.js'
import type { Reply } from './post.js'

/** What an attempt means for its delivery. */
export interface Conclusion {
  reply: Reply
  step: Step
  /** Until the next attempt, where there is one. */
  pauseMs: number
  /** Tests say nothing of how an endpoint does. */
  isTest: boolean
}

const GONE = 410

/**
 * 2xx is success and nothing else is, redirects included. 410 and the end of the schedule are final; a test is tried
 * once.
 */
export function concludeAttempt(
  reply: Reply,
  { attempts, isTest }: { attempts: number; isTest: boolean },
  now: Date,
): Conclusion {
  const made = attempts + 1
  const isFinal = reply.error === null || reply.statusCode === GONE || isTest
  const pauseMs = isFinal ? null : pauseAfter(made, reply.retryAfterMs)
  const status = reply.error === null ? 'delivered' : pauseMs === null ? 'failed' : 'pending'
  return {
    reply,
    isTest,
    pauseMs: pauseMs ?? 0,
    step: {
      status,
      reason: status === 'failed' ? reply.error : null,
      attempts: made,
      nextAttemptAt: pauseMs === null ? null : new Date(now.getTime() + pauseMs),
    },
  }
}

/**
 * Writes down what an attempt came to, for its delivery and for its endpoint; answers whether the delivery is still
 * this job's. Needs an open transaction.
 */
export async function keepAttempt(
  ctx: Ctx,
  ref: DeliveryRef,
  jobId: string,
  { reply, step, isTest }: Conclusion,
): Promise<boolean> {
  const isMine = await advanceDelivery(ctx, ref, jobId, step)
  ctx.afterCommit(() => countAttempt(ctx.metrics, reply, isMine ? step.status : 'pending'))
  await insertAttempt(ctx, {
    ...ref,
    number: step.attempts,
    outcome: reply.error === null ? 'succeeded' : 'failed',
    statusCode: reply.statusCode,
    errorCode: reply.errorCode,
    error: reply.error,
    durationMs: reply.durationMs,
    response: reply.response,
  })
  if (!isTest) await keepHealth(ctx, ref.endpointId, reply)
  return isMine
}

function countAttempt(metrics: Ctx['metrics'], reply: Reply, status: Step['status']): void {
  metrics.webhookAttempts.observe({ outcome: wordFor(reply) }, reply.durationMs / 1000)
  if (status !== 'pending') metrics.webhookDeliveries.inc({ outcome: status })
}

/** What an attempt came to, in the word that metrics have for it. */
function wordFor({ error, errorCode, statusCode }: Reply): string {
  if (error === null) return 'delivered'
  return statusCode === null ? (errorCode ?? 'unreachable') : `http_${Math.floor(statusCode / 100)}xx`
}

async function keepHealth(ctx: Ctx, endpointId: string, reply: Reply): Promise<void> {
  if (reply.error === null) return noteSuccess(ctx, endpointId)
  const failed = await noteFailure(ctx, endpointId)
  if (!failed) return
  const now = ctx.now()
  if (reply.statusCode === GONE) return disableEndpoint(ctx, endpointId, 'gone')
  if (hasFailedTooLong(failed.failures, failed.failingSince, now))
    return disableEndpoint(ctx, endpointId, 'failing')
  const pauseMs = pauseOfEndpoint(failed.failures, reply.statusCode, reply.retryAfterMs)
  if (pauseMs > 0) await pauseEndpoint(ctx, endpointId, new Date(now.getTime() + pauseMs))
}
