import type { Ctx } from '../../../../kernel/context.js'
import type { Position } from '../../../../kernel/pagination.js'
import type { Database } from '../../../../storage/database.js'

/**
 * `pending`: a job works on it. `delivered`: the receiver took it. `failed`: there is no further attempt. `skipped`:
 * it was not tried any more, because the endpoint is disabled or gone.
 */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'skipped'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** One message to one endpoint. */
export interface WebhookDelivery {
  messageId: string
  endpointId: string
  type: string
  status: DeliveryStatus
  reason: string | null
  attempts: number
  jobId: string | null
  slotAt: Date | null
  nextAttemptAt: Date | null
  settledAt: Date | null
  createdAt: Date
}

/** A delivery's name. */
export interface DeliveryRef {
  messageId: string
  endpointId: string
}

/** Which deliveries of an endpoint a list shows. */
export interface DeliveryFilter {
  endpointId: string
  status?: DeliveryStatus | undefined
}

const SELECT = `
  select d.message_id as "messageId", d.endpoint_id as "endpointId", m.type, d.status, d.reason, d.attempts,
    d.job_id as "jobId", d.slot_at as "slotAt", d.next_attempt_at as "nextAttemptAt", d.settled_at as "settledAt",
    d.created_at as "createdAt"
  from webhook_deliveries d join webhook_messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
  where d.tenant_id = $1`

type Row = WebhookDelivery & Record<string, unknown>

/** The delivery of a message to an endpoint, or null. */
export async function findDelivery(ctx: Ctx, { messageId, endpointId }: DeliveryRef): Promise<Row | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'webhook-deliveries-find',
    text: `${SELECT} and d.message_id = $2 and d.endpoint_id = $3`,
    values: [ctx.tenant.id, messageId, endpointId],
  })
  return row ?? null
}

/** The deliveries of a message, in the order of their endpoints. */
export function deliveriesOfMessage(ctx: Ctx, messageId: string): Promise<WebhookDelivery[]> {
  return ctx.db.query<Row>({
    name: 'webhook-deliveries-of-message',
    text: `${SELECT} and d.message_id = $2 order by d.endpoint_id`,
    values: [ctx.tenant.id, messageId],
  })
}

/** Deliveries of an endpoint, newest first by (created_at, message). */
export function listDeliveries(
  ctx: Ctx,
  filter: DeliveryFilter,
  window: { after: Position | null; limit: number },
): Promise<WebhookDelivery[]> {
  return ctx.db.query<Row>({
    name: 'webhook-deliveries-list',
    text: `${SELECT} and d.endpoint_id = $2
      and ($3::timestamptz is null or (d.created_at, d.message_id) < ($3, $4::uuid))
      and ($5::text is null or d.status = $5)
      order by d.created_at desc, d.message_id desc limit $6`,
    values: [
      ctx.tenant.id,
      filter.endpointId,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      filter.status ?? null,
      window.limit,
    ],
  })
}

/** A delivery to begin: with the job that will do it, or without one where its endpoint is disabled. */
export interface NewDelivery extends DeliveryRef {
  jobId: string | null
}

/** Begins deliveries, or begins them anew: the job given is from now on the only one that counts. */
export async function beginDeliveries(ctx: Ctx, deliveries: readonly NewDelivery[]): Promise<void> {
  if (deliveries.length === 0) return
  await ctx.db.execute({
    name: 'webhook-deliveries-begin',
    text: `insert into webhook_deliveries as d (tenant_id, message_id, endpoint_id, job_id, status, reason, next_attempt_at,
        settled_at, created_at)
      select $1, n.message_id, n.endpoint_id, n.job_id, case when n.job_id is null then 'skipped' else 'pending' end,
        case when n.job_id is null then 'the endpoint is disabled' end,
        case when n.job_id is not null then $5::timestamptz end, case when n.job_id is null then $5::timestamptz end, $5
      from unnest($2::uuid[], $3::uuid[], $4::uuid[]) n (message_id, endpoint_id, job_id)
      on conflict (tenant_id, message_id, endpoint_id) do update set job_id = excluded.job_id, status = excluded.status,
        reason = excluded.reason, attempts = 0, slot_at = null, next_attempt_at = excluded.next_attempt_at,
        settled_at = excluded.settled_at`,
    values: [
      ctx.tenant.id,
      deliveries.map(({ messageId }) => messageId),
      deliveries.map(({ endpointId }) => endpointId),
      deliveries.map(({ jobId }) => jobId),
      ctx.now(),
    ],
  })
}

/** Remembers the time that the endpoint's rate limit gave a delivery. */
export async function keepSlot(ctx: Ctx, { messageId, endpointId }: DeliveryRef, at: Date): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-deliveries-slot',
    text: `update webhook_deliveries set slot_at = $4, next_attempt_at = $4
      where tenant_id = $1 and message_id = $2 and endpoint_id = $3 and status = 'pending'`,
    values: [ctx.tenant.id, messageId, endpointId, at],
  })
}

/** What a run makes of its delivery. */
export interface Step {
  status: DeliveryStatus
  reason: string | null
  attempts: number
  nextAttemptAt: Date | null
}

/**
 * Takes a pending delivery a step further, on behalf of the job that works on it; false when it is settled by now or
 * another job's.
 */
export async function advanceDelivery(
  ctx: Ctx,
  { messageId, endpointId }: DeliveryRef,
  jobId: string,
  step: Step,
): Promise<boolean> {
  const changed = await ctx.db.execute({
    name: 'webhook-deliveries-advance',
    text: `update webhook_deliveries set status = $5, reason = $6, attempts = $7, next_attempt_at = $8, slot_at = null,
        settled_at = case when $5 <> 'pending' then $9::timestamptz end
      where tenant_id = $1 and message_id = $2 and endpoint_id = $3 and job_id = $4 and status = 'pending'`,
    values: [
      ctx.tenant.id,
      messageId,
      endpointId,
      jobId,
      step.status,
      step.reason,
      step.attempts,
      step.nextAttemptAt,
      ctx.now(),
    ],
  })
  return changed > 0
}

/** Unsuccessful deliveries of an endpoint that were first begun in this time, oldest first, and locked. */
export async function lockUnsuccessful(
  ctx: Ctx,
  endpointId: string,
  span: { since: Date; until: Date },
  limit: number,
): Promise<{ messageId: string }[]> {
  return ctx.db.query<{ messageId: string }>({
    name: 'webhook-deliveries-unsuccessful',
    text: `select message_id as "messageId" from webhook_deliveries
      where tenant_id = $1 and endpoint_id = $2 and status in ('failed', 'skipped')
        and created_at >= $3 and created_at <= $4
      order by created_at, message_id limit $5 for update skip locked`,
    values: [ctx.tenant.id, endpointId, span.since, span.until, limit],
  })
}

/** How deliveries of an endpoint, begun since a time, stand. */
export async function countDeliveries(
  ctx: Ctx,
  endpointId: string,
  since: Date,
): Promise<Record<DeliveryStatus, number>> {
  const rows = await ctx.db.query<{ status: DeliveryStatus; count: number }>({
    name: 'webhook-deliveries-count',
    text: `select status, count(*) as count from webhook_deliveries
      where tenant_id = $1 and endpoint_id = $2 and created_at >= $3 group by status`,
    values: [ctx.tenant.id, endpointId, since],
  })
  const counts = { pending: 0, delivered: 0, failed: 0, skipped: 0 }
  for (const { status, count } of rows) counts[status] = count
  return counts
}

/**
 * Settles pending deliveries that no job works on any more (it was cancelled, or every run of it died). Needs a system
 * transaction.
 */
export async function settleOrphans(db: Database, before: Date, limit: number): Promise<number> {
  return db.execute({
    name: 'webhook-deliveries-orphans',
    text: `update webhook_deliveries set status = 'failed', reason = 'its job ended without a result',
        next_attempt_at = null, settled_at = now()
      where (tenant_id, message_id, endpoint_id) in (
        select d.tenant_id, d.message_id, d.endpoint_id from webhook_deliveries d
        left join worker_jobs j on j.tenant_id = d.tenant_id and j.id = d.job_id
        where d.status = 'pending' and d.updated_at < $1
          and (j.id is null or j.status in ('succeeded', 'failed', 'cancelled'))
        limit $2)`,
    values: [before, limit],
  })
}
