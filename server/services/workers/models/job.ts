import type { JobStatus } from '../../../jobs/job-row.js'
import type { Ctx } from '../../../kernel/context.js'
import type { Database } from '../../../storage/database.js'

/** A job as it is stored. */
export type StoredJob = {
  id: string
  tenantId: string
  kind: string
  queue: string
  status: JobStatus
  payload: unknown
  priority: number
  attempt: number
  maxAttempts: number
  runAt: Date
  startedAt: Date | null
  finishedAt: Date | null
  progress: { share: number; words?: string } | null
  result: unknown
  error: string | null
  worker: string | null
  cancelRequestedAt: Date | null
  parentId: string | null
  pendingChildren: number
  uniqueKey: string | null
  scheduleId: string | null
  createdBy: string
  requestId: string | null
  createdAt: Date
  updatedAt: Date
}

const COLUMNS = `
  j.id, j.tenant_id as "tenantId", j.kind, j.queue, j.status, j.payload, j.priority, j.attempt,
  j.max_attempts as "maxAttempts", j.run_at as "runAt", j.started_at as "startedAt", j.finished_at as "finishedAt",
  j.progress, j.result, j.error, j.worker, j.cancel_requested_at as "cancelRequestedAt", j.parent_id as "parentId",
  j.pending_children as "pendingChildren", j.unique_key as "uniqueKey", j.schedule_id as "scheduleId",
  j.created_by as "createdBy", j.request_id as "requestId", j.created_at as "createdAt", j.updated_at as "updatedAt"`

/** The job with this id in the tenant the transaction is bound to, or null. */
export async function findJob(ctx: Ctx, tenantId: string, jobId: string): Promise<StoredJob | null> {
  const [job] = await ctx.db.query<StoredJob>({
    name: 'workers-find-job',
    text: `select ${COLUMNS} from worker_jobs j where j.tenant_id = $1 and j.id = $2`,
    values: [tenantId, jobId],
  })
  return job ?? null
}

/** Like findJob, and keeps workers and others from changing the job until the transaction ends. */
export async function lockJob(ctx: Ctx, tenantId: string, jobId: string): Promise<StoredJob | null> {
  const [job] = await ctx.db.query<StoredJob>({
    name: 'workers-lock-job',
    text: `select ${COLUMNS} from worker_jobs j where j.tenant_id = $1 and j.id = $2 for update`,
    values: [tenantId, jobId],
  })
  return job ?? null
}

export interface JobFilter {
  status?: JobStatus | undefined
  kind?: string | undefined
  queue?: string | undefined
  parent_id?: string | undefined
  schedule_id?: string | undefined
}

/** Jobs of a tenant, newest first: ids are UUIDv7, so their order is that of their making. */
export function listJobs(
  ctx: Ctx,
  tenantId: string,
  filter: JobFilter,
  window: { afterId: string | null; limit: number },
): Promise<StoredJob[]> {
  return ctx.db.query<StoredJob>({
    text: `select ${COLUMNS} from worker_jobs j where j.tenant_id = $1
      and ($2::uuid is null or j.id < $2) and ($3::text is null or j.status = $3) and ($4::text is null or j.kind = $4)
      and ($5::text is null or j.queue = $5) and ($6::uuid is null or j.parent_id = $6)
      and ($7::uuid is null or j.schedule_id = $7)
      order by j.id desc limit $8`,
    values: [
      ...[tenantId, window.afterId, filter.status ?? null, filter.kind ?? null, filter.queue ?? null],
      ...[filter.parent_id ?? null, filter.schedule_id ?? null, window.limit],
    ],
  })
}

export type StoredAttempt = {
  attempt: number
  outcome: 'failed' | 'timed_out' | 'lost' | 'cancelled' | 'later'
  worker: string | null
  startedAt: Date
  finishedAt: Date
  error: string | null
  nextRunAt: Date | null
}

/** Attempts of a job that did not succeed, first to last. */
export function listAttempts(ctx: Ctx, tenantId: string, jobId: string): Promise<StoredAttempt[]> {
  return ctx.db.query<StoredAttempt>({
    name: 'workers-list-attempts',
    text: `select attempt, outcome, worker, started_at as "startedAt", finished_at as "finishedAt", error,
        next_run_at as "nextRunAt" from job_attempts where tenant_id = $1 and job_id = $2 order by fence`,
    values: [tenantId, jobId],
  })
}

export type LogLine = { sequence: number; at: Date; line: string }

/** Log lines of a job after a sequence number, oldest first. */
export function listLogLines(
  db: Database,
  tenantId: string,
  jobId: string,
  { after, limit }: { after: number; limit: number },
): Promise<LogLine[]> {
  return db.readTenant<LogLine>(tenantId, {
    name: 'workers-list-lines',
    text: `select sequence, created_at as at, line from job_logs
      where tenant_id = ctx.t::uuid and job_id = $2 and sequence > $3 order by sequence limit $4`,
    values: [jobId, after, limit],
  })
}

/** The job as it is now, in a statement of its own. */
export async function readJob(db: Database, tenantId: string, jobId: string): Promise<StoredJob | null> {
  const [job] = await db.readTenant<StoredJob>(tenantId, {
    name: 'workers-read-job',
    text: `select ${COLUMNS} from worker_jobs j where j.tenant_id = ctx.t::uuid and j.id = $2`,
    values: [jobId],
  })
  return job ?? null
}

/** Locks a job with all below it, from below upwards like workers that settle them. */
export async function lockFamily(ctx: Ctx, tenantId: string, jobId: string): Promise<void> {
  await ctx.db.execute({
    name: 'workers-lock-family',
    text: `with recursive family as (
        select id from worker_jobs where tenant_id = $1 and id = $2
        union all
        select c.id from worker_jobs c join family f on c.tenant_id = $1 and c.parent_id = f.id)
      select j.id from worker_jobs j join family f on j.tenant_id = $1 and j.id = f.id
      order by j.id desc for update of j`,
    values: [tenantId, jobId],
  })
}

/** Settles a job that has not begun as cancelled, with the children that wait below it; answers their ids. */
export async function cancelUnbegun(ctx: Ctx, tenantId: string, jobId: string): Promise<string[]> {
  const rows = await ctx.db.query<{ id: string }>({
    name: 'workers-cancel-unbegun',
    text: `with recursive family as (
        select id from worker_jobs where tenant_id = $1 and id = $2
        union all
        select c.id from worker_jobs c join family f on c.tenant_id = $1 and c.parent_id = f.id)
      update worker_jobs j set status = 'cancelled', finished_at = now(), cancel_requested_at = now(), lease_until = null
      from family f where j.tenant_id = $1 and j.id = f.id and j.status in ('scheduled', 'queued', 'waiting')
      returning j.id`,
    values: [tenantId, jobId],
  })
  return rows.map(({ id }) => id)
}

/** Asks running jobs of a family (a job and all below it) to stop; answers their ids. */
export async function askToStop(ctx: Ctx, tenantId: string, jobId: string): Promise<string[]> {
  const rows = await ctx.db.query<{ id: string }>({
    name: 'workers-ask-to-stop',
    text: `with recursive family as (
        select id from worker_jobs where tenant_id = $1 and id = $2
        union all
        select c.id from worker_jobs c join family f on c.tenant_id = $1 and c.parent_id = f.id)
      update worker_jobs j set cancel_requested_at = coalesce(j.cancel_requested_at, now())
      from family f where j.tenant_id = $1 and j.id = f.id and j.status = 'running' returning j.id`,
    values: [tenantId, jobId],
  })
  return rows.map(({ id }) => id)
}

/**
 * Makes settled jobs ready again with all their attempts; late results of earlier runs are refused. A parent waits
 * for those of its children that are not settled (any more), and one that waits already for its child once more.
 */
export function requeue(
  ctx: Ctx,
  tenantId: string,
  jobIds: readonly string[],
): Promise<{ id: string; kind: string; status: 'queued' | 'waiting' }[]> {
  return ctx.db.query({
    name: 'workers-requeue',
    text: `with children as materialized (
        select id, parent_id, status from worker_jobs where tenant_id = $1 and parent_id = any($2::uuid[])
        order by id desc for update),
      again as (
        update worker_jobs j set status = case when o.pending > 0 then 'waiting' else 'queued' end,
          pending_children = o.pending, attempt = 0, fence = fence + 1, run_at = now(), error = null, result = null,
          finished_at = null, cancel_requested_at = null, progress = null
        from (select i.id, (select count(*) from children c where c.parent_id = i.id
            and (c.status not in ('succeeded', 'failed', 'cancelled')
              or (c.status <> 'succeeded' and c.id = any($2::uuid[])))) as pending
          from unnest($2::uuid[]) i (id)) o
        where j.tenant_id = $1 and j.id = o.id and j.status in ('failed', 'cancelled')
        returning j.id, j.kind, j.status, j.parent_id),
      parents as (
        update worker_jobs p set pending_children = p.pending_children + a.n
        from (select parent_id, count(*) as n from again where parent_id is not null group by 1) a
        where p.tenant_id = $1 and p.id = a.parent_id and p.status = 'waiting')
      select id, kind, status from again`,
    values: [tenantId, jobIds],
  })
}
