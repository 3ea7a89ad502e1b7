import pg from 'pg'
import { databaseFailure } from './database-failure.js'
import { refuseLiving } from './guarded-database.js'
import { type DatabaseLogin, withClient } from './open-client.js'

/** Removes a database and whoever is connected to it; one that is not there is no error, the living one is. */
export async function dropDatabase({ login, name }: { login: DatabaseLogin; name: string }): Promise<void> {
  refuseLiving(login, name)
  try {
    await withClient({ ...login, database: 'postgres' }, (client) =>
      client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`),
    )
  } catch (error) {
    throw databaseFailure(error, `the database ${name} could not be dropped`)
  }
}
