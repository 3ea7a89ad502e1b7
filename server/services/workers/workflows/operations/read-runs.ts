import type { Ctx } from '../../../../kernel/context.js'
import { type Position, paginate } from '../../../../kernel/pagination.js'
import { workflowErrors } from '../errors.js'
import { listCheckpoints as fetchCheckpoints, findCheckpoint } from '../models/checkpoint.js'
import { listRuns as fetchRuns, findRun, lockRun, type WorkflowRun } from '../models/run.js'
import { listSteps as fetchSteps } from '../models/step.js'
import { openWaits, type Wait } from '../models/wait.js'
import { presentCheckpoint, presentRun, presentStep } from '../present.js'
import type { ListRunsQuery } from '../schemas.js'

interface PageOf {
  limit: number
  cursor?: string | undefined
}

/** A run of the caller's organisation; any other id answers "not found". */
export async function readRun(ctx: Ctx, runId: string): Promise<WorkflowRun> {
  return visible(await findRun(ctx, runId))
}

/** Like readRun, and nobody else changes the run until the transaction ends. */
export async function holdVisibleRun(ctx: Ctx, runId: string): Promise<WorkflowRun> {
  return visible(await lockRun(ctx, runId))
}

/** A run with what it waits for. */
export async function readRunWithWaits(
  ctx: Ctx,
  runId: string,
): Promise<{ run: WorkflowRun; waits: Wait[] }> {
  return { run: await readRun(ctx, runId), waits: await openWaits(ctx, runId) }
}

export function listRuns(ctx: Ctx, query: ListRunsQuery) {
  const filter = { templateId: query.template_id, status: query.status, parentRunId: query.parent_run_id }
  return paginate(
    ctx,
    'workflow-runs',
    query,
    (window) => fetchRuns(ctx, filter, window),
    (run) => presentRun(run),
  )
}

export async function listSteps(ctx: Ctx, runId: string, query: PageOf) {
  await readRun(ctx, runId)
  const list = `workflow-steps ${runId}`
  return paginate(ctx, list, { ...query }, (window) => fetchSteps(ctx, runId, window), presentStep)
}

export async function listCheckpoints(ctx: Ctx, runId: string, query: PageOf) {
  await readRun(ctx, runId)
  const list = `workflow-checkpoints ${runId}`
  const fetchPage = async ({ after, limit }: { after: Position | null; limit: number }) => {
    const before = after && stepIn(after.id)
    const found = await fetchCheckpoints(ctx, runId, { before, limit })
    return found.map((checkpoint) => ({
      checkpoint,
      createdAt: checkpoint.createdAt,
      id: cursorId(checkpoint.step),
    }))
  }
  return paginate(ctx, list, { ...query }, fetchPage, ({ checkpoint }) => presentCheckpoint(checkpoint))
}

/** A step as cursors hold places: LangGraph's own ids are not always UUIDs. */
function cursorId(step: number): string {
  return `00000000-0000-8000-8000-${step.toString(16).padStart(12, '0')}`
}

function stepIn(id: string): number {
  return Number.parseInt(id.slice(-12), 16)
}

export async function readCheckpointOf(ctx: Ctx, runId: string, checkpointId: string) {
  await readRun(ctx, runId)
  const checkpoint = await findCheckpoint(ctx, runId, checkpointId)
  if (!checkpoint) throw new workflowErrors.CheckpointNotFound()
  return checkpoint
}

function visible(run: WorkflowRun | null): WorkflowRun {
  if (!run) throw new workflowErrors.RunNotFound()
  return run
}
