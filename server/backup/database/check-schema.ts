import type pg from 'pg'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest } from '../manifest.js'
import { readTables } from './describe-database.js'

/** Refuses a backup whose tables, columns or sequences are not those of this database. */
export async function checkSchema(
  client: Pick<pg.Client, 'query'>,
  { tables, sequences }: DatabaseManifest,
): Promise<void> {
  const known = new Map((await readTables(client)).map((table) => [table.name, table.columns]))
  const { rows } = await client.query(
    "select relname as name from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace",
  )
  const knownSequences = new Set(rows.map((row: { name: string }) => row.name))
  const archived = new Map(tables.map((table) => [table.name, table.columns]))
  const problems = [
    ...[...archived].flatMap(([name, columns]) => problemsOf(name, columns, known.get(name))),
    ...[...known.keys()]
      .filter((name) => !archived.has(name))
      .map((name) => `no table ${name} in the backup`),
    ...sequences
      .filter(({ name }) => !knownSequences.has(name))
      .map(({ name }) => `unknown sequence ${name}`),
  ]
  if (archived.size !== tables.length) problems.push('a table is in the backup twice')
  if (problems.length === 0) return
  throw new BackupError({
    code: 'schema_differs',
    message: `the backup does not fit the schema that its migrations make: ${problems.slice(0, 10).join('; ')}`,
    next: 'Restore with the version of VetrAI that made it. What was added to the schema by hand is to be moved out of the schema public before a backup.',
  })
}

function problemsOf(
  table: string,
  columns: readonly string[],
  known: readonly string[] | undefined,
): string[] {
  if (!known) return [`unknown table ${table}`]
  const problems = columns
    .filter((column) => !known.includes(column))
    .map((column) => `unknown column ${table}.${column}`)
  const missing = known
    .filter((column) => !columns.includes(column))
    .map((column) => `no column ${table}.${column} in the backup`)
  if (new Set(columns).size !== columns.length) problems.push(`a column of ${table} is in the backup twice`)
  return [...problems, ...missing]
}
