import type { Ctx } from '../../../../kernel/context.js'
import type { Position } from '../../../../kernel/pagination.js'

/** A workflow under a name: a draft that may change, and versions that do not. */
export interface WorkflowTemplate {
  id: string
  name: string
  description: string
  /** Anything that is JSON: it is checked when it is published. */
  draft: Record<string, unknown>
  publishedVersion: number | null
  /** The shipped workflow it was made from. */
  origin: string | null
  createdBy: string
  createdAt: Date
  updatedAt: Date
}

export type NewTemplate = Pick<
  WorkflowTemplate,
  'id' | 'name' | 'description' | 'draft' | 'origin' | 'createdBy'
>

const COLUMNS = `
  id, name, description, draft, published_version as "publishedVersion", origin, created_by as "createdBy",
  created_at as "createdAt", updated_at as "updatedAt"`

type Row = WorkflowTemplate & Record<string, unknown>

/** Stores a template; false where another has the name. */
export async function insertTemplate(ctx: Ctx, template: NewTemplate): Promise<boolean> {
  const made = await ctx.db.execute({
    name: 'workflows-insert-template',
    text: `insert into workflow_templates (tenant_id, id, name, description, draft, origin, created_by)
      values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, name) do nothing`,
    values: [
      ...[ctx.tenant.id, template.id, template.name, template.description],
      ...[JSON.stringify(template.draft), template.origin, template.createdBy],
    ],
  })
  return made > 0
}

export async function findTemplate(ctx: Ctx, templateId: string): Promise<WorkflowTemplate | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-find-template',
    text: `select ${COLUMNS} from workflow_templates where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, templateId],
  })
  return row ?? null
}

/** Like findTemplate, and nobody else changes or publishes it until the transaction ends. */
export async function lockTemplate(ctx: Ctx, templateId: string): Promise<WorkflowTemplate | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-lock-template',
    text: `select ${COLUMNS} from workflow_templates where tenant_id = $1 and id = $2 for update`,
    values: [ctx.tenant.id, templateId],
  })
  return row ?? null
}

export async function findTemplateByName(ctx: Ctx, name: string): Promise<WorkflowTemplate | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-find-template-by-name',
    text: `select ${COLUMNS} from workflow_templates where tenant_id = $1 and name = $2`,
    values: [ctx.tenant.id, name],
  })
  return row ?? null
}

export async function listTemplates(
  ctx: Ctx,
  filter: { name?: string | undefined },
  window: { after: Position | null; limit: number },
): Promise<WorkflowTemplate[]> {
  return ctx.db.query<Row>({
    name: 'workflows-list-templates',
    text: `select ${COLUMNS} from workflow_templates where tenant_id = $1
        and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        and ($4::text is null or name = $4)
      order by created_at desc, id desc limit $5`,
    values: [
      ...[ctx.tenant.id, window.after?.createdAt ?? null, window.after?.id ?? null],
      ...[filter.name ?? null, window.limit],
    ],
  })
}

/** Templates a tenant has, counted up to `count`; others who make some wait until the transaction ends. */
export async function hasTemplates(ctx: Ctx, count: number): Promise<boolean> {
  await ctx.db.query({
    name: 'workflows-lock-template-count',
    text: "select pg_advisory_xact_lock(hashtextextended('workflow templates of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'workflows-count-templates',
    text: 'select count(*) as count from workflow_templates where tenant_id = $1',
    values: [ctx.tenant.id],
  })
  return (row?.count ?? 0) >= count
}

/** Changes what is given; false where another template has the name. */
export async function changeTemplate(
  ctx: Ctx,
  templateId: string,
  changes: { name?: string | undefined; description?: string | undefined; draft?: object | undefined },
): Promise<boolean> {
  const changed = await ctx.db.execute({
    name: 'workflows-change-template',
    text: `update workflow_templates t set name = coalesce($3, name), description = coalesce($4, description),
        draft = coalesce($5::json, draft)
      where tenant_id = $1 and id = $2 and ($3::text is null or not exists (
        select 1 from workflow_templates o where o.tenant_id = $1 and o.name = $3 and o.id <> $2))`,
    values: [
      ...[ctx.tenant.id, templateId, changes.name ?? null, changes.description ?? null],
      changes.draft === undefined ? null : JSON.stringify(changes.draft),
    ],
  })
  return changed > 0
}

/** Removes a template and its versions; runs stay. */
export async function removeTemplate(ctx: Ctx, templateId: string): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-remove-template',
    text: 'delete from workflow_templates where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, templateId],
  })
}
