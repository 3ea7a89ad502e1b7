import { createHash } from 'node:crypto'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import { MigrationError, Umzug } from 'umzug'
import type { Migration } from '../../migrations/helpers/migration.js'
import { alignAccess } from './align-access.js'
import { connectionParts } from './database.js'
import { knownMigrations, MIGRATIONS_FOLDER } from './known-migrations.js'

/** Any number will do, as long as every VetrAI ever made uses this one. */
const ADVISORY_LOCK = 8_675_309_001

export interface MigrationState {
  name: string
  applied_at: string | null
}

export interface MigrateOptions {
  /** Told of each migration before it runs. */
  onStep?: (name: string) => void
  /** Where the compiled migrations are; this version's own unless given. */
  folder?: URL
  /** Applies none but these. */
  only?: readonly string[]
}

/** Opens a connection as vetrai_owner, which owns the schema. */
export async function connectOwner(url: string, password: string): Promise<pg.Client> {
  const { host, port, database } = connectionParts(url)
  const client = new pg.Client({
    host,
    port,
    database,
    user: 'vetrai_owner',
    password,
    application_name: 'vetrai_migrate',
  })
  // Whoever waits for an answer gets the error; without a listener it would end the process, and nobody would learn why.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/**
 * Applies what is pending, oldest first, each in a transaction of its own. One process at a time, by an
 * advisory lock; a statement waits at most five seconds for a lock, so that a busy table is not blocked
 * behind a waiting migration. What was applied before a failure stays.
 */
export async function migrateUp(client: pg.Client, options: MigrateOptions = {}): Promise<string[]> {
  await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK])
  try {
    await client.query(`create table if not exists schema_migrations (
      name text primary key, checksum text not null, applied_at timestamptz(3) not null default now())`)
    await client.query('grant select on schema_migrations to vetrai_app, vetrai_system')
    await client.query("set lock_timeout = '5s'")
    const done = await (await umzugFor(client, options)).up()
    await alignAccess(client)
    return done.map(({ name }) => name)
  } catch (error) {
    // Umzug's wrapping says nothing that ours does not.
    throw error instanceof MigrationError && error.cause ? error.cause : error
  } finally {
    // A connection that broke has let go of it, and what broke it is the error.
    await client.query('select pg_advisory_unlock($1)', [ADVISORY_LOCK]).catch(() => undefined)
  }
}

/** All known migrations with the time each was applied; an applied one that this version does not know is last. */
export async function migrationStates(client: Pick<pg.Client, 'query'>): Promise<MigrationState[]> {
  const applied = await appliedMigrations(client)
  const known = await knownMigrations()
  const unknown = [...applied.keys()].filter((name) => !known.includes(name))
  return [...known, ...unknown].map((name) => ({
    name,
    applied_at: applied.get(name)?.toISOString() ?? null,
  }))
}

async function appliedMigrations(client: Pick<pg.Client, 'query'>): Promise<Map<string, Date>> {
  const exists = await client.query("select to_regclass('schema_migrations') is not null as yes")
  if (!exists.rows[0]?.yes) return new Map()
  const { rows } = await client.query('select name, applied_at from schema_migrations order by name')
  return new Map(rows.map((row: { name: string; applied_at: Date }) => [row.name, row.applied_at]))
}

async function umzugFor(client: pg.Client, { onStep, folder = MIGRATIONS_FOLDER, only }: MigrateOptions) {
  const known = await knownMigrations(folder)
  return new Umzug({
    context: client,
    logger: undefined,
    storage: {
      executed: async () => [...(await appliedMigrations(client)).keys()],
      // Written inside each migration's own transaction, see apply().
      logMigration: async () => undefined,
      unlogMigration: async () => undefined,
    },
    migrations: known
      .filter((name) => only?.includes(name) ?? true)
      .map((name) => ({
        name,
        up: async () => {
          onStep?.(name)
          await apply(client, name, await load(new URL(`${name}.js`, folder)))
        },
      })),
  })
}

async function load(file: URL): Promise<Migration> {
  const module = (await import(pathToFileURL(fileURLToPath(file)).href)) as { default: Migration }
  return module.default
}

async function apply(client: pg.Client, name: string, migration: Migration): Promise<void> {
  const inTransaction = migration.transaction !== false
  try {
    if (inTransaction) await client.query('begin')
    await runAndRecord(client, name, migration)
    if (inTransaction) await client.query('commit')
  } catch (error) {
    if (inTransaction) await client.query('rollback').catch(() => undefined)
    const outcome = inTransaction
      ? 'was taken back'
      : 'may have left a part behind (it runs without a transaction)'
    const words = error instanceof Error ? error.message : String(error)
    throw new Error(`migration ${name} failed and ${outcome}: ${words}`, { cause: error })
  }
}

/** Runs a migration and records it with a checksum of the SQL it ran, which tells two histories apart. */
async function runAndRecord(client: pg.Client, name: string, migration: Migration): Promise<void> {
  const checksum = createHash('sha256')
  await migration.up({
    query: (sql, values) => {
      checksum.update(`${sql}\0`)
      return client.query(sql, values)
    },
  })
  await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [
    name,
    checksum.digest('hex').slice(0, 16),
  ])
}
