import type { Ctx } from '../../../kernel/context.js'

/** A queue's pause, where it has one. */
export type QueuePause = { name: string; pausedAt: Date | null; reason: string | null }

/** Queues that were ever paused. */
export function listPauses(ctx: Ctx): Promise<QueuePause[]> {
  return ctx.db.query<QueuePause>({
    name: 'workers-list-pauses',
    text: 'select name, paused_at as "pausedAt", reason from job_queues',
  })
}

export type QueueCount = {
  queue: string
  status: 'scheduled' | 'queued' | 'running' | 'waiting'
  count: number
  oldest: Date | null
}

/** Unsettled jobs by queue and status: of one tenant, or of all where none is given (a system transaction then). */
export function countUnsettled(ctx: Ctx, tenantId: string | null): Promise<QueueCount[]> {
  return ctx.db.query<QueueCount>({
    text: `select queue, status, count(*) as count, min(run_at) filter (where status = 'queued') as oldest
      from worker_jobs where status in ('scheduled', 'queued', 'running', 'waiting')
        and ($1::uuid is null or tenant_id = $1)
      group by 1, 2`,
    values: [tenantId],
  })
}

/** Pauses a queue, or lets it go on. Needs a system transaction. */
export async function setPause(
  ctx: Ctx,
  name: string,
  pause: { by: string; reason: string | null } | null,
): Promise<void> {
  await ctx.db.execute({
    name: 'workers-set-pause',
    text: `insert into job_queues (name, paused_at, paused_by, reason)
      values ($1, case when $2 then now() end, $3, $4)
      on conflict (name) do update set paused_by = excluded.paused_by, reason = excluded.reason,
        paused_at = case when $2 then coalesce(job_queues.paused_at, now()) end`,
    values: [name, pause !== null, pause?.by ?? null, pause?.reason ?? null],
  })
}
