import type { Ctx } from '../../../../kernel/context.js'
import { isUuid } from '../../../../kernel/ids.js'
import { workflowErrors } from '../errors.js'
import { fitTo } from '../graph/json-schema.js'
import type { WorkflowRun } from '../models/run.js'
import { findTemplate, findTemplateByName } from '../models/template.js'
import { beginRun } from '../runs/begin-run.js'
import type { StartRunInput } from '../schemas.js'
import { readRun } from './read-runs.js'
import { runnableVersion } from './runnable-version.js'

/** Starts a run of a published version, which it keeps whatever is published later. The input fits its schema. */
export async function startRun(
  ctx: Ctx,
  { template: wanted, version, input }: StartRunInput,
): Promise<WorkflowRun> {
  const template = isUuid(wanted) ? await findTemplate(ctx, wanted) : await findTemplateByName(ctx, wanted)
  if (!template) throw new workflowErrors.TemplateNotFound()
  const number = version ?? template.publishedVersion
  if (number === null) throw new workflowErrors.NotPublished()
  const { graph } = await runnableVersion(ctx, template.id, number)
  const fitted = fitTo(graph.input, input)
  if ('misfits' in fitted) throw new workflowErrors.InputRefused({ misfits: fitted.misfits })
  const id = await beginRun(ctx, graph, {
    templateId: template.id,
    templateName: template.name,
    version: number,
    input: fitted.value as Record<string, unknown>,
    depth: 1,
    parentRunId: null,
    parentWaitId: null,
    replayOf: null,
    replayedCheckpoint: null,
  })
  ctx.auditDetail = { template: template.name, version: number }
  return readRun(ctx, id)
}
