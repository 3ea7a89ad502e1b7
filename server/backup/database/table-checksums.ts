import pg from 'pg'
import { readTables } from './describe-database.js'

export interface TableChecksum {
  name: string
  rows: number
  /** Sum of a hash of each row: the same for the same rows in whatever order. */
  checksum: string
}

/**
 * A checksum of each table over its rows, whatever their order. The connection is one of `openClient`, which fixes
 * how values look as text; computed columns count too.
 */
export async function tableChecksums(client: Pick<pg.Client, 'query'>): Promise<TableChecksum[]> {
  const sums: TableChecksum[] = []
  for (const { name } of await readTables(client)) {
    const { rows } = await client.query(`
      select count(*)::float8 as rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as checksum
      from only public.${pg.escapeIdentifier(name)} t`)
    sums.push({ name, ...(rows[0] as { rows: number; checksum: string }) })
  }
  return sums
}
