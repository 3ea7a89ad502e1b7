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
  const mode = rule.mode ?? 'until-settled'
  const [mine] = await ctx.db.query<{ job_id: string }>({
    name: 'jobs-take-key',
    text: TAKE,
    values: [tenantId, job.name, rule.key, row.id, mode === 'window' ? (rule.windowS ?? 60) : null],
  })
  if (mine) return mine.job_id
  const [holder] = await ctx.db.query<{ job_id: string }>({
    name: 'jobs-key-holder',
    text: 'select job_id from job_keys where tenant_id = $1 and kind = $2 and key = $3',
    values: [tenantId, job.name, rule.key],
  })
  if (!holder) throw new Error('a unique key is held by nobody')
  if (mode !== 'debounce' || (await putOff(ctx, { tenantId, id: holder.job_id }, row, delayMs, rule)))
    return holder.job_id
  // Its job has begun: what came since needs one of its own.
  await ctx.db.execute({
    name: 'jobs-move-key',
    text: 'update job_keys set job_id = $4 where tenant_id = $1 and kind = $2 and key = $3',
    values: [tenantId, job.name, rule.key, row.id],
  })
  return row.id
}

async function putOff(
  ctx: Ctx,
  { tenantId, id }: JobRef,
  row: NewRow,
  delayMs: number,
  rule: KeyRule,
): Promise<boolean> {
  const moved = await ctx.db.execute({
    name: 'jobs-put-off',
    text: `update worker_jobs set payload = $3,
        run_at = least(now() + make_interval(secs => $4::double precision / 1000),
          created_at + make_interval(secs => $5))
      where tenant_id = $1 and id = $2 and status = 'scheduled'`,
    values: [tenantId, id, row.payload, delayMs, rule.windowS ?? 3_600],
  })
  return moved > 0
}

const TAKE = `
  insert into job_keys as held (tenant_id, kind, key, job_id, expires_at)
  values ($1, $2, $3, $4, now() + make_interval(secs => $5::double precision))
  on conflict (tenant_id, kind, key) do update set job_id = excluded.job_id, expires_at = excluded.expires_at
  where case when held.expires_at is not null then held.expires_at <= now()
    else not exists (select 1 from worker_jobs j where j.tenant_id = held.tenant_id and j.id = held.job_id
      and j.status in ('scheduled', 'queued', 'running', 'waiting')) end
  returning job_id`
