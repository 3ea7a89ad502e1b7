/** Column name → SQL type and constraints. */
export type Columns = Record<string, string>

export interface TableOptions {
  /** Further table constraints, e.g. composite foreign keys. */
  constraints?: string[]
  /** Column lists to index; for tenant tables tenant_id is put in front. */
  indexes?: string[]
  /** Column lists that are unique; for tenant tables tenant_id is put in front. */
  unique?: string[]
  /** What vetrai_app may do. Default: everything. */
  app?: ('select' | 'insert' | 'update' | 'delete')[]
  /** Columns after the id that the primary key needs, for tables without an `id`. */
  primaryKey?: string
  /** Tenant tables only: rows may also be the installation's own; vetrai_app may add those and does not see them. */
  installation?: boolean
  /** False leaves out the index that lists newest first, for tables that list by their UUIDv7 ids. */
  listed?: boolean
}

/** The tenant that rows of the installation itself carry. */
const INSTALLATION = "'00000000-0000-0000-0000-000000000000'::uuid"

/** The tenant of the running transaction; null when none is bound, so that a comparison with it is never true. */
export const CURRENT_TENANT = "(select nullif(current_setting('vetrai.tenant_id', true), '')::uuid)"

/**
 * SQL for a table of tenants' rows: tenant_id, timestamps, a primary key and unique keys that begin with the
 * tenant (so that it can be sharded), forced row-level security with a check on writes, an index that begins
 * with tenant_id, grants. `id uuid` is added unless `primaryKey` names other columns.
 */
export function tenantTable(name: string, columns: Columns, options: TableOptions = {}): string[] {
  const own = options.primaryKey === undefined ? { id: 'uuid not null', ...columns } : columns
  const isOwn = `tenant_id = ${CURRENT_TENANT}`
  const mayWrite = options.installation ? `${isOwn} or tenant_id = ${INSTALLATION}` : isOwn
  return [
    createTable(
      name,
      { tenant_id: 'uuid not null', ...own },
      `primary key (tenant_id, ${options.primaryKey ?? 'id'})`,
      options.constraints,
    ),
    ...(options.unique ?? []).map((list) => `create unique index on ${name} (tenant_id, ${list})`),
    ...(options.indexes ?? []).map((list) => `create index on ${name} (tenant_id, ${list})`),
    ...(options.primaryKey === undefined && options.listed !== false
      ? [`create index on ${name} (tenant_id, created_at desc, id desc)`]
      : []),
    `alter table ${name} enable row level security`,
    `alter table ${name} force row level security`,
    `create policy tenant_isolation on ${name} to vetrai_app
       using (${isOwn}) with check (${mayWrite})`,
    `create policy system_access on ${name} to vetrai_system using (true) with check (true)`,
    ...finish(name, options),
  ]
}

/** SQL for a table that belongs to no tenant (people, sessions, keys of the installation). Every use wants a reason. */
export function globalTable(name: string, columns: Columns, options: TableOptions = {}): string[] {
  const own = options.primaryKey === undefined ? { id: 'uuid not null', ...columns } : columns
  return [
    createTable(name, own, `primary key (${options.primaryKey ?? 'id'})`, options.constraints),
    ...(options.unique ?? []).map((list) => `create unique index on ${name} (${list})`),
    ...(options.indexes ?? []).map((list) => `create index on ${name} (${list})`),
    ...finish(name, options),
  ]
}

function createTable(name: string, columns: Columns, key: string, constraints: string[] = []): string {
  const lines = [
    ...Object.entries(columns).map(([column, type]) => `${column} ${type}`),
    // Milliseconds, as JavaScript and cursors hold them.
    'created_at timestamptz(3) not null default now()',
    'updated_at timestamptz(3) not null default now()',
    key,
    ...constraints,
  ]
  return `create table ${name} (\n  ${lines.join(',\n  ')}\n)`
}

function finish(name: string, options: TableOptions): string[] {
  return [
    `create trigger touch_updated_at before update on ${name} for each row execute function touch_updated_at()`,
    ...(options.app?.length === 0
      ? []
      : [
          `grant ${(options.app ?? ['select', 'insert', 'update', 'delete']).join(', ')} on ${name} to vetrai_app`,
        ]),
    `grant select, insert, update, delete on ${name} to vetrai_system`,
  ]
}
