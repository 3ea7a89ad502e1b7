import { dropDatabase } from '../database/drop-database.js'
import { type DatabaseLogin, withClient } from '../database/open-client.js'

/** A drill is connected to its database all the time but for moments. */
const STALE_MS = 10 * 60_000
const PREFIX = 'vetrai_drill_'

/** A name for the database of a drill, which says when it was made. */
export function drillDatabase(now: number, suffix: string): string {
  return `${PREFIX}${now.toString(36)}_${suffix}`
}

/** Removes what drills left behind that were killed: their databases that are some minutes old and that nobody is connected to. */
export async function dropStale(login: DatabaseLogin): Promise<void> {
  const names = await withClient({ ...login, database: 'postgres' }, async (client) => {
    const { rows } = await client.query(
      `select datname from pg_database d where starts_with(datname, $1) and pg_get_userbyid(datdba) = current_user
         and not exists (select from pg_stat_activity a where a.datid = d.oid)`,
      [PREFIX],
    )
    return rows.map((row: { datname: string }) => row.datname)
  })
  for (const name of names) {
    const madeAt = Number.parseInt(name.slice(PREFIX.length), 36)
    if (Date.now() - madeAt > STALE_MS) await dropDatabase({ login, name })
  }
}
