import { defineJob } from '../../../kernel/define-job.js'
import { nothing } from '../../../kernel/schema.js'
import type { Database } from '../../../storage/database.js'

/** Rows one run removes at most of each table, so that no run takes long. */
const ROWS_MAX = 20_000

/** Removes settled jobs past their kind's time, with what hangs on them, and keys and rates that mean nothing any more. */
export const forgetSettled = defineJob({
  name: 'workers.forget-settled',
  payload: nothing,
  attempts: 1,
  timeoutMs: 120_000,
  safeToRepeat: 'deletes only what is past its time',
  period: { everySeconds: 600 },
  run: async (ctx) => {
    const kinds = [...ctx.resources.jobs.kinds.values()]
    let removed = 0
    await ctx.system('jobs of all tenants grow old', async () => {
      removed = await forgetJobs(ctx.db, kinds)
      await ctx.db.execute({
        text: `delete from job_keys k where k.ctid = any(array(select h.ctid from job_keys h
            where coalesce(h.expires_at < now(), not exists (select 1 from worker_jobs j
              where j.tenant_id = h.tenant_id and j.id = h.job_id
                and j.status in ('scheduled', 'queued', 'running', 'waiting'))) limit ${ROWS_MAX}))`,
      })
      await ctx.db.execute({ text: "delete from job_rates where window_start < now() - interval '2 days'" })
    })
    return { removed }
  },
})

interface Kept {
  name: string
  retention: { succeededS: number; failedS: number }
}

/** Kinds that no longer exist are kept for a day and a month, like most. Waiting parents keep their children. */
async function forgetJobs(db: Database, kinds: readonly Kept[]): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: `with old as materialized (
        select j.tenant_id, j.id from worker_jobs j
          left join unnest($1::text[], $2::integer[], $3::integer[]) k (kind, succeeded_s, failed_s) on k.kind = j.kind
        where j.created_at < now() - make_interval(secs => $4) and j.status in ('succeeded', 'failed', 'cancelled')
          and j.finished_at < now() - make_interval(secs => case when j.status = 'succeeded'
            then coalesce(k.succeeded_s, 86400) else coalesce(k.failed_s, 2592000) end)
          and not exists (select 1 from worker_jobs p where p.tenant_id = j.tenant_id and p.id = j.parent_id
            and p.status in ('waiting', 'queued', 'scheduled', 'running'))
        limit ${ROWS_MAX}),
      attempts as (delete from job_attempts a using old o where a.tenant_id = o.tenant_id and a.job_id = o.id),
      lines as (delete from job_logs l using old o where l.tenant_id = o.tenant_id and l.job_id = o.id),
      letters as (delete from dead_letters d using old o where d.tenant_id = o.tenant_id and d.job_id = o.id),
      gone as (delete from worker_jobs j using old o where j.tenant_id = o.tenant_id and j.id = o.id returning 1)
      select count(*) as count from gone`,
    values: [
      kinds.map(({ name }) => name),
      kinds.map(({ retention }) => retention.succeededS),
      kinds.map(({ retention }) => retention.failedS),
      Math.min(86_400, ...kinds.map(({ retention }) => Math.min(retention.succeededS, retention.failedS))),
    ],
  })
  return rows[0]?.count ?? 0
}
