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
  /** When that count began anew, as it does where PostgreSQL was ended by force; null where it never did. */
  counted_since: string | null
}

/** Asks the database what there is of it, as vetrai_owner. */
export async function databaseFacts(url: string, password: string): Promise<DatabaseFacts> {
  const client = await connectOwner(url, password)
  try {
    const states = await migrationStates(client)
    const { rows } = await client.query(
      `select current_setting('server_version_num')::int / 10000 as postgres,
         pg_database_size(current_database())::float8 as bytes,
         (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables)::float8 as writes,
         (select greatest(b.stats_reset, d.stats_reset) from pg_stat_bgwriter b, pg_stat_database d
           where d.datname = current_database())::text as counted_since`,
    )
    const [figures] = rows as [Omit<DatabaseFacts, 'migrations'>]
    const applied = states.filter(({ applied_at }) => applied_at !== null).map(({ name }) => name)
    return { ...figures, migrations: applied }
  } finally {
    await client.end()
  }
}
