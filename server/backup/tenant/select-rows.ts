import type { SealedColumn } from '../../kernel/sealed-column.js'
import type { Secrets } from '../../kernel/secrets.js'
import type { Client, Column, TenantTable } from './catalogue.js'

/** Rows that one round trip brings. */
const BATCH = 200
/** Names in a row that are no columns. */
export const JSON_NULLS = '$json_null'
export const SECRETS = '$secrets'

export interface RowsToRead {
  readonly table: string
  readonly columns: readonly Column[]
  readonly order: readonly string[]
  /** SQL condition on `t`; $1 is the tenant. */
  readonly where: string
  readonly tenantId: string
}

/** Sealed columns of a table, and what opens them; without secrets they are left out. */
export interface Unsealing {
  readonly columns: readonly SealedColumn[]
  readonly secrets: Secrets | undefined
  /** Told of a value that is not in the row. */
  onLeftOut(column: SealedColumn, why: string): void
}

/**
 * Reads rows as lines of JSON, in the order of their key, from the open snapshot. Values of `json` come as they are
 * stored; where JSON's own null stands in a column, `$json_null` names it; `$secrets` has opened values in base64.
 */
export async function* readRows(
  client: Client,
  rows: RowsToRead,
  unsealing: Unsealing,
): AsyncGenerator<string> {
  const cursor = 'tenant_rows'
  await client.query(`declare ${cursor} no scroll cursor for ${statementOf(rows, unsealing.columns)}`, [
    rows.tenantId,
  ])
  try {
    for (;;) {
      const { rows: batch } = await client.query<Fetched>(`fetch ${BATCH} from ${cursor}`)
      for (const fetched of batch) yield lineOf(fetched, unsealing)
      if (batch.length < BATCH) return
    }
  } finally {
    await client.query(`close ${cursor}`).catch(() => undefined)
  }
}

/** Columns of a table that an archive has: all but the sealed ones. */
export function openColumns({ columns, name }: TenantTable, sealed: readonly SealedColumn[]): Column[] {
  return columns.filter((column) => !sealed.some((one) => one.table === name && one.column === column.name))
}

interface Fetched extends Record<string, unknown> {
  line: string
  nulls: string[] | null
}

function statementOf(rows: RowsToRead, sealed: readonly SealedColumn[]): string {
  const names = rows.columns.map(({ name }) => `t.${name}`)
  const nulls = rows.columns
    .filter(({ json }) => json !== null)
    .map(({ name }) => `case when t.${name}::text = 'null' then '${name}' end`)
  const opened = sealed.flatMap((one, at) => [
    `t.${one.column} as sealed_${at}`,
    ...[...one.key, ...(one.reads ?? [])].map((name) => `t.${name}::text as read_${at}_${name}`),
  ])
  const list = [
    // Line ends stand in stored JSON only between its values.
    `translate((select row_to_json(x)::text from (select ${names.join(', ')}) x), e'\\n\\r', '  ') as line`,
    nulls.length > 0 ? `array_remove(array[${nulls.join(', ')}], null) as nulls` : 'null as nulls',
    ...opened,
  ]
  const order = rows.order.map((name) => `t.${name}`).join(', ')
  return `select ${list.join(', ')} from ${rows.table} t where ${rows.where} order by ${order}`
}

function lineOf(fetched: Fetched, { columns, secrets, onLeftOut }: Unsealing): string {
  const more: string[] = []
  if (fetched.nulls && fetched.nulls.length > 0) more.push(`"${JSON_NULLS}":${JSON.stringify(fetched.nulls)}`)
  const opened: Record<string, string> = {}
  for (const [at, column] of columns.entries()) {
    const sealed = fetched[`sealed_${at}`] as Buffer | null
    if (!sealed) continue
    const plain = secrets ? unseal(secrets, column, sealed, contextRow(fetched, at)) : undefined
    if (plain) opened[column.column] = plain.toString('base64')
    else onLeftOut(column, secrets ? 'no key of the installation opens it' : 'the archive is not encrypted')
  }
  if (Object.keys(opened).length > 0) more.push(`"${SECRETS}":${JSON.stringify(opened)}`)
  return more.length > 0 ? `${fetched.line.slice(0, -1)},${more.join(',')}}` : fetched.line
}

function contextRow(fetched: Fetched, at: number): Record<string, string> {
  const prefix = `read_${at}_`
  return Object.fromEntries(
    Object.entries(fetched)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value as string]),
  )
}

function unseal(
  secrets: Secrets,
  column: SealedColumn,
  sealed: Buffer,
  row: Record<string, string>,
): Buffer | undefined {
  try {
    return secrets.unseal(sealed, column.context(row))
  } catch {
    return undefined
  }
}
