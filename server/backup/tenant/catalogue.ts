import type pg from 'pg'

/** A connection that runs statements; `pg.Client` is one. */
export type Client = Pick<pg.Client, 'query'>

/** A column as an archive needs to know it. */
export interface Column {
  readonly name: string
  /** Its type where it holds JSON, whose null is another than none. */
  readonly json: 'json' | 'jsonb' | null
  readonly isRequired: boolean
  /** The table of people, where the column names one and the database checks it. */
  readonly refersTo: 'users' | null
}

/** A table with rows of tenants. */
export interface TenantTable {
  readonly name: string
  readonly columns: readonly Column[]
  readonly key: readonly string[]
}

export interface Catalogue {
  /** Tables of tenants, `tenants` first, parents before what refers to them. */
  readonly tables: readonly TenantTable[]
  /** Tables that belong to no tenant. */
  readonly globals: readonly string[]
}

/** Tables whose rows name a tenant and are no tenant's own, or are reached by functions only. */
const NOT_OWN = new Set(['audit_heads', 'outbox', 'sessions', 'access_tokens'])

interface Row {
  name: string
  secured: boolean
  columns: Column[]
  key: string[] | null
}

/**
 * Reads which tables hold rows of tenants: those under forced row security with a `tenant_id`, and `tenants` itself.
 * Whatever table a service adds is among them, so that none is left out of an export or an erasure.
 */
export async function readCatalogue(client: Client): Promise<Catalogue> {
  const { rows } = await client.query<Row>(TABLES)
  const { rows: references } = await client.query<{ child: string; parent: string }>(REFERENCES)
  const isOwn = ({ name, secured, columns }: Row) =>
    name === 'tenants' ||
    (secured && !NOT_OWN.has(name) && columns.some((column) => column.name === 'tenant_id'))
  const own = rows.filter(isOwn).map(({ name, columns, key }) => ({ name, columns, key: key ?? [] }))
  return {
    tables: parentsFirst(own, references),
    globals: rows.filter((row) => !isOwn(row)).map(({ name }) => name),
  }
}

const TABLES = `
  select c.relname as name, c.relforcerowsecurity as secured,
    (select jsonb_agg(jsonb_build_object(
        'name', a.attname, 'isRequired', a.attnotnull,
        'json', case when a.atttypid in ('json'::regtype, 'jsonb'::regtype) then a.atttypid::regtype::text end,
        'refersTo', (select 'users' from pg_constraint k where k.contype = 'f' and k.conrelid = c.oid
          and k.conkey = array[a.attnum] and k.confrelid = to_regclass('public.users'))) order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
    (select jsonb_agg(a.attname order by array_position(i.indkey::int[], a.attnum::int))
      from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
      where i.indrelid = c.oid and i.indisprimary) as key
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  order by c.relname`

const REFERENCES = `
  select c.relname as child, p.relname as parent from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
  where k.contype = 'f' and k.conrelid <> k.confrelid`

function parentsFirst(
  tables: readonly TenantTable[],
  references: readonly { child: string; parent: string }[],
): TenantTable[] {
  const sorted = new Set<TenantTable>()
  const visit = (table: TenantTable, trail: readonly TenantTable[]): void => {
    if (sorted.has(table) || trail.includes(table)) return
    for (const { child, parent } of references) {
      const found = child === table.name ? tables.find(({ name }) => name === parent) : undefined
      if (found) visit(found, [...trail, table])
    }
    sorted.add(table)
  }
  for (const table of tables) if (table.name === 'tenants') visit(table, [])
  for (const table of tables) visit(table, [])
  return [...sorted]
}
