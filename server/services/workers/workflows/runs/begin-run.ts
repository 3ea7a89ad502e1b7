import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import { fitTo } from '../graph/json-schema.js'
import type { Graph } from '../graph/schema.js'
import { DEPTH_MAX } from '../limits.js'
import { insertRun, type NewRun } from '../models/run.js'
import { findVersionsByName } from '../models/version.js'
import { StepFailure } from '../nodes/step.js'
import { enqueueRun } from './enqueue.js'
import { PublishedVersion } from './published.js'

type Beginning = Omit<NewRun, 'id' | 'jobId' | 'createdBy' | 'timeoutS'>

/** Stores a run with the job that begins it, in the open transaction; answers its id. */
export async function beginRun(ctx: Ctx, graph: Graph, run: Beginning): Promise<string> {
  const id = newId()
  const job = await enqueueRun(ctx, id)
  const { kind, id: actor } = ctx.principal
  await insertRun(ctx, {
    ...run,
    id,
    jobId: job.id,
    createdBy: `${kind}:${actor}`,
    timeoutS: graph.limits.timeout_s,
  })
  return id
}

/** Begins a run that a step of another waits for; answers its id. */
export async function beginSubRun(
  ctx: Ctx,
  { template, version, input }: { template: string; version: number; input: Record<string, unknown> },
  parent: { runId: string; waitId: string; depth: number },
): Promise<string> {
  if (parent.depth >= DEPTH_MAX)
    throw new StepFailure('too_deep', `Workflows run in each other ${DEPTH_MAX} deep at most.`)
  const [found] = await findVersionsByName(ctx, [{ template, version }])
  if (!found)
    throw new StepFailure('unknown_version', `"${template}" has no published version ${version} any more.`)
  const { graph } = new PublishedVersion(found.graph)
  const fitted = fitTo(graph.input, input)
  if ('misfits' in fitted) {
    const [first] = fitted.misfits
    throw new StepFailure(
      'invalid_input',
      `The input does not fit: ${first?.pointer ?? ''} ${first?.message ?? ''}`,
    )
  }
  return beginRun(ctx, graph, {
    templateId: found.templateId,
    templateName: found.name,
    version,
    input: fitted.value as Record<string, unknown>,
    depth: parent.depth + 1,
    parentRunId: parent.runId,
    parentWaitId: parent.waitId,
    replayOf: null,
    replayedCheckpoint: null,
  })
}
