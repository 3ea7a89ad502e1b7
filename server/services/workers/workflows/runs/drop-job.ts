import type { Ctx } from '../../../../kernel/context.js'
import { askToStop, cancelUnbegun } from '../../models/job.js'

/** Cancels a job that a run no longer waits for, with all below it. Needs an open transaction. */
export async function dropJob(ctx: Ctx, jobId: string): Promise<void> {
  const tenantId = ctx.tenant.id
  const cancelled = await cancelUnbegun(ctx, tenantId, jobId)
  const asked = await askToStop(ctx, tenantId, jobId)
  ctx.afterCommit(() => {
    for (const id of asked) ctx.resources.jobs.cancel(id)
    ctx.resources.jobs.changed(cancelled.map((id) => ({ tenantId, id })))
  })
}
