import { isUuid, newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { ActiveTenant } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'

export type TenantStatus = ActiveTenant['status']

/** An organisation. */
export interface Tenant extends Record<string, unknown> {
  id: string
  slug: string
  name: string
  status: TenantStatus
  plan: string
  /** Free-form; changed by merge patch. */
  settings: Record<string, unknown>
  suspendedAt: Date | null
  suspendedReason: string | null
  deleteRequestedAt: Date | null
  /** From then on its data may be removed for good. */
  purgeAfter: Date | null
  createdAt: Date
  updatedAt: Date
}

const COLUMNS = `t.id, t.slug, t.name, t.status, t.plan, t.settings, t.suspended_at as "suspendedAt",
  t.suspended_reason as "suspendedReason", t.delete_requested_at as "deleteRequestedAt",
  t.purge_after as "purgeAfter", t.created_at as "createdAt", t.updated_at as "updatedAt"`

/** SQL condition and value that find a tenant by id or slug. */
function named(idOrSlug: string): string {
  return isUuid(idOrSlug) ? 't.id = $1::uuid' : 't.slug = $1'
}

/** One tenant in a single statement under its own row security, for hot reads; null when it is gone. */
export async function readTenantRow(db: Database, id: string): Promise<Tenant | null> {
  const rows = await db.readTenant<Tenant>(id, {
    name: 'tenancy-read',
    text: `select ${COLUMNS} from tenants t where t.id = ctx.t::uuid`,
  })
  return rows[0] ?? null
}

/** Any tenant by id or slug in a single statement across tenants; null when there is none. */
export async function readAnyTenant(db: Database, idOrSlug: string): Promise<Tenant | null> {
  const rows = await db.readSystem<Tenant>({
    text: `select ${COLUMNS} from tenants t where ${named(idOrSlug)}`,
    values: [idOrSlug],
  })
  return rows[0] ?? null
}

/** What authentication needs of a tenant by id or slug; null when there is none. */
export async function readActiveTenant(db: Database, idOrSlug: string): Promise<ActiveTenant | null> {
  const byId = isUuid(idOrSlug)
  const rows = await db.readSystem<ActiveTenant & Record<string, unknown>>({
    name: byId ? 'tenancy-resolve-id' : 'tenancy-resolve-slug',
    text: `select t.id, t.slug, t.status from tenants t where ${named(idOrSlug)}`,
    values: [idOrSlug],
  })
  return rows[0] ?? null
}

/** The tenant of this id or slug, or null. Needs a transaction that may see it. */
export async function findTenantRow(db: Database, idOrSlug: string): Promise<Tenant | null> {
  const rows = await db.query<Tenant>({
    text: `select ${COLUMNS} from tenants t where ${named(idOrSlug)}`,
    values: [idOrSlug],
  })
  return rows[0] ?? null
}

/** The tenant of this id or slug, locked until the transaction ends, or null. */
export async function lockTenantRow(db: Database, idOrSlug: string): Promise<Tenant | null> {
  const rows = await db.query<Tenant>({
    text: `select ${COLUMNS} from tenants t where ${named(idOrSlug)} for update`,
    values: [idOrSlug],
  })
  return rows[0] ?? null
}

export interface NewTenant {
  slug: string
  name: string
  plan?: string | undefined
  settings?: Record<string, unknown> | undefined
}

/** Adds a tenant; null when the slug is taken, also by a concurrent caller. Needs a system transaction. */
export async function insertTenant(db: Database, tenant: NewTenant): Promise<Tenant | null> {
  const rows = await db.query<Tenant>({
    text: `insert into tenants as t (id, slug, name, plan, settings) values ($1, $2, $3, $4, $5)
           on conflict (slug) do nothing returning ${COLUMNS}`,
    values: [newId(), tenant.slug, tenant.name, tenant.plan ?? 'free', JSON.stringify(tenant.settings ?? {})],
  })
  return rows[0] ?? null
}

const CHANGEABLE = {
  slug: 'slug',
  name: 'name',
  plan: 'plan',
  status: 'status',
  settings: 'settings',
  suspendedAt: 'suspended_at',
  suspendedReason: 'suspended_reason',
  deleteRequestedAt: 'delete_requested_at',
  purgeAfter: 'purge_after',
} as const
export type TenantChanges = { [K in keyof typeof CHANGEABLE]?: Tenant[K] | undefined }

/** Changes the given fields and answers the tenant as it is then; null when it is gone. A taken slug throws 23505. */
export async function updateTenantRow(
  db: Database,
  id: string,
  changes: TenantChanges,
): Promise<Tenant | null> {
  const entries = Object.entries(changes).filter(([, value]) => value !== undefined)
  if (entries.length === 0) return findTenantRow(db, id)
  const sets = entries.map(([field], i) => `${CHANGEABLE[field as keyof TenantChanges]} = $${i + 2}`)
  const values = entries.map(([field, value]) => (field === 'settings' ? JSON.stringify(value) : value))
  const rows = await db.query<Tenant>({
    text: `update tenants as t set ${sets.join(', ')} where t.id = $1 returning ${COLUMNS}`,
    values: [id, ...values],
  })
  return rows[0] ?? null
}

export interface TenantFilter {
  status?: TenantStatus | undefined
  /** Part of the slug or the name. */
  q?: string | undefined
  /** Only tenants this person is a member of, and none that is being deleted. */
  memberId?: string | undefined
  id?: string | undefined
}

/** One window of tenants, newest first. Needs a system transaction. */
export async function listTenantRows(
  db: Database,
  filter: TenantFilter,
  { after, limit }: { after: Position | null; limit: number },
): Promise<Tenant[]> {
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = ['true']
  if (filter.id) where.push(`t.id = ${bind(filter.id)}`)
  if (filter.status) where.push(`t.status = ${bind(filter.status)}`)
  if (filter.q) {
    const pattern = bind(`%${filter.q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`)
    where.push(`(t.slug like ${pattern} or lower(t.name) like ${pattern})`)
  }
  if (filter.memberId) {
    where.push(`t.status <> 'deleting' and exists (
      select 1 from memberships m where m.tenant_id = t.id and m.user_id = ${bind(filter.memberId)})`)
  }
  if (after)
    where.push(`(t.created_at, t.id) < (${bind(after.createdAt)}::timestamptz, ${bind(after.id)}::uuid)`)
  return db.query<Tenant>({
    text: `select ${COLUMNS} from tenants t where ${where.join(' and ')}
           order by t.created_at desc, t.id desc limit ${bind(limit)}`,
    values,
  })
}

/** Ids of tenants whose grace has ended. Needs a system transaction. */
export async function findTenantsToPurge(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `select id from tenants where status = 'deleting' and purge_after <= $1 order by purge_after limit $2`,
    values: [now, limit],
  })
  return rows.map((row) => row.id)
}
