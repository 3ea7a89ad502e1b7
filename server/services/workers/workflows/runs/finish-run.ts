import type { Ctx } from '../../../../kernel/context.js'
import { dropOpenWork, endRun, type RunEnd } from '../models/run.js'
import { dropJob } from './drop-job.js'
import { answerWait, RUN_STOPPED_TOPIC, tellFollowers } from './wake.js'

/**
 * Ends a run, exactly once: what it still waited for is given up, its sub-workflows end with it, and a run that waits
 * for it goes on. False where it was over already.
 */
export async function finishRun(
  ctx: Ctx,
  runId: string,
  end: RunEnd | { status: 'cancelled' },
): Promise<boolean> {
  const run = await endRun(ctx, runId, end)
  if (!run) return false
  // A run that succeeded waits for nothing any more.
  const left = end.status === 'succeeded' ? [] : await dropOpenWork(ctx, runId)
  for (const { jobId, childRunId } of left) {
    if (jobId) await dropJob(ctx, jobId)
    if (childRunId) await finishRun(ctx, childRunId, { status: 'cancelled' })
  }
  await ctx.emit('workers.workflow_run.finished', {
    runId,
    templateId: run.templateId,
    template: run.templateName,
    version: run.version,
    status: end.status,
    code: end.status === 'failed' ? end.code : null,
  })
  const { parentRunId, parentWaitId } = run
  if (parentRunId && parentWaitId)
    await answerWait(ctx, { runId: parentRunId, waitId: parentWaitId }, answerOf(runId, end), null)
  const tookMs = (run.finishedAt ?? run.createdAt).getTime() - run.createdAt.getTime()
  ctx.afterCommit(() => {
    ctx.metrics.workflowRuns.observe({ outcome: end.status }, tookMs / 1_000)
    ctx.bus.publish(RUN_STOPPED_TOPIC, runId)
  })
  tellFollowers(ctx, runId)
  return true
}

/** What the run that waits for this one gets. */
function answerOf(runId: string, end: RunEnd | { status: 'cancelled' }) {
  if (end.status === 'succeeded') return { value: end.output }
  if (end.status === 'cancelled')
    return { code: 'workflow_cancelled', message: `The workflow run ${runId} was cancelled.` }
  return { code: 'workflow_failed', message: `The workflow run ${runId} failed: ${end.message}` }
}
