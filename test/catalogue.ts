import type { TestDatabase } from './database.js'

export interface Column {
  name: string
  /** Type with its modifiers, e.g. `timestamp(3) with time zone`. */
  type: string
  required: boolean
  /** Computed by the database; takes no value. */
  generated: boolean
}

export interface Table {
  name: string
  rowSecurity: boolean
  forced: boolean
  /** Columns of the primary key in order. */
  primaryKey: string[]
  /** First column of each index. */
  indexedFirst: string[]
  /** Roles with a policy, by command (`*` is all). */
  policies: { name: string; command: string; roles: string[]; hasUsing: boolean; hasCheck: boolean }[]
  columns: Column[]
}

/** The tables of a database as its catalogue knows them, by name. */
export async function readTables(database: TestDatabase): Promise<Table[]> {
  const { rows } = await database.admin(`
    select c.relname as name, c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as forced,
      coalesce((select jsonb_agg(a.attname order by array_position(i.indkey::int[], a.attnum::int))
        from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary), '[]') as "primaryKey",
      coalesce((select jsonb_agg(a.attname) from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] where i.indrelid = c.oid), '[]') as "indexedFirst",
      coalesce((select jsonb_agg(jsonb_build_object('name', polname, 'command', polcmd,
          'roles', (select jsonb_agg(rolname) from pg_roles where oid = any (polroles)),
          'hasUsing', polqual is not null, 'hasCheck', polwithcheck is not null) order by polname)
        from pg_policy where polrelid = c.oid), '[]') as policies,
      (select jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
          'required', attnotnull, 'generated', attgenerated <> '' or attidentity <> '') order by attnum)
        from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`)
  return rows as Table[]
}

/** Those that hold rows of tenants. */
export function tenantTables(tables: readonly Table[]): Table[] {
  return tables.filter((table) => table.columns.some((column) => column.name === 'tenant_id'))
}
