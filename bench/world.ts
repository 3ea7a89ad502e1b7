import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeArgs } from '../cli/runtimes/embedded/program-paths.js'
import { generateToken } from '../server/kernel/token-format.js'
import { Caller } from '../test/caller.js'
import { freshDatabase, ROLE_PASSWORDS, redisUrl, stopStores, stores } from '../test/stores.js'
import { type Measured, startServer } from './machine/processes.js'

const PASSWORD = 'a quiet river 7 miles long'

/** A database with one organisation in it, and the environment of a server over it. */
export interface World {
  env: Record<string, string>
  folder: string
  operatorToken: string
  databaseName: string
  /** Drops the database; the stores go on for others. */
  dropDatabase(): Promise<void>
  close(): Promise<void>
}

/** Who calls in the scenarios. */
export interface Cast {
  tenantId: string
  email: string
  password: string
  /** Access token of an administrator. */
  jwt: string
  /** Key that reads and verifies. */
  callerKey: string
  /** Key that enqueues jobs. */
  jobsKey: string
  /** Key that is verified. */
  otherKey: string
}

/** Starts PostgreSQL and Redis of their own and prepares a database. Everything is removed by `close`. */
export async function openWorld(options: { durable?: boolean } = {}): Promise<World> {
  const shared = await stores(options)
  const database = await freshDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-bench-'))
  const operatorToken = generateToken('vtr_at_')
  const env = {
    VETRAI_PUBLIC_URL: 'http://vetrai.test',
    VETRAI_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: database.url,
    DATABASE_APP_PASSWORD: ROLE_PASSWORDS.app,
    DATABASE_SYSTEM_PASSWORD: ROLE_PASSWORDS.system,
    REDIS_URL: redisUrl(shared, database.index),
    REDIS_PASSWORD: shared.redis.password,
    OPERATOR_EMAIL: 'operator@vetrai.test',
    OPERATOR_PASSWORD: 'correct horse battery staple 42',
    OPERATOR_TOKEN: operatorToken,
    MAILBOX_PATH: join(folder, 'mail'),
    OBJECT_STORE_PATH: join(folder, 'objects'),
    // The limits are counted as always and are out of reach: refusals are not what is measured.
    RATE_LIMIT_FACTOR: '100000',
  }
  return {
    env,
    folder,
    operatorToken,
    databaseName: database.name,
    dropDatabase: async () => {
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
    close: async () => {
      await database.drop()
      await stopStores()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A VetrAI server over the world, logging to a file as a deployed one does. */
export function startVetrai(
  world: World,
  { roles, ...options }: { cores?: 'server' | 'all'; roles?: string } = {},
): Promise<Measured> {
  const program = join(import.meta.dirname, '..', 'packed', 'server', 'main.js')
  const env = roles ? { ...world.env, VETRAI_ROLES: roles } : world.env
  return startServer(program, {
    env,
    nodeArgs: nodeArgs(roles === 'worker' ? 'worker' : 'server'),
    log: join(world.folder, 'server.log'),
    ...options,
  })
}

/** The yardstick server. */
export function startExpress(options: { cores?: 'server' | 'all' } = {}): Promise<Measured> {
  return startServer(join(import.meta.dirname, 'baseline', 'express-server.js'), options)
}

/** Makes an organisation with an administrator and two keys through the API. */
export async function populate(world: World, url: string): Promise<Cast> {
  const operator = new Caller(url, { token: world.operatorToken })
  const name = `bench-${Date.now().toString(36)}`
  const email = `${name}@example.com`
  const tenant = await made(operator.post('/tenancy/v1/tenants', { slug: name, name: 'Bench' }))
  const inside = operator.in(tenant.id)
  await made(inside.post('/auth/v1/users', { email, password: PASSWORD, role: 'org_admin' }))
  const login = await made(new Caller(url).post('/auth/v1/login', { email, password: PASSWORD }))
  const admin = new Caller(url, { token: login.access_token })
  const caller = await made(
    admin.post('/keys/v1/keys', { name: 'caller', scopes: ['tenancy:read', 'keys:verify'] }),
  )
  const jobs = await made(
    admin.post('/keys/v1/keys', { name: 'jobs', scopes: ['jobs:write', 'notifications:send'] }),
  )
  const other = await made(admin.post('/keys/v1/keys', { name: 'other', scopes: ['documents:read'] }))
  return {
    tenantId: tenant.id,
    email,
    password: PASSWORD,
    jwt: login.access_token,
    callerKey: caller.key,
    jobsKey: jobs.key,
    otherKey: other.key,
  }
}

async function made(call: ReturnType<Caller['get']>) {
  const answer = await call
  if (answer.status >= 300) throw new Error(`the bench cannot be prepared: ${answer.status} ${answer.text}`)
  return answer.body
}
