import type { Database } from '../storage/database.js'
import type { ClaimedJob } from './claim.js'
import type { JobRef, ReadyJob } from './job-row.js'
import { resultText } from './result-text.js'

/** How a run ended. `later` and `released` put the job back: `later` after a pause, `released` at once and uncounted. */
export type Outcome =
  | { status: 'succeeded'; result: unknown }
  | { status: 'failed'; reason: DeadReason; error: string; attemptOutcome: AttemptOutcome }
  | { status: 'cancelled'; error: string | null }
  | { status: 'later'; error: string; afterMs: number; isFree: boolean; attemptOutcome: AttemptOutcome }
  | { status: 'released' }

/** Why a job has no further attempt. */
export type DeadReason = 'attempts' | 'gave_up' | 'lost' | 'child_failed' | 'bad_payload'
export type AttemptOutcome = 'failed' | 'timed_out' | 'lost' | 'cancelled' | 'later'

/** A job with how its newest run ended. */
export interface Settlement {
  job: Pick<ClaimedJob, 'tenantId' | 'id' | 'kind' | 'fence' | 'attempt' | 'parentId' | 'startedAt'>
  outcome: Outcome
}

/** What became of settlements. */
export interface Settled {
  /** Those that were still this run's; a late result of a lost lease is not among them. */
  accepted: Settlement[]
  /** Parents that wait for nobody any more. */
  freed: ReadyJob[]
}

/** Written so that the planner does not take the index of running jobs, where each of them leaves an entry behind. */
export const IS_RUNNING = "j.status || '' = 'running'"

/**
 * Settles runs under their fencing tokens, all in one statement where each just succeeded, else in one transaction
 * with attempts, dead letters and the families of parents and children.
 */
export async function settle(db: Database, settlements: readonly Settlement[]): Promise<Settled> {
  const isPlain = settlements.every(({ job, outcome }) => outcome.status === 'succeeded' && !job.parentId)
  if (isPlain) return { accepted: await settlePlainly(db, settlements), freed: [] }
  return db.transaction({ role: 'system', tenantId: null }, () => settleWhole(db, settlements))
}

async function settlePlainly(db: Database, settlements: readonly Settlement[]): Promise<Settlement[]> {
  const rows = await db.readSystem<JobRef & Record<string, unknown>>({
    name: 'jobs-settle-succeeded',
    text: `update worker_jobs j set status = 'succeeded', result = d.result, finished_at = now(), lease_until = null, error = null
      from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::jsonb[]) d (tenant_id, id, fence, result)
      where j.tenant_id = d.tenant_id and j.id = d.id and j.fence = d.fence and ${IS_RUNNING}
      returning j.tenant_id as "tenantId", j.id`,
    values: [
      settlements.map(({ job }) => job.tenantId),
      settlements.map(({ job }) => job.id),
      settlements.map(({ job }) => job.fence),
      settlements.map(({ outcome }) => ('result' in outcome ? resultText(outcome.result) : null)),
    ],
  })
  if (rows.length === settlements.length) return [...settlements]
  const accepted = new Set(rows.map(({ id }) => id))
  return settlements.filter(({ job }) => accepted.has(job.id))
}

/** Like `settle`, in the open transaction. */
export async function settleWhole(db: Database, settlements: readonly Settlement[]): Promise<Settled> {
  const rows = await db.query<JobRef & { status: string }>({
    name: 'jobs-settle',
    text: `update worker_jobs j set
        status = case when d.status not in ('later', 'released') then d.status
          when j.cancel_requested_at is not null then 'cancelled' when d.status = 'later' then 'scheduled' else 'queued' end,
        attempt = j.attempt - d.refund,
        run_at = case when d.status = 'later' then now() + make_interval(secs => d.pause_ms / 1000) else j.run_at end,
        result = d.result, error = d.error, lease_until = null,
        finished_at = case when d.status not in ('later', 'released') or j.cancel_requested_at is not null then now() end
      from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::jsonb[], $6::text[], $7::double precision[],
        $8::integer[]) d (tenant_id, id, fence, status, result, error, pause_ms, refund)
      where j.tenant_id = d.tenant_id and j.id = d.id and j.fence = d.fence and ${IS_RUNNING}
      returning j.tenant_id as "tenantId", j.id, j.status`,
    values: [
      settlements.map(({ job }) => job.tenantId),
      settlements.map(({ job }) => job.id),
      settlements.map(({ job }) => job.fence),
      settlements.map(({ outcome }) => outcome.status),
      settlements.map(({ outcome }) => ('result' in outcome ? resultText(outcome.result) : null)),
      settlements.map(({ outcome }) => ('error' in outcome ? outcome.error : null)),
      settlements.map(({ outcome }) => ('afterMs' in outcome ? outcome.afterMs : 0)),
      settlements.map(({ outcome }) => (isUncounted(outcome) ? 1 : 0)),
    ],
  })
  const statuses = new Map(rows.map(({ id, status }) => [id, status]))
  const accepted = settlements
    .filter(({ job }) => statuses.has(job.id))
    .map((one) => (statuses.get(one.job.id) === 'cancelled' ? { ...one, outcome: CANCELLED } : one))
  await recordAttempts(db, accepted)
  return { accepted, freed: await recordEnds(db, accepted) }
}

/** Also of a job that would have been put back, had nobody asked for its end. */
const CANCELLED = { status: 'cancelled', error: null } as const

function isUncounted(outcome: Outcome): boolean {
  return outcome.status === 'released' || (outcome.status === 'later' && outcome.isFree)
}

/** A row for each attempt that did not succeed; waits that cost nothing leave none. */
async function recordAttempts(db: Database, settlements: readonly Settlement[]): Promise<void> {
  const told = settlements.filter(
    ({ outcome }) =>
      outcome.status === 'failed' ||
      outcome.status === 'cancelled' ||
      (outcome.status === 'later' && !outcome.isFree),
  )
  if (told.length === 0) return
  await db.execute({
    name: 'jobs-record-attempts',
    text: `insert into job_attempts (tenant_id, job_id, fence, attempt, outcome, error, started_at, worker, next_run_at)
      select d.tenant_id, d.id, d.fence, d.attempt, d.outcome, d.error, d.started_at, j.worker,
        case when j.status = 'scheduled' then j.run_at end
      from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[])
        d (tenant_id, id, fence, attempt, outcome, error, started_at)
      join worker_jobs j on j.tenant_id = d.tenant_id and j.id = d.id
      on conflict do nothing`,
    values: [
      told.map(({ job }) => job.tenantId),
      told.map(({ job }) => job.id),
      told.map(({ job }) => job.fence),
      told.map(({ job }) => job.attempt),
      told.map(({ outcome }) => ('attemptOutcome' in outcome ? outcome.attemptOutcome : outcome.status)),
      told.map(({ outcome }) => ('error' in outcome ? outcome.error : null)),
      told.map(({ job }) => job.startedAt),
    ],
  })
}

/** Dead letters of what failed, and the parents of what is settled; parents may fail with it, and theirs in turn. */
async function recordEnds(db: Database, settlements: readonly Settlement[]): Promise<Settled['freed']> {
  const failed = settlements.filter(({ outcome }) => outcome.status === 'failed')
  for (const { job, outcome } of failed) {
    if (outcome.status === 'failed') await bury(db, job, outcome.reason)
  }
  const children = settlements.filter(({ job, outcome }) => job.parentId !== null && isEnd(outcome))
  return tellParents(
    db,
    children.map(({ job, outcome }) => ({
      tenantId: job.tenantId,
      id: job.parentId ?? '',
      hasFailed: outcome.status !== 'succeeded',
    })),
  )
}

function isEnd({ status }: Outcome): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled'
}

/** Puts a failed job among the dead letters and tells the world, in the open transaction. */
export async function bury(db: Database, job: JobRef, reason: DeadReason): Promise<void> {
  await db.execute({
    name: 'jobs-bury',
    text: `with dead as (
        insert into dead_letters (tenant_id, id, job_id, queue, kind, reason, error, attempts)
        select tenant_id, gen_random_uuid(), id, queue, kind, $3, error, attempt from worker_jobs
        where tenant_id = $1 and id = $2 returning tenant_id, job_id, kind, reason)
      insert into outbox (id, name, tenant_id, payload)
      select gen_random_uuid(), 'workers.job.failed', nullif(tenant_id, '00000000-0000-0000-0000-000000000000'),
        jsonb_build_object('jobId', job_id, 'kind', kind, 'reason', reason) from dead`,
    values: [job.tenantId, job.id, reason],
  })
}

interface ParentNews extends JobRef {
  hasFailed: boolean
}

/**
 * Counts settled children off their waiting parents. A parent without any left is ready once its own time has come;
 * one that must not survive a failed child fails with it. Rows are locked from below upwards (a child's id is later
 * than its parent's), as all do who touch a family, so that two never wait for each other in a circle.
 */
export async function tellParents(db: Database, news: readonly ParentNews[]): Promise<Settled['freed']> {
  if (news.length === 0) return []
  const byParent = new Map<string, ParentNews & { count: number }>()
  for (const one of news) {
    const known = byParent.get(one.id)
    byParent.set(one.id, {
      ...one,
      count: (known?.count ?? 0) + 1,
      hasFailed: one.hasFailed || (known?.hasFailed ?? false),
    })
  }
  const parents = [...byParent.values()]
  const rows = await db.query<ReadyJob & { status: string; parentId: string | null }>({
    name: 'jobs-tell-parents',
    text: `with news as (select * from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::boolean[]) n (tenant_id, id, count, has_failed)),
      locked as materialized (select p.tenant_id, p.id from worker_jobs p join news n on n.tenant_id = p.tenant_id and n.id = p.id
        where p.status = 'waiting' order by p.id desc for update of p)
      update worker_jobs p set pending_children = p.pending_children - n.count,
        status = case when n.has_failed and p.on_child_failure = 'fail' then 'failed'
          when p.pending_children - n.count > 0 then 'waiting' when p.run_at > now() then 'scheduled' else 'queued' end,
        error = case when n.has_failed and p.on_child_failure = 'fail' then 'a job this one waited for did not succeed' end,
        finished_at = case when n.has_failed and p.on_child_failure = 'fail' then now() end
      from news n, locked l
      where p.tenant_id = n.tenant_id and p.id = n.id and l.tenant_id = p.tenant_id and l.id = p.id and p.status = 'waiting'
      returning p.tenant_id as "tenantId", p.id, p.kind, p.queue, p.status, p.parent_id as "parentId",
        p.run_at as "runAt"`,
    values: [
      parents.map((one) => one.tenantId),
      parents.map((one) => one.id),
      parents.map((one) => one.count),
      parents.map((one) => one.hasFailed),
    ],
  })
  const fallen = rows.filter(({ status }) => status === 'failed')
  for (const parent of fallen) await bury(db, parent, 'child_failed')
  const above = await tellParents(
    db,
    fallen
      .filter(({ parentId }) => parentId !== null)
      .map(({ tenantId, parentId }) => ({ tenantId, id: parentId ?? '', hasFailed: true })),
  )
  return [...rows.filter(({ status }) => status === 'queued' || status === 'scheduled'), ...above]
}
