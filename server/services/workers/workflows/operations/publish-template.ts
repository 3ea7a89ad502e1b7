import type { Ctx } from '../../../../kernel/context.js'
import { paginate } from '../../../../kernel/pagination.js'
import { workflowErrors } from '../errors.js'
import { type Difference, diffGraphs } from '../graph/diff-graphs.js'
import { drawMermaid } from '../graph/draw.js'
import { type Graph, graphDocument } from '../graph/schema.js'
import { lockTemplate } from '../models/template.js'
import {
  listVersions as fetchVersions,
  findVersion,
  insertVersion,
  type WorkflowVersion,
} from '../models/version.js'
import { presentVersion } from '../present.js'
import type { PublishInput } from '../schemas.js'
import { actorOf } from './actor.js'
import { checkInTenant } from './check-template.js'
import { readTemplate } from './manage-templates.js'

/**
 * Publishes the draft, or an old version again, as the next version. Only a graph without any problem is published,
 * and only by somebody who may do everything that it does: whoever starts it later acts on that.
 */
export async function publishTemplate(
  ctx: Ctx,
  templateId: string,
  input: PublishInput,
): Promise<WorkflowVersion> {
  const template = await lockTemplate(ctx, templateId)
  if (!template) throw new workflowErrors.TemplateNotFound()
  const { from_version: from } = input
  const source = from === undefined ? template.draft : (await readVersion(ctx, templateId, from)).graph
  const checked = await checkInTenant(ctx, source)
  if (!('graph' in checked)) throw new workflowErrors.NotSound({ problems: checked.problems })
  authorizeAll(ctx, checked.graph)
  const number = await insertVersion(ctx, {
    templateId,
    graph: source,
    depth: checked.depth,
    note: input.note ?? null,
    restoredFrom: from ?? null,
    publishedBy: actorOf(ctx),
  })
  ctx.auditDetail = {
    name: template.name,
    version: number,
    ...(from === undefined ? {} : { from_version: from }),
  }
  return readVersion(ctx, templateId, number)
}

/** A workflow does what its publisher may do: enqueue those jobs, send notifications. */
function authorizeAll(ctx: Ctx, graph: Graph): void {
  for (const node of graph.nodes) {
    if (node.type === 'notification') ctx.authorize('notifications.send')
    if (node.type !== 'job') continue
    ctx.authorize('workers.jobs.create')
    const permission = ctx.resources.jobs.kinds.get(node.config.kind)?.exposed?.permission
    if (permission) ctx.authorize(permission)
  }
}

/** A published version of a template of the caller's organisation. */
export async function readVersion(ctx: Ctx, templateId: string, number: number): Promise<WorkflowVersion> {
  const version = await findVersion(ctx, templateId, number)
  if (version) return version
  await readTemplate(ctx, templateId)
  throw new workflowErrors.VersionNotFound()
}

export async function listVersions(
  ctx: Ctx,
  templateId: string,
  query: { limit: number; cursor?: string | undefined },
) {
  await readTemplate(ctx, templateId)
  const list = `workflow-versions ${templateId}`
  return paginate(ctx, list, query, (window) => fetchVersions(ctx, templateId, window), presentVersion)
}

/** What a version changed, against the one before unless another is named. */
export async function diffVersion(
  ctx: Ctx,
  templateId: string,
  number: number,
  against: number | undefined,
): Promise<{ from: number | null; to: number; differences: Difference[] }> {
  const version = await readVersion(ctx, templateId, number)
  const from = against ?? (number > 1 ? number - 1 : null)
  const before = from === null ? {} : (await readVersion(ctx, templateId, from)).graph
  return { from, to: number, differences: diffGraphs(before, version.graph) }
}

/** A picture of the draft or of a version. */
export async function drawTemplate(
  ctx: Ctx,
  templateId: string,
  number: number | undefined,
): Promise<string> {
  const { draft } = await readTemplate(ctx, templateId)
  const source = number === undefined ? draft : (await readVersion(ctx, templateId, number)).graph
  const parsed = graphDocument.safeParse(source)
  if (!parsed.success) throw new workflowErrors.NotDrawable()
  return drawMermaid(parsed.data)
}
