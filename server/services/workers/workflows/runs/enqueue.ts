import type { EnqueuedJob } from '../../../../jobs/enqueue.js'
import type { Ctx } from '../../../../kernel/context.js'
import type { JobRecord } from '../../../../kernel/define-job.js'
import { kernelErrors } from '../../../../kernel/errors.js'

/** Kinds of job, by the names under which they are queued. */
export const RUN_JOB = 'workflows.run'
export const WAKE_JOB = 'workflows.wake'

/** A wait of a run. */
export interface WaitRef {
  runId: string
  waitId: string
}

/** Enqueues the job that goes on with a run. */
export function enqueueRun(ctx: Ctx, runId: string): Promise<EnqueuedJob> {
  return ctx.enqueue(kindOf<{ run_id: string }>(ctx, RUN_JOB), { run_id: runId })
}

/** Has a wait looked at when its time has come; answers the job that does. */
export async function enqueueWake(ctx: Ctx, { runId, waitId }: WaitRef, runAt: Date): Promise<string> {
  const { id } = await ctx.enqueue(wakeKind(ctx), { run_id: runId, wait_id: waitId }, { runAt })
  return id
}

/** Enqueues a job, and behind it one that answers the wait with how it ended. */
export async function beginJob<P>(
  ctx: Ctx,
  job: JobRecord<P>,
  payload: P,
  { runId, waitId }: WaitRef,
): Promise<{ jobId: string }> {
  const { id } = await ctx.enqueueFlow({
    job: wakeKind(ctx),
    payload: { run_id: runId, wait_id: waitId },
    children: [{ job: job as JobRecord<never>, payload: payload as never, children: [] }],
    onChildFailure: 'continue',
  })
  return { jobId: id }
}

function wakeKind(ctx: Ctx) {
  return kindOf<{ run_id: string; wait_id: string }>(ctx, WAKE_JOB)
}

/** Found by name: these jobs' own code enqueues them too. */
function kindOf<P>(ctx: Ctx, name: string): JobRecord<P> {
  const record = ctx.resources.jobs.kinds.get(name)
  if (!record) throw new kernelErrors.Unavailable({ what: `The kind of job ${name}` })
  return record as JobRecord<P>
}
