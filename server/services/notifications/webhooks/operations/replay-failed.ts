import type { Ctx } from '../../../../kernel/context.js'
import type { JobHandle } from '../../../../kernel/job-handle.js'
import { webhookErrors } from '../errors.js'
import { lockUnsuccessful } from '../models/webhook-delivery.js'
import { findEndpoint } from '../models/webhook-endpoint.js'
import { beginDeliveries } from './begin-deliveries.js'

const DAY_MS = 86_400_000
/** Deliveries of one transaction. */
const CHUNK = 200
/** Deliveries one replay begins at most. */
const REPLAY_MAX = 10_000

/** A time whose failed and skipped deliveries are sent again. */
export interface Span {
  since: Date
  until: Date
}

/** The time asked for; throws where it is empty or begins before what is kept. */
export function replaySpan(ctx: Ctx, { since, until }: { since: string; until?: string | undefined }): Span {
  const now = ctx.now()
  const days = ctx.config.WEBHOOKS_KEPT_DAYS
  const span = { since: new Date(since), until: until === undefined ? now : new Date(until) }
  const isKept = span.since.getTime() >= now.getTime() - days * DAY_MS
  if (!isKept || span.since >= span.until) throw new webhookErrors.WebhookReplayRange({ days })
  return span
}

/** What a replay did; `more` when its bound was reached before the end of the time asked for. */
export interface Replayed {
  begun: number
  more: boolean
}

/**
 * Begins anew what of an endpoint failed or was skipped in a time, a chunk a transaction. Safe to run twice: what was
 * begun is no longer failed. Stops when the endpoint is disabled meanwhile.
 */
export async function replayFailed(
  ctx: Ctx,
  endpointId: string,
  span: Span,
  job: Pick<JobHandle, 'signal' | 'progress'>,
): Promise<Replayed> {
  let begun = 0
  for (let last = CHUNK; last === CHUNK && begun < REPLAY_MAX; begun += last) {
    job.signal.throwIfAborted()
    job.progress(begun / REPLAY_MAX, `${begun} deliveries begun anew`)
    last = await ctx.transaction(() => replayChunk(ctx, endpointId, span))
  }
  return { begun, more: begun >= REPLAY_MAX }
}

async function replayChunk(ctx: Ctx, endpointId: string, span: Span): Promise<number> {
  const endpoint = await findEndpoint(ctx, endpointId)
  if (!endpoint || endpoint.disabledAt) return 0
  const rows = await lockUnsuccessful(ctx, endpointId, span, CHUNK)
  await beginDeliveries(
    ctx,
    rows.map(({ messageId }) => ({ messageId, endpointId })),
  )
  return rows.length
}
