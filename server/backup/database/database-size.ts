import { databaseFailure } from './database-failure.js'
import { type DatabaseLogin, partsOf, withClient } from './open-client.js'

/** Bytes that a database takes on disk, indexes included. */
export async function databaseSize(login: DatabaseLogin): Promise<number> {
  const { database } = partsOf(login)
  try {
    return await withClient(login, async (client) => {
      const { rows } = await client.query('select pg_database_size($1)::float8 as bytes', [database])
      return (rows[0] as { bytes: number }).bytes
    })
  } catch (error) {
    throw databaseFailure(error, `the size of the database ${database} could not be read`)
  }
}
