import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import pg from 'pg'
import { databaseUrl, ROLE_PASSWORDS, stores } from '../../../test/stores.js'
import { newId } from '../../kernel/ids.js'
import type { Part } from '../manifest.js'
import { type DatabaseLogin, withClient } from './open-client.js'

/** A place for parts in memory. */
export class MemoryParts {
  readonly bodies = new Map<string, Buffer>()

  write = async (name: string, body: Readable): Promise<Part> => {
    const bytes = await buffer(body)
    this.bodies.set(name, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { name, size: bytes.length, sha256, plain_size: bytes.length }
  }

  /** In pieces of odd sizes, as decompression gives them. */
  read = ({ name }: Part): Readable => {
    const bytes = this.bodies.get(name) ?? Buffer.alloc(0)
    return Readable.from(pieces(bytes), { objectMode: false })
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0, size = 1; start < bytes.length; start += size, size = (size * 7) % 65_521)
    yield bytes.subarray(start, start + size)
}

/** How the roles of a deployment reach a database of the test server. */
export async function loginsOf(name: string) {
  const shared = await stores()
  const url = databaseUrl(shared, name)
  return {
    admin: { url, role: shared.postgres.adminUser, password: shared.postgres.adminPassword },
    owner: { url, role: 'vetrai_owner', password: ROLE_PASSWORDS.owner },
    backup: { url, role: 'vetrai_backup', password: ROLE_PASSWORDS.backup },
  } satisfies Record<string, DatabaseLogin>
}

interface Column {
  table: string
  name: string
  type: string
  required: boolean
  choices: string | null
  /** `table.column` of what it refers to. */
  refers: string | null
}

const COLUMNS = `
  select c.relname as table, attname as name, format_type(atttypid, atttypmod) as type, attnotnull and not atthasdef as required,
    (select (regexp_match(pg_get_constraintdef(k.oid), '''([^'']+)''::text'))[1] from pg_constraint k
      where k.conrelid = c.oid and contype = 'c' and conkey = array[attnum] limit 1) as choices,
    (select confrelid::regclass || '.' || (select f.attname from pg_attribute f where f.attrelid = confrelid
        and f.attnum = confkey[array_position(conkey, a.attnum)])
      from pg_constraint k where k.conrelid = c.oid and contype = 'f' and a.attnum = any (conkey)
      order by array_length(conkey, 1) desc limit 1) as refers
  from pg_class c join pg_attribute a on attrelid = c.oid
  where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped and attgenerated = ''
    and relname <> 'schema_migrations'
  order by c.relname, attnum`

/** Puts rows of one made-up tenant into as many tables as take them; answers the names of those. */
export async function fillTables(admin: DatabaseLogin, rowsEach = 3): Promise<string[]> {
  return withClient(admin, async (client) => {
    const { rows } = (await client.query(COLUMNS)) as { rows: Column[] }
    const names = [...new Set(rows.map(({ table }) => table))]
    const made = new Map<string, string>()
    const filled = new Set<string>()
    // Whatever refers to a table that is still empty is tried again in the next round.
    for (let round = 0; round < 6; round++)
      for (const name of names.filter((one) => !filled.has(one)))
        if (
          await fill(
            client,
            rows.filter(({ table }) => table === name),
            made,
            rowsEach,
          )
        )
          filled.add(name)
    return [...filled].sort()
  })
}

async function fill(client: pg.Client, columns: Column[], made: Map<string, string>, rowsEach: number) {
  const tenant = made.get('tenants.id')
  for (let row = 0; row < rowsEach; row++) {
    const values = columns.map((column) => {
      if (column.refers) return made.get(column.refers) ?? (column.required ? newId() : null)
      if (column.name === 'tenant_id') return tenant ?? newId()
      return valueFor(column, row)
    })
    const names = columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
    const marks = values.map((_, index) => `$${index + 1}`).join(', ')
    const table = columns[0]?.table ?? ''
    const sql = `insert into ${pg.escapeIdentifier(table)} (${names}) values (${marks})`
    const failed = await client.query(sql, values).then(
      () => undefined,
      (error: pg.DatabaseError) => error,
    )
    if (failed) return row > 0
    for (const [index, { name }] of columns.entries())
      if (!made.has(`${table}.${name}`)) made.set(`${table}.${name}`, String(values[index] ?? ''))
  }
  return true
}

/** A value of the type; now and then none where none is allowed. */
function valueFor({ type, required, choices }: Column, row: number): unknown {
  if (!required && row % 2 === 1) return type.startsWith('timestamp') ? new Date(row) : fallback(type, row)
  if (choices) return choices
  return fallback(type, row)
}

function fallback(type: string, row: number): unknown {
  const unique = newId()
  if (type.endsWith('[]')) return ['ä "quoted", one', '', unique]
  if (type === 'uuid') return unique
  if (type === 'bytea') return createHash('sha256').update(unique).digest()
  if (/^jsonb?$/.test(type)) return JSON.stringify({ text: 'ö\n', nested: [1.5, null, { row }] })
  if (type === 'boolean') return row % 2 === 0
  if (type === 'date' || type.startsWith('timestamp')) return new Date(1_700_000_000_123 + row)
  if (/^(integer|bigint|smallint|numeric|double)/.test(type)) return row + 1
  return `${unique}`.slice(0, Number(/\((\d+)\)/.exec(type)?.[1] ?? 40))
}
