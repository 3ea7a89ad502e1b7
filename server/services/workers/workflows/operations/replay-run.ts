import type { Ctx } from '../../../../kernel/context.js'
import { workflowErrors } from '../errors.js'
import { fitTo } from '../graph/json-schema.js'
import type { Graph } from '../graph/schema.js'
import { copyCheckpoint, findCheckpoint, listCheckpoints } from '../models/checkpoint.js'
import type { WorkflowRun } from '../models/run.js'
import { beginRun } from '../runs/begin-run.js'
import { channels } from '../runs/compile.js'
import type { StepState } from '../runs/scope.js'
import { storable } from '../runs/values.js'
import type { ReplayInput } from '../schemas.js'
import { readRun } from './read-runs.js'
import { runnableVersion } from './runnable-version.js'

/**
 * Makes a new run that begins where an old one was: at its newest checkpoint or at any other, with other outputs of
 * steps, another input or another version of the workflow where that is wanted. Steps before it are not run again;
 * the old run stays as it is.
 */
export async function replayRun(ctx: Ctx, runId: string, input: ReplayInput): Promise<WorkflowRun> {
  const old = await readRun(ctx, runId)
  const version = input.version ?? old.version
  const { graph } = await runnableVersion(ctx, old.templateId, version)
  const checkpoint = await chosenCheckpoint(ctx, runId, input.checkpoint_id)
  if (checkpoint && version !== old.version) refuseUnfit(graph, checkpoint.next)
  const fitted = fitTo(graph.input, input.input ?? old.input)
  if ('misfits' in fitted) throw new workflowErrors.InputRefused({ misfits: fitted.misfits })
  const changed = changedValues(checkpoint?.values ?? {}, input.steps)
  const id = await beginRun(ctx, graph, {
    templateId: old.templateId,
    templateName: old.templateName,
    version,
    input: fitted.value as Record<string, unknown>,
    depth: 1,
    parentRunId: null,
    parentWaitId: null,
    replayOf: runId,
    replayedCheckpoint: checkpoint?.id ?? null,
  })
  if (checkpoint) await copyCheckpoint(ctx, { from: runId, to: id, id: checkpoint.id }, changed)
  ctx.auditDetail = { replay_of: runId, checkpoint_id: checkpoint?.id ?? null, version }
  return readRun(ctx, id)
}

/** Null for a run that came to no checkpoint: it begins at its beginning. */
async function chosenCheckpoint(ctx: Ctx, runId: string, wanted: string | undefined) {
  const [newest] = wanted === undefined ? await listCheckpoints(ctx, runId, { before: null, limit: 1 }) : []
  const id = wanted ?? newest?.id
  if (id === undefined) return null
  const checkpoint = await findCheckpoint(ctx, runId, id)
  if (!checkpoint) throw new workflowErrors.CheckpointNotFound()
  return checkpoint
}

/** Another version goes on only with nodes that it has. */
function refuseUnfit(graph: Graph, next: readonly string[]): void {
  const known = new Set(graph.nodes.map(({ id }) => id))
  const missing = next.filter((id) => !known.has(id))
  if (missing.length > 0) throw new workflowErrors.VersionUnfit({ nodes: missing })
}

function changedValues(
  values: Record<string, unknown>,
  outputs: Record<string, unknown>,
): Record<string, StepState> {
  return Object.fromEntries(
    Object.entries(outputs).map(([id, output]) => {
      const channel = channels.out(id)
      if (!Object.hasOwn(values, channel)) throw new workflowErrors.ChangeRefused({ step: id })
      return [channel, { status: 'succeeded', output: storable(output), error: null }]
    }),
  )
}
