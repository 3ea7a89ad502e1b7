import pg from 'pg'
import { carryOver } from './carry-over.js'
import { databaseFailure } from './database-failure.js'
import { dropDatabase } from './drop-database.js'
import { type DatabaseLogin, withClient } from './open-client.js'
import { withoutSessions } from './without-sessions.js'

export interface CopyOptions {
  /** A superuser, or the owner of `from` with CREATEDB. */
  login: DatabaseLogin
  from: string
  /** What is there under this name, left by a run that was killed, is replaced. */
  to: string
}

/** Copies a whole database on its server, files and all. Nobody may be connected to it: whoever is is thrown out. */
export async function copyDatabase({ login, from, to }: CopyOptions): Promise<void> {
  try {
    await dropDatabase({ login, name: to })
    const admin = { ...login, database: 'postgres' }
    const owner = await withClient(admin, async (client) => {
      const { rows } = await client.query(
        'select pg_get_userbyid(datdba) as owner from pg_database where datname = $1',
        [from],
      )
      return (rows[0] as { owner: string } | undefined)?.owner ?? login.role
    })
    const [source, copy, by] = [from, to, owner].map(pg.escapeIdentifier)
    await withoutSessions(admin, [from], async (client) => {
      // As files: the whole database through the log would be twice the work.
      await client.query(`create database ${copy} owner ${by} template ${source} strategy file_copy`)
    })
    await withClient(admin, async (client) => {
      await client.query(`revoke all on database ${copy} from public`)
      await carryOver(client, from, to)
    })
  } catch (error) {
    throw databaseFailure(error, `the database ${from} could not be copied`)
  }
}
