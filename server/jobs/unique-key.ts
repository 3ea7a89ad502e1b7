import type { Ctx } from '../kernel/context.js'
import type { JobRecord } from '../kernel/define-job.js'
import type { NewRow } from './enqueue.js'
import type { JobRef } from './job-row.js'

/**
 * `until-settled`: while a job with this key is not settled, enqueueing answers that job. `window`: for `windowS`
 * seconds from the first, settled or not. `debounce`: a job not yet begun takes the new payload and starts its
 * delay anew, but begins at the latest `windowS` seconds after it was made.
 */
export interface KeyRule {
  key: string
  mode?: 'until-settled' | 'window' | 'debounce'
  windowS?: number
}

/**
 * The id of the job that holds the key from now on: the new row's own when it may be inserted, else the one that
 * is there already. Needs an open transaction; two that ask at the same time wait for each other.
 */
export async function takeKey<P>(
  ctx: Ctx,
  job: JobRecord<P>,
  row: NewRow,
  rule: KeyRule,
  { tenantId, delayMs }: { tenantId: string; delayMs: number },
): Promise<string> {
  const { scope } = ctx.db
  if (scope?.role !== 'system' && scope?.tenantId !== tenantId)
    throw new TypeError(
      'a unique key is taken in ctx.system or as its tenant: others do not see who holds it',
    )
  const mode = rule.mode ?? 'until-settled'
  const name = [tenantId, job.name, rule.key]
  const mine = [...name, row.id, mode === 'window' ? (rule.windowS ?? 60) : null]
  if ((await ctx.db.execute({ name: 'jobs-take-key', text: TAKE, values: mine })) > 0) return row.id
  // Waits for whoever has the key in hand, so that the statement after it sees the job they made.
  const [holder] = await ctx.db.query<{ job_id: string }>({
    name: 'jobs-key-holder',
    text: 'select job_id from job_keys where tenant_id = $1 and kind = $2 and key = $3 for update',
    values: name,
  })
  // Cleared away meanwhile.
  if (!holder) return takeKey(ctx, job, row, rule, { tenantId, delayMs })
  if ((await ctx.db.execute({ name: 'jobs-take-over-key', text: TAKE_OVER, values: mine })) > 0) return row.id
  if (mode !== 'debounce' || (await putOff(ctx, { tenantId, id: holder.job_id }, job, row, delayMs, rule)))
    return holder.job_id
  // Its job has begun: what came since needs one of its own.
  await ctx.db.execute({
    name: 'jobs-move-key',
    text: 'update job_keys set job_id = $4 where tenant_id = $1 and kind = $2 and key = $3',
    values: [...name, row.id],
  })
  return row.id
}

async function putOff<P>(
  ctx: Ctx,
  ref: JobRef,
  job: JobRecord<P>,
  row: NewRow,
  delayMs: number,
  rule: KeyRule,
): Promise<boolean> {
  const [moved] = await ctx.db.query<{ run_at: Date }>({
    name: 'jobs-put-off',
    text: `update worker_jobs j set payload = $3, run_at = t.at,
        status = case when t.at > now() then 'scheduled' else 'queued' end
      from (select tenant_id, id, least(now() + make_interval(secs => $4::double precision / 1000),
          created_at + make_interval(secs => $5)) as at from worker_jobs where tenant_id = $1 and id = $2) t
      where j.tenant_id = t.tenant_id and j.id = t.id and j.status in ('scheduled', 'queued') and j.attempt = 0
      returning j.run_at`,
    values: [ref.tenantId, ref.id, row.payload, delayMs, rule.windowS ?? 3_600],
  })
  if (!moved) return false
  ctx.afterCommit(() => ctx.resources.jobs.offer(job.name, [ref], moved.run_at))
  return true
}

const TAKE = `
  insert into job_keys (tenant_id, kind, key, job_id, expires_at)
  values ($1, $2, $3, $4, now() + make_interval(secs => $5::double precision))
  on conflict (tenant_id, kind, key) do nothing`

/** Its holder's time is over, or its job settled. */
const TAKE_OVER = `
  update job_keys held set job_id = $4, expires_at = now() + make_interval(secs => $5::double precision)
  where tenant_id = $1 and kind = $2 and key = $3
    and case when held.expires_at is not null then held.expires_at <= now()
      else not exists (select 1 from worker_jobs j where j.tenant_id = held.tenant_id and j.id = held.job_id
        and j.status in ('scheduled', 'queued', 'running', 'waiting')) end`
