import pg from 'pg'
import { databaseFailure } from './database-failure.js'
import { refuseLiving } from './guarded-database.js'
import { type DatabaseLogin, withClient } from './open-client.js'

/** Removes a database and whoever is connected to it; one that is not there is no error, the living one is. */
export async function dropDatabase({ login, name }: { login: DatabaseLogin; name: string }): Promise<void> {
  refuseLiving(login, name)
  try {
    await withClient({ ...login, database: 'postgres' }, async (client) => {
      await client.query(END_MAKING, [name])
      await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
    })
  } catch (error) {
    throw databaseFailure(error, `the database ${name} could not be dropped`)
  }
}

// A database that is being made is not there yet, and would be after it was dropped: PostgreSQL goes on when its client is gone.
const END_MAKING = `
  select pg_terminate_backend(pid, 10000) from pg_stat_activity
    where usename = current_user and pid <> pg_backend_pid() and starts_with(query, format('create database "%s" ', $1::text))`
