import type { SealedColumn } from '../../kernel/sealed-column.js'
import type { Database } from '../database.js'

/** One sealed value and the row it lies in, as the column's `context` reads it. */
export interface SealedValue {
  row: Record<string, string>
  sealed: Buffer
}

interface Which {
  limit: number
  /** Only rows after this one, in the order of the key. */
  after?: Record<string, string> | undefined
  /** Only values that do not begin with these bytes. */
  except?: Buffer
}

/** Sealed values of a column in the order of its key. Needs a system transaction. */
export async function readSealed(db: Database, column: SealedColumn, which: Which): Promise<SealedValue[]> {
  const { table, column: sealed, key, reads = [] } = column
  const values: unknown[] = [which.limit]
  const parameter = (value: unknown) => `$${values.push(value)}`
  // Named with their table: the bare names are those of the texts that come out.
  const order = key.map((name) => `t.${name}`).join(', ')
  const where = [`${sealed} is not null`]
  if (which.after) {
    const { after } = which
    where.push(`(${order}) > (${key.map((name) => parameter(after[name])).join(', ')})`)
  }
  if (which.except) where.push(`${prefixOf(sealed, which.except)} <> ${parameter(which.except)}`)
  const rows = await db.query<Record<string, string> & { sealed: Buffer }>({
    text: `select ${[...key, ...reads].map((name) => `${name}::text as ${name}`).join(', ')}, ${sealed} as sealed
      from ${table} t where ${where.join(' and ')} order by ${order} limit $1`,
    values,
  })
  return rows.map(({ sealed: value, ...row }) => ({ row: row as Record<string, string>, sealed: value }))
}

/** Puts a value in the place of another, unless that was changed meanwhile. Needs a system transaction. */
export async function replaceSealed(
  db: Database,
  { table, column, key }: SealedColumn,
  { row, sealed }: SealedValue,
  fresh: Buffer,
): Promise<boolean> {
  const same = key.map((name, at) => `${name} = $${at + 3}`)
  const changed = await db.execute({
    text: `update ${table} set ${column} = $1 where ${column} = $2 and ${same.join(' and ')}`,
    values: [fresh, sealed, ...key.map((name) => row[name])],
  })
  return changed === 1
}

/** How many values of a column do not begin with these bytes. Needs a system transaction. */
export async function countOthers(db: Database, { table, column }: SealedColumn, prefix: Buffer) {
  const [row] = await db.query<{ count: number }>({
    text: `select count(*) as count from ${table} where ${prefixOf(column, prefix)} <> $1`,
    values: [prefix],
  })
  return row?.count ?? 0
}

function prefixOf(column: string, prefix: Buffer): string {
  return `substring(${column} from 1 for ${prefix.length})`
}
