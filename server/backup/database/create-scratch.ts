import pg from 'pg'
import { databaseFailure } from './database-failure.js'
import { dropDatabase } from './drop-database.js'
import { refuseLiving } from './guarded-database.js'
import { type DatabaseLogin, partsOf, withClient } from './open-client.js'

export interface ScratchOptions {
  /** A superuser, or a role with CREATEDB that is to be the owner itself. Its URL names the living database. */
  login: DatabaseLogin
  name: string
  owner: 'vetrai_owner' | 'vetrai_backup'
}

/** Makes an empty database like the living one, in place of what an earlier run left under this name. */
export async function createScratch({ login, name, owner }: ScratchOptions): Promise<void> {
  refuseLiving(login, name)
  try {
    await dropDatabase({ login, name })
    await withClient({ ...login, database: 'postgres' }, async (client) => {
      const locale = await localeOf(client, partsOf(login).database)
      const quoted = pg.escapeIdentifier(name)
      // From template0, which nobody is connected to and nobody has changed.
      await client.query(`create database ${quoted} owner ${owner} template template0 ${locale}`)
      await grantConnect(client, name)
    })
  } catch (error) {
    throw databaseFailure(error, `the database ${name} could not be made`)
  }
}

/** Lets VetrAI's roles in, those that are there, and nobody else. */
async function grantConnect(client: Pick<pg.Client, 'query'>, name: string): Promise<void> {
  const quoted = pg.escapeIdentifier(name)
  await client.query(`revoke all on database ${quoted} from public`)
  const { rows } = await client.query(
    "select rolname from pg_roles where rolname in ('vetrai_app', 'vetrai_system', 'vetrai_monitor', 'vetrai_backup')",
  )
  for (const { rolname } of rows as { rolname: string }[])
    await client.query(`grant connect on database ${quoted} to ${rolname}`)
}

/** Encoding and collation of a database in the words of CREATE DATABASE: text must sort as it did. */
async function localeOf(client: Pick<pg.Client, 'query'>, like: string): Promise<string> {
  const { rows } = await client.query(
    'select to_jsonb(d) as row, pg_encoding_to_char(encoding) as encoding from pg_database d where datname = $1',
    [like],
  )
  if (rows.length === 0) return ''
  const { row, encoding } = rows[0] as { row: Record<string, string | null>; encoding: string }
  // PostgreSQL 17 renamed the column.
  const locale = row.datlocale ?? row.daticulocale
  return [
    `encoding ${pg.escapeLiteral(encoding)}`,
    `lc_collate ${pg.escapeLiteral(row.datcollate ?? 'C')} lc_ctype ${pg.escapeLiteral(row.datctype ?? 'C')}`,
    ...(row.datlocprovider === 'i' && locale
      ? [`locale_provider icu icu_locale ${pg.escapeLiteral(locale)}`]
      : []),
    ...(row.datlocprovider === 'b' && locale
      ? [`locale_provider builtin builtin_locale ${pg.escapeLiteral(locale)}`]
      : []),
  ].join(' ')
}
