import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import { paginate } from '../../../../kernel/pagination.js'
import { readCatalogue } from '../catalogue.js'
import { workflowErrors } from '../errors.js'
import { hasOpenRunsOf } from '../models/run.js'
import {
  changeTemplate,
  listTemplates as fetchTemplates,
  findTemplate,
  hasTemplates,
  insertTemplate,
  lockTemplate,
  removeTemplate,
  type WorkflowTemplate,
} from '../models/template.js'
import { presentTemplate } from '../present.js'
import type { CreateTemplateInput, UpdateTemplateInput } from '../schemas.js'
import { actorOf } from './actor.js'

/** Templates an organisation may have. */
export const TEMPLATES_MAX = 1_000

/** Makes a template with a draft, which need not be sound yet. */
export async function createTemplate(ctx: Ctx, input: CreateTemplateInput): Promise<WorkflowTemplate> {
  if (await hasTemplates(ctx, TEMPLATES_MAX))
    throw new workflowErrors.TooManyTemplates({ limit: TEMPLATES_MAX })
  const shipped = input.from === undefined ? undefined : await shippedWorkflow(input.from)
  const id = newId()
  const isNew = await insertTemplate(ctx, {
    id,
    name: input.name,
    description: input.description ?? shipped?.description ?? '',
    draft: input.graph ?? shipped?.graph ?? {},
    origin: shipped?.name ?? null,
    createdBy: actorOf(ctx),
  })
  if (!isNew) throw new workflowErrors.NameTaken({ name: input.name })
  ctx.auditDetail = { name: input.name }
  return visible(await findTemplate(ctx, id))
}

/** A template of the caller's organisation; any other id answers "not found". */
export async function readTemplate(ctx: Ctx, templateId: string): Promise<WorkflowTemplate> {
  return visible(await findTemplate(ctx, templateId))
}

export function listTemplates(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; name?: string | undefined },
) {
  const filter = { name: query.name }
  return paginate(
    ctx,
    'workflow-templates',
    query,
    (window) => fetchTemplates(ctx, filter, window),
    presentTemplate,
  )
}

/** Changes name, description or draft; published versions and their runs stay as they are. */
export async function updateTemplate(
  ctx: Ctx,
  templateId: string,
  { name, description, graph }: UpdateTemplateInput,
): Promise<WorkflowTemplate> {
  visible(await lockTemplate(ctx, templateId))
  const isChanged = await changeTemplate(ctx, templateId, { name, description, draft: graph })
  if (!isChanged) throw new workflowErrors.NameTaken({ name: name ?? '' })
  ctx.auditDetail = {
    fields: Object.keys({ name, description, graph }).filter(
      (_, i) => [name, description, graph][i] !== undefined,
    ),
  }
  return visible(await findTemplate(ctx, templateId))
}

/** Deletes a template and its versions. Its runs stay readable; while one is under way nothing is deleted. */
export async function deleteTemplate(ctx: Ctx, templateId: string): Promise<void> {
  const template = visible(await lockTemplate(ctx, templateId))
  if (await hasOpenRunsOf(ctx, templateId)) throw new workflowErrors.TemplateInUse()
  await removeTemplate(ctx, templateId)
  ctx.auditDetail = { name: template.name }
}

async function shippedWorkflow(name: string) {
  const found = (await readCatalogue()).find((entry) => entry.name === name)
  if (!found) throw new workflowErrors.UnknownOrigin({ name })
  return found
}

function visible(template: WorkflowTemplate | null): WorkflowTemplate {
  if (!template) throw new workflowErrors.TemplateNotFound()
  return template
}
