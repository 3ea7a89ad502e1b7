import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { CompiledWords, MessageWords } from '../../../messages/message-words.js'
import type { Variables } from '../../../messages/variables.js'
import type { Database } from '../../../storage/database.js'
import type { Coverage } from './template.js'

/** What was published once. It never changes. */
export interface TemplateVersion {
  id: string
  version: number
  /** Of a message of the tenant's own, as they were when it was published; null for one that is shipped. */
  category: string | null
  critical: boolean | null
  variables: Variables | null
  note: string | null
  publishedBy: string
  createdAt: Date
  locales: string[]
}

/** A version about to be stored, with its words. */
export interface NewVersion extends Omit<TemplateVersion, 'id' | 'createdAt' | 'locales'> {
  templateKey: string
  texts: { locale: string; words: MessageWords; compiled: CompiledWords }[]
}

/** What sending has to know of a template: the version that is published, and which words it has. */
export interface PublishedVersion {
  id: string
  version: number
  category: string | null
  critical: boolean | null
  variables: Variables | null
  channels: Coverage
}

type Row = TemplateVersion & Record<string, unknown>

const COLUMNS = `v.id, v.version, v.category, v.critical, v.variables, v.note, v.published_by as "publishedBy",
  v.created_at as "createdAt", array(select x.locale from notification_template_texts x
    where x.tenant_id = v.tenant_id and x.version_id = v.id order by x.locale) as locales`

/** Stores a version and its words; answers its id. */
export async function insertVersion(ctx: Ctx, version: NewVersion): Promise<string> {
  const id = newId()
  const { templateKey, version: number, category, critical, variables, note, publishedBy, texts } = version
  await ctx.db.execute({
    name: 'template-versions-insert',
    text: `insert into notification_template_versions
             (tenant_id, id, template_key, version, category, critical, variables, note, published_by)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      ...[ctx.tenant.id, id, templateKey, number, category, critical],
      ...[variables && JSON.stringify(variables), note, publishedBy],
    ],
  })
  await ctx.db.execute({
    name: 'template-texts-insert',
    text: `insert into notification_template_texts (tenant_id, version_id, locale, words, compiled)
           select $1, $2, x.locale, x.words, x.compiled
           from jsonb_to_recordset($3) as x (locale text, words jsonb, compiled jsonb)`,
    values: [ctx.tenant.id, id, JSON.stringify(texts)],
  })
  return id
}

/** A page of the versions of a template, newest first. */
export function listVersions(
  ctx: Ctx,
  key: string,
  { after, limit }: { after: Position | null; limit: number },
): Promise<TemplateVersion[]> {
  return ctx.db.query<Row>({
    name: 'template-versions-list',
    text: `select ${COLUMNS} from notification_template_versions v
           where v.tenant_id = $1 and v.template_key = $2
             and ($3::timestamptz is null or (v.created_at, v.id) < ($3, $4::uuid))
           order by v.created_at desc, v.id desc limit $5`,
    values: [ctx.tenant.id, key, after?.createdAt ?? null, after?.id ?? null, limit],
  })
}

/** A version of a template by its number or its id, or null. */
export async function findVersion(
  ctx: Ctx,
  key: string,
  numberOrId: number | string,
): Promise<TemplateVersion | null> {
  const isNumber = typeof numberOrId === 'number'
  const [row] = await ctx.db.query<Row>({
    name: isNumber ? 'template-versions-find' : 'template-versions-find-id',
    text: `select ${COLUMNS} from notification_template_versions v where v.tenant_id = $1 and v.template_key = $2
             and ${isNumber ? 'v.version = $3' : 'v.id = $3'}`,
    values: [ctx.tenant.id, key, numberOrId],
  })
  return row ?? null
}

/** The words of a version by locale, as they were written. */
export async function versionWords(ctx: Ctx, versionId: string): Promise<Record<string, MessageWords>> {
  const rows = await ctx.db.query<{ locale: string; words: MessageWords }>({
    name: 'template-texts-words',
    text: `select locale, words from notification_template_texts where tenant_id = $1 and version_id = $2 order by 1`,
    values: [ctx.tenant.id, versionId],
  })
  return Object.fromEntries(rows.map(({ locale, words }) => [locale, words]))
}

/** The published version of a template of a tenant, outside of any transaction; null where none is. */
export async function readPublished(
  db: Database,
  tenantId: string,
  key: string,
): Promise<PublishedVersion | null> {
  const [row] = await db.readTenant<PublishedVersion & Record<string, unknown>>(tenantId, {
    name: 'template-published',
    text: `select v.id, v.version, v.category, v.critical, v.variables,
             (select coalesce(jsonb_object_agg(x.locale, (select jsonb_agg(k) from jsonb_object_keys(x.compiled) k)), '{}')
              from notification_template_texts x where x.tenant_id = v.tenant_id and x.version_id = v.id) as channels
           from notification_templates t join notification_template_versions v
             on v.tenant_id = t.tenant_id and v.template_key = t.key and v.version = t.published_version
           where t.tenant_id = ctx.t::uuid and t.key = $2`,
    values: [key],
  })
  return row ?? null
}

/** The compiled words of a version in a locale, outside of any transaction; null where there are none. */
export async function readCompiled(
  db: Database,
  tenantId: string,
  versionId: string,
  locale: string,
): Promise<CompiledWords | null> {
  const [row] = await db.readTenant<{ compiled: CompiledWords }>(tenantId, {
    name: 'template-compiled',
    text: `select x.compiled from notification_template_texts x
           where x.tenant_id = ctx.t::uuid and x.version_id = $2 and x.locale = $3`,
    values: [versionId, locale],
  })
  return row?.compiled ?? null
}
