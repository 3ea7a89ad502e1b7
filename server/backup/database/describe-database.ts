import type pg from 'pg'
import { schemaVersion } from '../../storage/known-migrations.js'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest } from '../manifest.js'

/** A table as the catalogue knows it. */
export interface TableDescription {
  name: string
  /** In catalogue order, without those that PostgreSQL computes. */
  columns: string[]
  /** Pages of the heap. */
  pages: number
  /** Bytes with what is stored out of line, without indexes. */
  bytes: number
}

/** All of a database's manifest but the parts, with sizes as they are on disk. */
export interface DatabaseDescription extends Omit<DatabaseManifest, 'tables'> {
  tables: TableDescription[]
}

type Client = Pick<pg.Client, 'query'>

/** Reads what a database is made of, in the snapshot of the connection's transaction where it has one. */
export async function describeDatabase(client: Client): Promise<DatabaseDescription> {
  const { rows: version } = await client.query("select split_part(version(), ' ', 2) as version")
  const { rows: migrations } = await client.query('select name from schema_migrations order by name')
  const names = migrations.map((row: { name: string }) => row.name)
  return {
    server_version: version[0]?.version ?? '',
    schema_version: schemaVersion(names),
    migrations: names,
    extensions: await readExtensions(client),
    tables: await readTables(client),
    sequences: await readSequences(client),
  }
}

/** The base tables of the schema; where one is partitioned, those that hold its rows. */
export async function readTables(client: Client): Promise<TableDescription[]> {
  const { rows } = await client.query(`
    select relname as name, array(select attname::text from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns,
      (pg_relation_size(oid) / current_setting('block_size')::int)::float8 as pages, pg_table_size(oid)::float8 as bytes
    from pg_class c where relkind = 'r' and ${IS_OURS} order by relname`)
  return rows as TableDescription[]
}

/** Refuses where row security or a missing grant would hide rows from this connection's role. */
export async function refuseHiddenRows(client: Client): Promise<void> {
  const { rows } = await client.query(`
    select relname as name from pg_class c
    where relkind in ('r', 'S') and ${IS_OURS} and (not has_table_privilege(oid, 'select') or (
      relkind = 'r' and row_security_active(oid) and not (
        exists (select from pg_policy where polrelid = c.oid and polpermissive and polcmd in ('r', '*')
          and pg_get_expr(polqual, polrelid) = 'true' and ${IS_FOR_ME})
        and not exists (select from pg_policy where polrelid = c.oid and not polpermissive and ${IS_FOR_ME})
      )))
    order by relname`)
  if (rows.length === 0) return
  const names = rows.map((row: { name: string }) => row.name).join(', ')
  throw new BackupError({
    code: 'rows_hidden',
    message: `the role that makes backups may not see every row of: ${names}`,
    next: 'Run `vetrai migrate up`, which grants it, then run the command again.',
  })
}

async function readExtensions(client: Client): Promise<DatabaseManifest['extensions']> {
  const { rows } = await client.query(
    "select extname as name, extversion as version from pg_extension where extname <> 'plpgsql' order by extname",
  )
  return rows as DatabaseManifest['extensions']
}

/** Sequences do not obey transactions: read after the snapshot was taken, none is behind the rows in it. */
async function readSequences(client: Client): Promise<DatabaseManifest['sequences']> {
  const { rows } = await client.query(
    `select relname as name, quote_ident(relname) as quoted from pg_class c where relkind = 'S' and ${IS_OURS} order by relname`,
  )
  const sequences: DatabaseManifest['sequences'] = []
  for (const { name, quoted } of rows as { name: string; quoted: string }[]) {
    const { rows: state } = await client.query(
      `select last_value::text as value, is_called from public.${quoted}`,
    )
    sequences.push({ name, value: state[0].value, is_called: state[0].is_called })
  }
  return sequences
}

// What an extension made, it makes again by itself.
const IS_OURS = `relnamespace = 'public'::regnamespace and relpersistence = 'p'
  and not exists (select from pg_depend where objid = c.oid and classid = 'pg_class'::regclass and deptype = 'e')`

const IS_FOR_ME = `exists (select from unnest(polroles) as r (oid) where r.oid = 0 or pg_has_role(r.oid, 'usage'))`
