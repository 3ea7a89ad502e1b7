import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import type { Position } from '../../../../kernel/pagination.js'

export const ATTEMPT_OUTCOMES = ['succeeded', 'failed'] as const
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number]

/** What became of one request to a receiver. */
export interface WebhookAttempt {
  id: string
  messageId: string
  endpointId: string
  /** Position in its round of attempts, from 1. */
  number: number
  outcome: AttemptOutcome
  statusCode: number | null
  errorCode: string | null
  error: string | null
  durationMs: number
  /** Beginning of the answer's body, where that is text. */
  response: string | null
  createdAt: Date
}

/** Which attempts a list shows. */
export interface AttemptFilter {
  messageId?: string | undefined
  endpointId?: string | undefined
  outcome?: AttemptOutcome | undefined
  statusCode?: number | undefined
}

/** Writes an attempt down; one whose delivery is gone by now is not kept. */
export async function insertAttempt(
  ctx: Ctx,
  attempt: Omit<WebhookAttempt, 'id' | 'createdAt'>,
): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-attempts-insert',
    text: `insert into webhook_attempts (tenant_id, id, message_id, endpoint_id, number, outcome, status_code, error_code,
        error, duration_ms, response, created_at)
      select tenant_id, $4, message_id, endpoint_id, $5, $6, $7, $8, $9, $10, $11, $12 from webhook_deliveries
      where tenant_id = $1 and message_id = $2 and endpoint_id = $3 for key share`,
    values: [
      ctx.tenant.id,
      attempt.messageId,
      attempt.endpointId,
      newId(),
      attempt.number,
      attempt.outcome,
      attempt.statusCode,
      attempt.errorCode,
      attempt.error,
      attempt.durationMs,
      attempt.response,
      ctx.now(),
    ],
  })
}

/** Attempts of the caller's tenant, newest first by (created_at, id). */
export function listAttempts(
  ctx: Ctx,
  filter: AttemptFilter,
  window: { after: Position | null; limit: number },
): Promise<WebhookAttempt[]> {
  return ctx.db.query<WebhookAttempt & Record<string, unknown>>({
    name: 'webhook-attempts-list',
    text: `select id, message_id as "messageId", endpoint_id as "endpointId", number, outcome, status_code as "statusCode",
        error_code as "errorCode", error, duration_ms as "durationMs", response, created_at as "createdAt"
      from webhook_attempts where tenant_id = $1
        and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        and ($4::uuid is null or message_id = $4)
        and ($5::uuid is null or endpoint_id = $5)
        and ($6::text is null or outcome = $6)
        and ($7::smallint is null or status_code = $7)
      order by created_at desc, id desc limit $8`,
    values: [
      ctx.tenant.id,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      filter.messageId ?? null,
      filter.endpointId ?? null,
      filter.outcome ?? null,
      filter.statusCode ?? null,
      window.limit,
    ],
  })
}

/** Attempts at an endpoint since a time: how many, and how long its answers took. */
export interface AttemptStats {
  succeeded: number
  failed: number
  p50Ms: number | null
  p95Ms: number | null
}

export async function attemptStats(ctx: Ctx, endpointId: string, since: Date): Promise<AttemptStats> {
  const [row] = await ctx.db.query<AttemptStats & Record<string, unknown>>({
    name: 'webhook-attempts-stats',
    text: `select count(*) filter (where outcome = 'succeeded') as succeeded,
        count(*) filter (where outcome = 'failed') as failed,
        percentile_disc(0.5) within group (order by duration_ms) as "p50Ms",
        percentile_disc(0.95) within group (order by duration_ms) as "p95Ms"
      from webhook_attempts where tenant_id = $1 and endpoint_id = $2 and created_at >= $3`,
    values: [ctx.tenant.id, endpointId, since],
  })
  return row ?? { succeeded: 0, failed: 0, p50Ms: null, p95Ms: null }
}
