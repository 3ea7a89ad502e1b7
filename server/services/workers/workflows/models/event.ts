import type { Ctx } from '../../../../kernel/context.js'

/** Something that happened in a run; sequences of a run have no gaps. */
export interface RunEvent {
  sequence: number
  type: string
  step: string | null
  iteration: string | null
  data: Record<string, unknown>
  createdAt: Date
}

/** Events of a run after a sequence, oldest first, in one read of their own. */
export async function readEvents(ctx: Ctx, runId: string, after: number, limit: number): Promise<RunEvent[]> {
  return ctx.db.readTenant<RunEvent & Record<string, unknown>>(ctx.tenant.id, {
    name: 'workflows-read-events',
    text: `select sequence, type, step, iteration, data, created_at as "createdAt" from workflow_events
      where tenant_id = ctx.t::uuid and run_id = $2 and sequence > $3 order by sequence limit $4`,
    values: [runId, after, limit],
  })
}

/** Adds an event to a run. The run must be locked. */
export async function addEvent(
  ctx: Ctx,
  runId: string,
  event: { type: string; step?: string; iteration?: string; data?: Record<string, unknown> },
): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-add-event',
    text: `with counted as (update workflow_runs set event_count = event_count + 1 where tenant_id = $1 and id = $2
        returning event_count)
      insert into workflow_events (tenant_id, run_id, sequence, type, step, iteration, data)
      select $1, $2, event_count, $3, $4, $5, $6::json from counted`,
    values: [
      ...[ctx.tenant.id, runId, event.type, event.step ?? null, event.iteration ?? null],
      JSON.stringify(event.data ?? {}),
    ],
  })
}
