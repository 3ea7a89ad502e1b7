import { databaseFailure } from './database-failure.js'
import { dropDatabase } from './drop-database.js'
import { type DatabaseLogin, withClient } from './open-client.js'
import { swapBack } from './swap-databases.js'

/**
 * Puts the database that was swapped away in its place again where it is there, and drops what stood there since and what
 * was to stand there. Safe to repeat, also where nothing was swapped yet.
 */
export async function undoSwap({
  login,
  live,
  next,
  before,
}: {
  login: DatabaseLogin
  live: string
  next: string
  before: string
}): Promise<void> {
  const aside = `${next}_undone`
  if (await exists(login, before)) {
    if (await exists(login, live)) await dropDatabase({ login, name: aside })
    await swapBack({ login, live, before, aside })
  }
  for (const name of [aside, next]) await dropDatabase({ login, name })
}

async function exists(login: DatabaseLogin, name: string): Promise<boolean> {
  try {
    return await withClient({ ...login, database: 'postgres' }, async (client) => {
      const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
      return rowCount === 1
    })
  } catch (error) {
    throw databaseFailure(error, 'the databases cannot be listed')
  }
}
