import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from } from 'pg-copy-streams'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest, Part } from '../manifest.js'
import { CountBytes } from './count-bytes.js'
import type { Progress } from './progress.js'

type Table = DatabaseManifest['tables'][number]

export interface LoadTableOptions {
  readPart: (part: Part) => Readable | Promise<Readable>
  progress: Progress
}

/**
 * Replaces a table's rows by those of its parts, in one transaction. Emptied in the same transaction, the table takes
 * rows that are frozen already, and strictly one behind the other, so that it has the archive's order.
 */
export async function loadTable(client: pg.Client, table: Table, options: LoadTableOptions): Promise<void> {
  const name = `public.${pg.escapeIdentifier(table.name)}`
  const columns = table.columns.map(pg.escapeIdentifier).join(', ')
  await client.query('begin')
  await client.query(`truncate only ${name}`)
  let total = 0
  for (const part of table.parts) {
    const copy = client.query(from(`copy ${name} (${columns}) from stdin (format binary, freeze)`))
    const body = await options.readPart(part)
    await pipeline(body, new CountBytes((bytes) => options.progress.read(table.name, bytes)), copy)
    if (copy.rowCount !== part.rows) throw wrongCount(part.name, part.rows, copy.rowCount)
    total += copy.rowCount
    options.progress.finished(table.name, copy.rowCount)
  }
  if (total !== table.rows) throw wrongCount(table.name, table.rows, total)
  await client.query('commit')
}

function wrongCount(name: string, wanted: number, found: number): BackupError {
  return new BackupError({
    code: 'rows_differ',
    message: `${name} should have ${wanted} rows and has ${found}`,
    next: 'The backup is damaged. Verify it, and restore another one.',
  })
}
