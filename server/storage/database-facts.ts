import { connectOwner, migrationStates } from './migrations.js'

/** What an upgrade wants to know of the database. */
export interface DatabaseFacts {
  /** Applied migrations, oldest first. */
  migrations: string[]
  /** Major version of PostgreSQL. */
  postgres: number
  bytes: number
  /** Rows inserted, changed and deleted since the database was made, as its statistics count them. */
  writes: number
}

/** Asks the database what there is of it, as vetrai_owner. */
export async function databaseFacts(url: string, password: string): Promise<DatabaseFacts> {
  const client = await connectOwner(url, password)
  try {
    const states = await migrationStates(client)
    const { rows } = await client.query(
      `select current_setting('server_version_num')::int / 10000 as postgres,
         pg_database_size(current_database())::float8 as bytes,
         (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables)::float8 as writes`,
    )
    const [{ postgres, bytes, writes }] = rows as [{ postgres: number; bytes: number; writes: number }]
    const applied = states.filter(({ applied_at }) => applied_at !== null).map(({ name }) => name)
    return { migrations: applied, postgres, bytes, writes }
  } finally {
    await client.end()
  }
}
