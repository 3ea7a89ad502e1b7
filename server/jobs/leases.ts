import type { JobCount } from '../observability/metrics.js'
import type { Database } from '../storage/database.js'
import type { Claimant, ClaimedJob } from './claim.js'
import type { ReadyJob } from './job-row.js'
import { IS_RUNNING, type Settled, type Settlement, settleWhole } from './settle.js'

/** Renews leases of jobs this worker holds; answers those still held, and whether each is to be cancelled. */
export function renewLeases(
  db: Database,
  { leaseMs }: Claimant,
  held: readonly Pick<ClaimedJob, 'tenantId' | 'id' | 'fence'>[],
): Promise<{ id: string; isCancelled: boolean }[]> {
  return db.readSystem({
    name: 'jobs-renew',
    text: `update worker_jobs j set lease_until = now() + make_interval(secs => $4::double precision / 1000)
      from unnest($1::uuid[], $2::uuid[], $3::integer[]) h (tenant_id, id, fence)
      where j.tenant_id = h.tenant_id and j.id = h.id and j.fence = h.fence and ${IS_RUNNING}
      returning j.id, j.cancel_requested_at is not null as "isCancelled"`,
    values: [
      held.map((job) => job.tenantId),
      held.map((job) => job.id),
      held.map((job) => job.fence),
      leaseMs,
    ],
  })
}

type Lapsed = ClaimedJob & { isCancelled: boolean } & Record<string, unknown>

/** Jobs one look takes back at most. */
const RECLAIM_MAX = 500

/**
 * Takes back jobs whose lease ended: their process died or hangs. Each gets its next attempt, or fails where it
 * has none left, so that a job that kills its process ends at its limit.
 */
export function reclaimLapsed(db: Database, pauseMs: (job: ClaimedJob) => number): Promise<Settled> {
  return db.transaction({ role: 'system', tenantId: null }, async () => {
    const lapsed = await db.query<Lapsed>({
      name: 'jobs-find-lapsed',
      text: `select tenant_id as "tenantId", id, kind, attempt, max_attempts as "maxAttempts", fence,
          parent_id as "parentId", started_at as "startedAt", cancel_requested_at is not null as "isCancelled"
        from worker_jobs where status = 'running' and lease_until < now() limit ${RECLAIM_MAX} for update skip locked`,
    })
    if (lapsed.length === 0) return { accepted: [], freed: [] }
    return settleWhole(
      db,
      lapsed.map((job) => ({ job, outcome: afterLoss(job, pauseMs(job)) })),
    )
  })
}

function afterLoss(job: Lapsed, afterMs: number): Settlement['outcome'] {
  const error = 'the process that ran it ended, or did not renew its lease'
  if (job.isCancelled) return { status: 'cancelled', error }
  if (job.attempt >= job.maxAttempts)
    return { status: 'failed', reason: 'lost', error, attemptOutcome: 'lost' }
  return { status: 'later', error, afterMs, isFree: false, attemptOutcome: 'lost' }
}

/** Jobs one look makes ready at most. */
const PROMOTE_MAX = 1_000

/** Makes jobs ready whose time has come; answers them, so that workers can be told. */
export function promoteDue(db: Database): Promise<ReadyJob[]> {
  return db.readSystem<ReadyJob>({
    name: 'jobs-promote',
    text: `update worker_jobs j set status = 'queued' from (
        select tenant_id, id from worker_jobs where status = 'scheduled' and run_at <= now()
        order by run_at limit ${PROMOTE_MAX} for update skip locked) d
      where j.tenant_id = d.tenant_id and j.id = d.id
      returning j.tenant_id as "tenantId", j.id, j.kind, j.queue`,
  })
}

/** What a look finds: whether anything waits or lapsed, and in how many milliseconds the next job is due. */
export interface Outlook {
  hasWaiting: boolean
  hasLapsed: boolean
  nextDueMs: number | null
}

/** One question for everything an idle worker needs to know. */
export async function lookAround(db: Database): Promise<Outlook> {
  const [row] = await db.readSystem<Outlook & Record<string, unknown>>({
    name: 'jobs-look-around',
    text: `select exists (select 1 from worker_jobs where status = 'queued') as "hasWaiting",
        exists (select 1 from worker_jobs where status = 'running' and lease_until < now()) as "hasLapsed",
        (select extract(epoch from run_at - now())::double precision * 1000 from worker_jobs
          where status = 'scheduled' order by run_at limit 1) as "nextDueMs"`,
  })
  return row ?? { hasWaiting: false, hasLapsed: false, nextDueMs: null }
}

/** Dead letters one question counts at most. */
const DEAD_MAX = 10_000

/** Jobs of all tenants that failed for good and were not run again, for metrics. */
export function countDeadLetters(db: Database): Promise<{ queue: string; count: number }[]> {
  return db.readSystem<{ queue: string; count: number }>({
    name: 'jobs-count-dead',
    text: `select queue, count(*) as count
      from (select queue from dead_letters where redriven_at is null limit ${DEAD_MAX}) d group by 1`,
  })
}

/** Unsettled jobs of all tenants by queue and status, for metrics. */
export function countJobs(db: Database): Promise<JobCount[]> {
  return db.readSystem<JobCount & Record<string, unknown>>({
    name: 'jobs-count',
    text: `select queue, status, count(*) as count,
        case when status = 'queued' then extract(epoch from now() - min(run_at))::double precision end as "oldestS"
      from worker_jobs where status in ('scheduled', 'queued', 'running', 'waiting') group by 1, 2`,
  })
}
