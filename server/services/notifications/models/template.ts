import type { Ctx } from '../../../kernel/context.js'
import type { MessageWords, WordedChannel } from '../../../messages/message-words.js'
import type { Variables } from '../../../messages/variables.js'

/** What a message of the tenant's own is, apart from its words. */
export interface OwnMessage {
  name: string
  description: string | null
  category: string
  critical: boolean
  variables: Variables
}

/** Words by locale, as they are being written. */
export type Draft = Readonly<Record<string, MessageWords>>

/** Which channels have words, by locale. */
export type Coverage = Readonly<Record<string, readonly WordedChannel[]>>

/** A template that a tenant changed or made. */
export interface Template {
  key: string
  /** Null where the message is shipped and only its words are the tenant's. */
  own: OwnMessage | null
  draftAt: Date | null
  draftBy: string | null
  drafted: Coverage
  publishedVersion: number | null
  published: Coverage
  lastVersion: number
  createdAt: Date
  updatedAt: Date
}

/** With the words of its draft, which are long. */
export interface TemplateWithDraft extends Template {
  draft: Draft | null
}

interface Row extends Record<string, unknown>, Omit<TemplateWithDraft, 'own'> {
  name: string | null
  description: string | null
  category: string | null
  critical: boolean | null
  variables: Variables | null
}

const COLUMNS = `t.key, t.name, t.description, t.category, t.critical, t.variables, t.draft_at as "draftAt",
  t.draft_by as "draftBy", t.published_version as "publishedVersion", t.last_version as "lastVersion",
  t.created_at as "createdAt", t.updated_at as "updatedAt",
  (select coalesce(jsonb_object_agg(d.key, (select jsonb_agg(k) from jsonb_object_keys(d.value) k)), '{}')
   from jsonb_each(t.draft) d) as drafted,
  (select coalesce(jsonb_object_agg(x.locale, (select jsonb_agg(k) from jsonb_object_keys(x.words) k)), '{}')
   from notification_template_versions v join notification_template_texts x
     on x.tenant_id = v.tenant_id and x.version_id = v.id
   where v.tenant_id = t.tenant_id and v.template_key = t.key and v.version = t.published_version) as published`

/** The templates of the caller's tenant, by key; at most `limit`. */
export async function listTemplateRows(ctx: Ctx, limit: number): Promise<Template[]> {
  const rows = await ctx.db.query<Row>({
    name: 'templates-list',
    text: `select ${COLUMNS} from notification_templates t where t.tenant_id = $1 order by t.key collate "C" limit $2`,
    values: [ctx.tenant.id, limit],
  })
  return rows.map(fromRow)
}

/** The template of this key in the caller's tenant, or null. */
export async function findTemplateRow(ctx: Ctx, key: string): Promise<TemplateWithDraft | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'templates-find',
    text: `select ${COLUMNS}, t.draft from notification_templates t where t.tenant_id = $1 and t.key = $2`,
    values: [ctx.tenant.id, key],
  })
  return row ? fromRow(row) : null
}

/** Like findTemplateRow, and keeps others from changing it until the transaction ends. */
export async function lockTemplateRow(ctx: Ctx, key: string): Promise<TemplateWithDraft | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'templates-lock',
    text: `select ${COLUMNS}, t.draft from notification_templates t where t.tenant_id = $1 and t.key = $2 for update`,
    values: [ctx.tenant.id, key],
  })
  return row ? fromRow(row) : null
}

/** Adds a template without words; false where the key is taken. */
export async function insertTemplate(ctx: Ctx, key: string, own: OwnMessage | null): Promise<boolean> {
  const added = await ctx.db.execute({
    name: 'templates-insert',
    text: `insert into notification_templates (tenant_id, key, name, description, category, critical, variables)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, key) do nothing`,
    values: [ctx.tenant.id, key, ...ownValues(own)],
  })
  return added === 1
}

/** Replaces what a message of the tenant's own is. */
export async function updateOwn(ctx: Ctx, key: string, own: OwnMessage): Promise<void> {
  await ctx.db.execute({
    name: 'templates-update-own',
    text: `update notification_templates set name = $3, description = $4, category = $5, critical = $6, variables = $7
           where tenant_id = $1 and key = $2`,
    values: [ctx.tenant.id, key, ...ownValues(own)],
  })
}

/** Replaces the draft; null takes it away. */
export async function updateDraft(ctx: Ctx, key: string, draft: Draft | null): Promise<void> {
  await ctx.db.execute({
    name: 'templates-update-draft',
    text: `update notification_templates set draft = $3, draft_at = $4, draft_by = $5
           where tenant_id = $1 and key = $2`,
    values: [
      ...[ctx.tenant.id, key, draft && JSON.stringify(draft)],
      ...(draft ? [ctx.now(), `${ctx.principal.kind}:${ctx.principal.id}`] : [null, null]),
    ],
  })
}

/** Says which version is sent; null: none. */
export async function pointTo(ctx: Ctx, key: string, version: number | null): Promise<void> {
  await ctx.db.execute({
    name: 'templates-point',
    text: `update notification_templates set published_version = $3::integer,
             last_version = greatest(last_version, coalesce($3::integer, 0))
           where tenant_id = $1 and key = $2`,
    values: [ctx.tenant.id, key, version],
  })
}

/** Removes a template with all its versions. */
export async function deleteTemplateRow(ctx: Ctx, key: string): Promise<void> {
  await ctx.db.execute({
    name: 'templates-delete',
    text: 'delete from notification_templates where tenant_id = $1 and key = $2',
    values: [ctx.tenant.id, key],
  })
}

/** How many templates the tenant has; others who add some wait until the transaction ends, so that it stays true. */
export async function countTemplates(ctx: Ctx): Promise<number> {
  await ctx.db.query({
    name: 'templates-count-lock',
    text: "select pg_advisory_xact_lock(hashtextextended('notification templates of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'templates-count',
    text: 'select count(*) as count from notification_templates where tenant_id = $1',
    values: [ctx.tenant.id],
  })
  return row?.count ?? 0
}

function ownValues(own: OwnMessage | null): unknown[] {
  if (!own) return [null, null, null, null, null]
  const { name, description, category, critical, variables } = own
  return [name, description, category, critical, JSON.stringify(variables)]
}

function fromRow({ name, description, category, critical, variables, ...row }: Row): TemplateWithDraft {
  const isOwn = name !== null && category !== null && critical !== null && variables !== null
  return { ...row, own: isOwn ? { name, description, category, critical, variables } : null }
}
