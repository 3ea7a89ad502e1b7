import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import type { Position } from '../../../../kernel/pagination.js'

/** A published version: it never changes. */
export interface WorkflowVersion {
  id: string
  templateId: string
  number: number
  graph: Record<string, unknown>
  depth: number
  note: string | null
  /** The version it repeats, where an old one was published again. */
  restoredFrom: number | null
  publishedBy: string
  createdAt: Date
}

const COLUMNS = `
  id, template_id as "templateId", number, graph, depth, note, restored_from as "restoredFrom",
  published_by as "publishedBy", created_at as "createdAt"`

type Row = WorkflowVersion & Record<string, unknown>

/** Stores the next version of a template and makes it the one that runs get. The template must be locked. */
export async function insertVersion(
  ctx: Ctx,
  version: Omit<WorkflowVersion, 'id' | 'number' | 'createdAt'>,
): Promise<number> {
  const [row] = await ctx.db.query<{ number: number }>({
    name: 'workflows-insert-version',
    text: `insert into workflow_versions (tenant_id, id, template_id, number, graph, depth, note, restored_from, published_by)
      select $1, $8, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7 from workflow_versions
      where tenant_id = $1 and template_id = $2 returning number`,
    values: [
      ...[ctx.tenant.id, version.templateId, JSON.stringify(version.graph), version.depth, version.note],
      ...[version.restoredFrom, version.publishedBy, newId()],
    ],
  })
  const number = row?.number ?? 0
  await ctx.db.execute({
    name: 'workflows-set-published',
    text: 'update workflow_templates set published_version = $3 where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, version.templateId, number],
  })
  return number
}

export async function findVersion(
  ctx: Ctx,
  templateId: string,
  number: number,
): Promise<WorkflowVersion | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-find-version',
    text: `select ${COLUMNS} from workflow_versions where tenant_id = $1 and template_id = $2 and number = $3`,
    values: [ctx.tenant.id, templateId, number],
  })
  return row ?? null
}

/** Published versions named by their template's name and their number. */
export async function findVersionsByName(
  ctx: Ctx,
  wanted: readonly { template: string; version: number }[],
): Promise<(WorkflowVersion & { name: string })[]> {
  return ctx.db.query<Row & { name: string }>({
    name: 'workflows-find-versions-by-name',
    text: `select t.name, v.id, v.template_id as "templateId", v.number, v.graph, v.depth, v.note,
        v.restored_from as "restoredFrom", v.published_by as "publishedBy", v.created_at as "createdAt"
      from unnest($2::text[], $3::integer[]) w (name, number)
        join workflow_templates t on t.tenant_id = $1 and t.name = w.name
        join workflow_versions v on v.tenant_id = $1 and v.template_id = t.id and v.number = w.number`,
    values: [ctx.tenant.id, wanted.map(({ template }) => template), wanted.map(({ version }) => version)],
  })
}

export async function listVersions(
  ctx: Ctx,
  templateId: string,
  window: { after: Position | null; limit: number },
): Promise<WorkflowVersion[]> {
  return ctx.db.query<Row>({
    name: 'workflows-list-versions',
    text: `select ${COLUMNS} from workflow_versions
      where tenant_id = $1 and template_id = $2
        and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
      order by created_at desc, id desc limit $5`,
    values: [
      ctx.tenant.id,
      templateId,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      window.limit,
    ],
  })
}
