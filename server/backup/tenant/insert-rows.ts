import type { SealedColumn } from '../../kernel/sealed-column.js'
import type { Secrets } from '../../kernel/secrets.js'
import type { Client, Column, TenantTable } from './catalogue.js'
import { JSON_NULLS, SECRETS } from './select-rows.js'
import { tenantError } from './tenant-error.js'
import type { RowsEntry } from './tenant-manifest.js'
import type { ArrivalRule } from './tenant-rules.js'

export interface Arrival {
  /** Id of the tenant that the rows become. */
  readonly tenantId: string
  readonly slug: string
  /** Ids that others take the place of, wherever they stand in a row. */
  readonly ids: ReadonlyMap<string, string>
  readonly rules: readonly ArrivalRule[]
  readonly sealed: readonly SealedColumn[]
  readonly secrets: Secrets
  /** Rows that are here already stay as they are. */
  readonly keepsPresent: boolean
  /** Told of rows that cannot be taken in without a value that the archive has not. */
  onSkipped(table: string, rows: number): void
}

/**
 * Puts rows of an archive into their table and answers how many. The tenant is set here, whatever a row says, so that no
 * archive writes into another tenant. Sealed values are sealed with the keys of this installation.
 */
export async function insertRows(
  client: Client,
  table: TenantTable,
  entry: RowsEntry,
  lines: readonly string[],
  arrival: Arrival,
): Promise<number> {
  const sealed = arrival.sealed.filter((one) => one.table === table.name)
  const renamed = lines.map((line) => rename(line, arrival.ids))
  const rows = sealed.length === 0 ? renamed : sealAll(table, renamed, sealed, arrival)
  if (rows.length === 0) return 0
  const { rowCount } = await client.query(statementOf(table, entry, sealed, arrival), [
    `[${rows.join(',')}]`,
    arrival.tenantId,
    ...(table.name === 'tenants' ? [arrival.slug] : []),
  ])
  return rowCount ?? 0
}

/** Throws BackupError where an archive has columns that this schema has not. */
export function checkColumns(tables: readonly TenantTable[], entries: readonly RowsEntry[]): void {
  for (const entry of entries) {
    const table = tables.find(({ name }) => name === entry.name)
    const missing = table
      ? entry.columns.find((column) => !table.columns.some(({ name }) => name === column))
      : ''
    if (missing === undefined) continue
    throw tenantError(
      'other_schema',
      `The archive has ${missing ? `a column ${entry.name}.${missing}` : `a table ${entry.name}`} that this version does not have.`,
      'Import it with the version that wrote it, and upgrade then.',
    )
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** A UUID names one thing wherever it stands: in a column, in a document, in the text of a reference. */
function rename(line: string, ids: ReadonlyMap<string, string>): string {
  return ids.size === 0 ? line : line.replace(UUID, (id) => ids.get(id) ?? id)
}

function statementOf(
  { name, columns }: TenantTable,
  entry: RowsEntry,
  sealed: readonly SealedColumn[],
  { rules, keepsPresent }: Arrival,
): string {
  const taken = columns.filter(
    (column) => entry.columns.includes(column.name) || sealed.some((one) => one.column === column.name),
  )
  const values = taken.map((column) => valueIn(name, column, rules))
  return `insert into ${name} (${taken.map((column) => column.name).join(', ')})
    select ${values.join(', ')}
    from json_array_elements($1::json) j cross join lateral json_populate_record(null::${name}, j) r
    ${keepsPresent ? 'on conflict do nothing' : ''}`
}

/** Columns of the tenant itself. One that was about to be deleted must not be purged as soon as it is here. */
const OF_THE_TENANT: Readonly<Record<string, string>> = {
  id: '$2::uuid',
  slug: '$3',
  status: "case when r.status = 'deleting' then 'suspended' else r.status end",
  delete_requested_at: 'null',
  purge_after: 'null',
}

function valueIn(table: string, column: Column, rules: readonly ArrivalRule[]): string {
  const value = `r.${column.name}`
  const own = table === 'tenants' ? OF_THE_TENANT[column.name] : undefined
  if (own !== undefined) return own
  if (column.name === 'tenant_id') return '$2::uuid'
  const rule = rules.find((one) => one.table === table && one.column === column.name)
  if (rule) return rule.value
  if (column.json)
    return `coalesce(${value}, case when (j->'${JSON_NULLS}')::jsonb ? '${column.name}' then 'null'::${column.json} end)`
  // Somebody who left before the archive was made may be unknown here.
  if (column.refersTo === 'users' && !column.isRequired)
    return `(select u.id from users u where u.id = ${value})`
  return value
}

type Values = Record<string, unknown>

function sealAll(
  table: TenantTable,
  lines: readonly string[],
  sealed: readonly SealedColumn[],
  arrival: Arrival,
): string[] {
  const taken = lines.map((line) => sealRow(table, line, sealed, arrival))
  const rows = taken.filter((line) => line !== undefined)
  if (rows.length < lines.length) arrival.onSkipped(table.name, lines.length - rows.length)
  return rows
}

/** The row with its values sealed; undefined where one is missing that it cannot be without. */
function sealRow(
  table: TenantTable,
  line: string,
  sealed: readonly SealedColumn[],
  arrival: Arrival,
): string | undefined {
  // Read for its keys and secrets only: numbers as long as PostgreSQL has them do not survive being parsed.
  const row = JSON.parse(line) as Values
  const opened = (row[SECRETS] ?? {}) as Record<string, string>
  const more: string[] = []
  for (const { column, context } of sealed) {
    const plain = opened[column]
    if (plain === undefined && table.columns.some(({ name, isRequired }) => name === column && isRequired))
      return undefined
    if (plain === undefined) continue
    const bytes = arrival.secrets.seal(Buffer.from(plain, 'base64'), context(textsOf(row, arrival.tenantId)))
    more.push(`"${column}":"\\\\x${bytes.toString('hex')}"`)
  }
  return more.length > 0 ? `${line.slice(0, -1)},${more.join(',')}}` : line
}

function textsOf(row: Values, tenantId: string): Record<string, string> {
  return { ...(row as Record<string, string>), tenant_id: tenantId }
}
