import type pg from 'pg'

/** What was taken away, as the statements that make it again. */
export interface Removed {
  /** In this order; those of one step may run side by side unless it is serial. */
  steps: { statements: TableStatement[]; serial?: boolean }[]
  /** To be run one by one when all rows and keys are there. */
  last: string[]
}

export interface TableStatement {
  table: string
  sql: string
}

type Client = Pick<pg.Client, 'query'>

/** Takes away what slows loading down or refuses it: foreign keys, unique keys, indexes, triggers, row security of owners. */
export async function removeKeys(client: Client): Promise<Removed> {
  await client.query('begin')
  const foreign = await read(client, FOREIGN_KEYS)
  const excluding = await read(client, EXCLUSIONS)
  const unique = await read(client, UNIQUE_KEYS)
  const indexes = await read(client, INDEXES)
  const triggers = await read(client, TRIGGERS)
  const forced = await read(client, FORCED)
  const drops = [...foreign, ...excluding, ...unique, ...indexes, ...triggers, ...forced]
  await client.query(drops.map(({ drop }) => drop).join(';'))
  await client.query('commit')
  const statements = (list: Definition[], which: (one: Definition) => string | null | undefined) =>
    list.flatMap((one) => {
      const sql = which(one)
      return sql ? [{ table: one.table, sql }] : []
    })
  return {
    steps: [
      { statements: statements([...unique, ...indexes], ({ index, make }) => index ?? make) },
      { statements: statements(unique, ({ make }) => make), serial: true },
      { statements: statements(excluding, ({ make }) => make) },
      { statements: statements(foreign, ({ make }) => make), serial: true },
      { statements: statements(foreign, ({ check }) => check) },
    ],
    last: [...triggers, ...forced].map(({ make }) => make),
  }
}

interface Definition {
  table: string
  drop: string
  make: string
  /** Builds the index that `make` then turns into a key. */
  index?: string
  /** Checks what `make` left unchecked. */
  check?: string | null
}

async function read(client: Client, sql: string): Promise<Definition[]> {
  return (await client.query(sql)).rows as Definition[]
}

// Of tables with rows of their own; keys that a partitioned parent hands down stay with it.
const OF_TABLES = `c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`
const DROP = `relname as table, format('alter table public.%I drop constraint %I', relname, conname) as drop`
const ADD = `format('alter table public.%I add constraint %I %s', relname, conname, pg_get_constraintdef(k.oid))`

const FOREIGN_KEYS = `
  select ${DROP}, ${ADD} || case when convalidated then ' not valid' else '' end as make,
    case when convalidated then format('alter table public.%I validate constraint %I', relname, conname) end as check
  from pg_constraint k join pg_class c on c.oid = conrelid
  where contype = 'f' and conparentid = 0 and ${OF_TABLES} order by relname, conname`

const EXCLUSIONS = `
  select ${DROP}, ${ADD} as make from pg_constraint k join pg_class c on c.oid = conrelid
  where contype = 'x' and conparentid = 0 and ${OF_TABLES} order by relname, conname`

const UNIQUE_KEYS = `
  select ${DROP}, pg_get_indexdef(conindid) as index,
    format('alter table public.%I add constraint %I %s using index %I%s', relname, conname,
      case contype when 'p' then 'primary key' else 'unique' end, conname,
      case when condeferred then ' deferrable initially deferred' when condeferrable then ' deferrable' else '' end) as make
  from pg_constraint k join pg_class c on c.oid = conrelid
  where contype in ('p', 'u') and conparentid = 0 and ${OF_TABLES} order by contype, relname, conname`

const INDEXES = `
  select c.relname as table, format('drop index public.%I', i.relname) as drop, pg_get_indexdef(indexrelid) as make
  from pg_index join pg_class i on i.oid = indexrelid join pg_class c on c.oid = indrelid
  where not i.relispartition and ${OF_TABLES}
    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
  order by i.relname`

const TRIGGERS = `
  select relname as table, format('alter table public.%I disable trigger %I', relname, tgname) as drop,
    format('alter table public.%I enable %s trigger %I', relname,
      case tgenabled when 'R' then 'replica' when 'A' then 'always' else '' end, tgname) as make
  from pg_trigger join pg_class c on c.oid = tgrelid
  where not tgisinternal and tgenabled <> 'D' and ${OF_TABLES} order by relname, tgname`

// Forced row security would hide rows from the owner, who loads them and checks foreign keys among them.
const FORCED = `
  select relname as table, format('alter table public.%I no force row level security', relname) as drop,
    format('alter table public.%I force row level security', relname) as make
  from pg_class c where relforcerowsecurity and ${OF_TABLES} order by relname`
