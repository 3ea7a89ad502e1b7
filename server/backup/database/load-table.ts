import type { Readable } from 'node:stream'
import pg from 'pg'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest, Part } from '../manifest.js'
import { copyIn } from './copy-in.js'
import type { Progress } from './progress.js'

type Table = DatabaseManifest['tables'][number]

export interface LoadTableOptions {
  readPart: (part: Part) => Readable | Promise<Readable>
  progress: Progress
  /** False where others load further rows of the table at the same time. */
  isWhole: boolean
}

/**
 * Loads a table's parts in one transaction. Where they are all of it, they replace what is there: emptied in the same
 * transaction, the table takes rows that are frozen already, and strictly one behind the other, in the archive's order.
 */
export async function loadTable(client: pg.Client, table: Table, options: LoadTableOptions): Promise<void> {
  const name = `public.${pg.escapeIdentifier(table.name)}`
  const columns = table.columns.map(pg.escapeIdentifier).join(', ')
  await client.query('begin')
  if (options.isWhole) await client.query(`truncate only ${name}`)
  let total = 0
  for (const part of table.parts) {
    // Opened first: a COPY that waits for it would have nobody to hear how it fails.
    const body = await options.readPart(part)
    const sql = `copy ${name} (${columns}) from stdin (format binary, freeze ${options.isWhole})`
    const rows = await copyIn(client, sql, body, (bytes) => options.progress.read(table.name, bytes))
    if (rows !== part.rows) throw wrongCount(part.name, part.rows, rows)
    total += rows
    options.progress.finished(table.name, rows)
  }
  if (total !== table.rows) throw wrongCount(table.name, table.rows, total)
  await client.query('commit')
}

export function wrongCount(name: string, wanted: number, found: number): BackupError {
  return new BackupError({
    code: 'rows_differ',
    message: `${name} should have ${wanted} rows and has ${found}`,
    next: 'The backup is damaged. Verify it, and restore another one.',
  })
}
