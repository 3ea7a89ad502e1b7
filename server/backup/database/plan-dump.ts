import pg from 'pg'
import type { TableDescription } from './describe-database.js'

/** One COPY statement and the name of the part it fills. */
export interface DumpTask {
  table: string
  name: string
  sql: string
}

/**
 * Cuts tables into parts by ranges of pages, so that no part is much larger than `partBytes`. The largest tables come
 * first, since they take longest. The last range has no end: rows may lie behind the pages that were counted.
 */
export function planDump(tables: readonly TableDescription[], partBytes: number): DumpTask[] {
  return [...tables].sort((a, b) => b.bytes - a.bytes).flatMap((table) => cut(table, partBytes))
}

function cut({ name, columns, pages, bytes }: TableDescription, partBytes: number): DumpTask[] {
  const count = Math.max(1, Math.min(pages, Math.ceil(bytes / partBytes), 9_999))
  const starts = Array.from({ length: count }, (_, index) => Math.floor((pages / count) * index))
  return starts.map((start, index) => {
    const end = starts[index + 1]
    const range = [
      ...(start > 0 ? [`ctid >= '(${start},0)'`] : []),
      ...(end === undefined ? [] : [`ctid < '(${end},0)'`]),
    ]
    const from = `select ${columns.map(pg.escapeIdentifier).join(', ')} from only public.${pg.escapeIdentifier(name)}`
    const query = range.length > 0 ? `${from} where ${range.join(' and ')}` : from
    return {
      table: name,
      name: `data/${name}.${String(index + 1).padStart(4, '0')}`,
      sql: `copy (${query}) to stdout (format binary)`,
    }
  })
}
