import type { Ctx } from '../../../kernel/context.js'
import { type JobHandle, RunLater } from '../../../kernel/job-handle.js'
import type { SendOutcome } from '../channel.js'
import { endAttempt } from '../models/attempt.js'
import { updateDelivery } from '../models/delivery.js'
import { maskOf } from '../rules/addresses.js'
import { advanceChain, type Reschedule } from './advance-chain.js'
import type { Begun } from './begin-delivery.js'
import { countOutcomes } from './count-outcomes.js'

/** Pause before the second try; it doubles with each, up to the longest. */
const PAUSE_MS = 15_000
const PAUSE_MAX_MS = 3_600_000
/** Longest that a remote end may have us wait. */
const ASKED_MAX_MS = 6 * 3_600_000

/** What is kept of a try besides its outcome. */
export interface TryDetail {
  address: string | null
  templateVersion?: number | null
  locale?: string | null
}

type Failure = Extract<SendOutcome, { status: 'failed' }>

/**
 * Keeps what came of an attempt. Success and final failure are kept in the transaction that ends the job; after a
 * failure that may pass the job comes again, at the time that the remote end asked for.
 */
export async function concludeDelivery(
  ctx: Ctx,
  begun: Begun,
  { outcome, detail }: { outcome: SendOutcome; detail: TryDetail },
  job: JobHandle,
  reschedule: Reschedule,
): Promise<void> {
  if (outcome.status === 'sent') {
    await job.finish(() => keepSuccess(ctx, begun, outcome, detail))
    return
  }
  if (!outcome.isRetryable || job.attempt >= job.attempts) {
    await job.finish(async () => {
      await keepFailure(ctx, begun, outcome, detail, null)
      await advanceChain(ctx, begun.delivery, reschedule)
    })
    return
  }
  const pauseMs = pauseBefore(job.attempt + 1, outcome)
  const runAt = new Date(ctx.now().getTime() + pauseMs)
  await ctx.transaction(() => keepFailure(ctx, begun, outcome, detail, runAt))
  throw new RunLater(outcome.message, pauseMs)
}

/** Keeps that it was handed over. Needs an open transaction. */
export async function keepSuccess(
  ctx: Ctx,
  { delivery, attempt }: Begun,
  { provider, providerMessageId, cost }: Extract<SendOutcome, { status: 'sent' }>,
  detail: TryDetail,
): Promise<void> {
  const at = ctx.now()
  const { id: deliveryId, messageId, channel } = delivery
  const costs = { costMicros: cost?.micros ?? null, costCurrency: cost?.currency ?? null }
  await endAttempt(
    ctx,
    { deliveryId, attempt, at },
    {
      outcome: 'sent',
      provider,
      providerMessageId,
      errorCode: null,
      error: null,
      isRetryable: null,
      ...costs,
    },
  )
  countOutcomes(ctx, [{ channel, status: 'sent' }])
  await updateDelivery(ctx, deliveryId, {
    // Nothing that comes later can tell more of what stays in this installation.
    status: channel === 'in_app' ? 'delivered' : 'sent',
    ...{ provider, providerMessageId, ...costs, ...shown(delivery.channel, detail) },
    ...{ errorCode: null, error: null, runAt: null, sentAt: at, settledAt: at },
  })
  if (channel !== 'in_app') await ctx.emit('notifications.delivery.sent', { deliveryId, messageId, channel })
}

async function keepFailure(
  ctx: Ctx,
  { delivery, attempt }: Begun,
  { provider, code, message, isRetryable }: Failure,
  detail: TryDetail,
  again: Date | null,
): Promise<void> {
  const at = ctx.now()
  const { id: deliveryId, messageId, channel } = delivery
  const error = { errorCode: code, error: message }
  await endAttempt(
    ctx,
    { deliveryId, attempt, at },
    {
      outcome: 'failed',
      provider,
      providerMessageId: null,
      isRetryable,
      ...error,
      costMicros: null,
      costCurrency: null,
    },
  )
  await updateDelivery(ctx, deliveryId, {
    status: again ? 'scheduled' : 'failed',
    ...{ provider, ...error, ...shown(channel, detail), runAt: again, settledAt: again ? null : at },
  })
  if (again) return
  countOutcomes(ctx, [{ channel, status: 'failed' }])
  await ctx.emit('notifications.delivery.failed', { deliveryId, messageId, channel, code })
}

/** The address is kept masked: who may look at deliveries need not learn it. */
function shown(
  channel: Begun['delivery']['channel'],
  { address, templateVersion = null, locale = null }: TryDetail,
) {
  const isAddressed = channel === 'email' || channel === 'sms' || channel === 'push'
  return { templateVersion, locale, destination: isAddressed && address ? maskOf(channel, address) : null }
}

/** Exponential with jitter, or what the remote end asked for. */
function pauseBefore(attempt: number, { retryAfterMs }: Failure): number {
  if (retryAfterMs !== undefined) return Math.min(ASKED_MAX_MS, Math.max(1_000, retryAfterMs))
  const ceiling = Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** Math.min(attempt - 2, 20))
  return Math.round(ceiling * (0.5 + Math.random() / 2))
}
