import pg from 'pg'
import { BackupError } from '../backup-error.js'
import { databaseFailure } from './database-failure.js'
import {
  type DatabaseDescription,
  describeDatabase,
  readTables,
  refuseHiddenRows,
} from './describe-database.js'
import { closeClient, cutClient, type DatabaseLogin, openClient } from './open-client.js'

/** One moment of a database that any number of connections can read at. */
export interface Snapshot {
  /** When it was taken, by the server's clock. */
  readonly takenAt: Date
  /** Aborted when the connection that holds the snapshot is lost: nobody can join it any more. */
  readonly lost: AbortSignal
  /** What the database is made of at that moment. */
  describe(): Promise<DatabaseDescription>
  /** A further connection that reads at that moment; whoever opens it closes it. */
  join(): Promise<pg.Client>
  close(): Promise<void>
}

const BEGIN = 'begin isolation level repeatable read read only'

/** Takes a snapshot of all rows and holds it, under no lock but ACCESS SHARE, until it is closed. */
export async function openSnapshot(login: DatabaseLogin): Promise<Snapshot> {
  try {
    const holder = await openClient(login)
    try {
      return await hold(login, holder)
    } catch (error) {
      await closeClient(holder)
      throw error
    }
  } catch (error) {
    throw databaseFailure(error, 'no snapshot of the database could be taken')
  }
}

async function hold(login: DatabaseLogin, holder: pg.Client): Promise<Snapshot> {
  const lost = new AbortController()
  const lose = (reason?: Error) =>
    lost.abort(databaseFailure(reason ?? new Error('Connection terminated'), 'the snapshot is lost'))
  holder.once('error', lose)
  holder.once('end', () => lose())
  await refuseHiddenRows(holder)
  const tables = await namesOf(holder)
  await holder.query(BEGIN)
  // Before the first statement, which fixes the snapshot: nothing can be truncated or rewritten between the two.
  if (tables.length > 0) await holder.query(`lock table ${tables.join(', ')} in access share mode`)
  const { rows } = await holder.query('select pg_export_snapshot() as id, statement_timestamp() as at')
  const { id, at } = rows[0] as { id: string; at: Date }
  if ((await namesOf(holder)).join() !== tables.join())
    throw new BackupError({
      code: 'schema_changed',
      message: 'tables were made or dropped while the snapshot was taken',
      next: 'A migration is running. Run the command again when it has ended.',
    })
  await refuseHiddenRows(holder)
  return {
    takenAt: at,
    lost: lost.signal,
    describe: () => wrapped('the database could not be described', () => describeDatabase(holder)),
    join: () => wrapped('the snapshot could not be joined', () => join(login, id)),
    close: () => closeClient(holder),
  }
}

/** The tables as a lock that is no more than what every SELECT takes names them. */
async function namesOf(holder: pg.Client): Promise<string[]> {
  return (await readTables(holder)).map(({ name }) => `only public.${pg.escapeIdentifier(name)}`)
}

async function join(login: DatabaseLogin, id: string): Promise<pg.Client> {
  const client = await openClient(login)
  try {
    await client.query(BEGIN)
    await client.query(`set transaction snapshot ${pg.escapeLiteral(id)}`)
    return client
  } catch (error) {
    cutClient(client)
    throw error
  }
}

async function wrapped<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw databaseFailure(error, doing)
  }
}
