import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import {
  type PrivatePostgres,
  type PrivateRedis,
  startPrivatePostgres,
  startPrivateRedis,
} from '../cli/runtimes/embedded/private-stores.js'
import { bootstrapDatabase } from '../server/storage/bootstrap.js'
import { connectOwner, migrateUp } from '../server/storage/migrations.js'

/** Passwords of the roles in tests. */
export const ROLE_PASSWORDS = {
  owner: 'owner-in-tests',
  app: 'app-in-tests',
  system: 'system-in-tests',
  monitor: 'monitor-in-tests',
  backup: 'backup-in-tests',
}

const TEMPLATE = 'vetrai_template'
/** Where files are kept in memory: hundreds of databases are made, of hundreds of files each. */
const MEMORY = '/dev/shm'

export interface Stores {
  dir: string
  postgres: PrivatePostgres
  redis: PrivateRedis
}

let starting: Promise<Stores> | undefined
let made = 0
/** Connections of the superuser to databases made here: a new one costs more than what most statements do. */
const admins = new Map<string, pg.Pool>()

/**
 * The PostgreSQL and Redis of this test run, started on first use, with one migrated template database. `durable`
 * counts where the call is the first: commits then reach the disk, as in a deployment.
 */
export function stores({ durable = false } = {}): Promise<Stores> {
  starting ??= start(durable)
  return starting
}

/** Stops what `stores` started. */
export async function stopStores(): Promise<void> {
  if (!starting) return
  const { dir, postgres, redis } = await starting
  starting = undefined
  await Promise.all([...admins.keys()].map(leave))
  await Promise.allSettled([postgres.stop(), redis.stop()])
  await rm(dir, { recursive: true, force: true })
}

/** URL of a database on the shared server. */
export function databaseUrl({ postgres }: Stores, name: string): string {
  return urlOf(postgres, name)
}

function urlOf({ host, port }: PrivatePostgres, name: string): string {
  return `postgres://${host}:${port}/${name}`
}

/** URL of one of Redis's sixteen databases, without the password. */
export function redisUrl({ redis }: Stores, index: number): string {
  return `redis://${redis.host}:${redis.port}/${index % 16}`
}

/** A fresh database copied from the migrated template; `drop` removes it. */
export async function freshDatabase(): Promise<{
  name: string
  url: string
  index: number
  drop: () => Promise<void>
}> {
  const shared = await stores()
  const index = made++
  const name = `vetrai_test_${index}`
  await asAdmin(shared, `create database ${name} template ${TEMPLATE} strategy file_copy owner vetrai_owner`)
  admins.set(name, adminPool(shared, name))
  return {
    name,
    index,
    url: databaseUrl(shared, name),
    drop: async () => {
      await leave(name)
      await asAdmin(shared, `drop database if exists ${name} with (force)`)
    },
  }
}

async function start(durable: boolean): Promise<Stores> {
  const dir = await mkdtemp(join(durable || !existsSync(MEMORY) ? tmpdir() : MEMORY, 'vetrai-test-'))
  // The processes of a parallel run end without a teardown; what they started dies with them and cleans up itself.
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const [postgres, redis] = await Promise.all([
    startPrivatePostgres({ dir, fast: !durable, maxConnections: 300 }),
    startPrivateRedis({ dir }),
  ])
  await migratedDatabase(postgres, TEMPLATE)
  return { dir, postgres, redis }
}

/** Makes a database with the roles and the newest schema; answers its URL. */
export async function migratedDatabase(postgres: PrivatePostgres, name: string): Promise<string> {
  const url = urlOf(postgres, name)
  await bootstrapDatabase({
    url,
    adminUser: postgres.adminUser,
    adminPassword: postgres.adminPassword,
    ownerPassword: ROLE_PASSWORDS.owner,
    appPassword: ROLE_PASSWORDS.app,
    systemPassword: ROLE_PASSWORDS.system,
    monitorPassword: ROLE_PASSWORDS.monitor,
    backupPassword: ROLE_PASSWORDS.backup,
  })
  const client = await connectOwner(url, ROLE_PASSWORDS.owner)
  await migrateUp(client)
  await client.end()
  return url
}

/** One statement as superuser. */
export async function asAdmin(shared: Stores, sql: string, database = 'postgres'): Promise<pg.QueryResult> {
  const kept = admins.get(database)
  if (kept) return askKept(kept, sql)
  const once = adminPool(shared, database)
  try {
    return await once.query(sql)
  } finally {
    await once.end()
  }
}

/** On one of the kept connections, which is as new after it. */
async function askKept(pool: pg.Pool, sql: string): Promise<pg.QueryResult> {
  const client = await pool.connect()
  try {
    return await client.query(sql)
  } finally {
    client.release(
      await client.query('discard all').then(
        () => false,
        () => true,
      ),
    )
  }
}

function adminPool({ postgres }: Stores, database: string): pg.Pool {
  const pool = new pg.Pool({
    host: postgres.host,
    port: postgres.port,
    user: postgres.adminUser,
    password: postgres.adminPassword,
    database,
    max: 4,
    idleTimeoutMillis: 0,
  })
  // A connection that its server ended is opened again for the next statement.
  pool.on('error', () => undefined)
  return pool
}

/** Ends what `asAdmin` keeps open to a database. */
async function leave(database: string): Promise<void> {
  const pool = admins.get(database)
  admins.delete(database)
  await pool?.end()
}
