import type { Ctx } from '../../../../kernel/context.js'
import type { WorkflowRun } from '../models/run.js'
import { finishRun } from '../runs/finish-run.js'
import { holdVisibleRun, readRun } from './read-runs.js'

/**
 * Cancels a run at once: from the commit on nothing more of it is kept, and whatever executes it is told to stop. A
 * run that is over stays as it is.
 */
export async function cancelRun(ctx: Ctx, runId: string): Promise<WorkflowRun> {
  const { parentRunId } = await readRun(ctx, runId)
  // Whoever is above is always locked first.
  if (parentRunId) await holdVisibleRun(ctx, parentRunId)
  await finishRun(ctx, runId, { status: 'cancelled' })
  return readRun(ctx, runId)
}
