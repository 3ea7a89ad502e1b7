import pg from 'pg'
import { BackupError } from '../backup-error.js'
import { carryOver } from './carry-over.js'
import { databaseFailure } from './database-failure.js'
import { type DatabaseLogin, withClient } from './open-client.js'
import { withoutSessions } from './without-sessions.js'

export interface SwapOptions {
  /** A superuser, or a role that owns both databases and has CREATEDB. */
  login: DatabaseLogin
  /** The name that the server connects to. */
  live: string
  /** The database that is to have that name. */
  next: string
  /** The name under which the present one is kept. */
  before: string
}

/**
 * Puts one database in the place of another, by name: `live` becomes `before` and `next` becomes `live`, both or
 * neither, whenever this is killed. Whoever is connected is thrown out, whoever comes meanwhile waits and may have to
 * come again. Called again after it was done, it does nothing.
 */
export async function swapDatabases(options: SwapOptions): Promise<void> {
  const { login, live, next, before } = options
  try {
    const admin = { ...login, database: 'postgres' }
    const state = await withClient(admin, (client) => stateOf(client, options))
    if (state === 'done') return
    const renames = [...(state === 'both' ? [rename(live, before)] : []), rename(next, live)]
    if (state === 'both') await withClient(admin, (client) => carryOver(client, live, next))
    await withoutSessions(admin, [live, next], async (client) => {
      await client.query('begin')
      for (const statement of renames) await client.query(statement)
      await client.query('commit')
    })
  } catch (error) {
    throw databaseFailure(error, `the database ${next} could not be put in the place of ${live}`)
  }
}

/**
 * Undoes a swap: `before` is `live` again, and what was live is kept as `aside`. Does nothing where there is no `before`: the
 * swap was never made, or undone already. As safe to repeat.
 */
export async function swapBack(options: {
  login: DatabaseLogin
  live: string
  before: string
  aside: string
}): Promise<void> {
  const { login, live, before, aside } = options
  const admin = { ...login, database: 'postgres' }
  const isThere = await withClient(admin, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [before])
    return rowCount === 1
  }).catch((error: unknown) => {
    throw databaseFailure(error, `it could not be seen whether there is a database ${before}`)
  })
  if (!isThere) return
  await swapDatabases({ login, live, next: before, before: aside })
}

/** `both` are there to be renamed, `half` of it was done by other hands, or it is `done`. */
async function stateOf(
  client: pg.Client,
  { live, next, before }: SwapOptions,
): Promise<'both' | 'half' | 'done'> {
  const { rows } = await client.query('select datname from pg_database where datname = any ($1)', [
    [live, next, before],
  ])
  const there = new Set(rows.map((row: { datname: string }) => row.datname))
  if (there.has(live) && there.has(before) && !there.has(next)) return 'done'
  if (there.has(live) && there.has(next) && !there.has(before)) return 'both'
  if (!there.has(live) && there.has(next)) return 'half'
  throw new BackupError({
    code: 'swap_impossible',
    message: `the databases ${live}, ${next} and ${before} cannot be swapped: ${
      there.has(before) ? `${before} is there already` : `${next} is missing`
    }`,
    next: 'List the databases (psql -l): keep the one with the right data under the name of the living one, drop the rest, and run the command again.',
  })
}

function rename(from: string, to: string): string {
  return `alter database ${pg.escapeIdentifier(from)} rename to ${pg.escapeIdentifier(to)}`
}
