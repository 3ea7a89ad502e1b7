import { dirname, join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { cacheFolder, leaseCache } from './cache-folder.js'
import { folderStamp } from './code-stamp.js'
import { chooseSocket } from './control-socket.js'
import { SERVER_GRACE_MS, STORE_GRACE_MS } from './graces.js'
import { plainEnv } from './host-env.js'
import { internalPort } from './internal-ports.js'
import type { ChildPlan, Plan } from './plan.js'
import { providePostgres } from './postgres-binaries.js'
import { ensureCluster } from './postgres-cluster.js'
import { writePostgresConfig } from './postgres-config.js'
import { nodeArgs, type ProgramPaths } from './program-paths.js'
import { provideRedis } from './redis-binaries.js'
import { writeRedisConfig } from './redis-config.js'
import { chooseServiceUser } from './service-user.js'
import { programNames } from './status.js'
import { storeFolder } from './store-folder.js'
import { postgresSocketFolder, postgresUrl, redisSocket, redisUrl } from './store-sockets.js'

const HOST = '127.0.0.1'
/** The server keeps four pools: two of database.pool_max connections, two of half as many. */
const POOLS = 3

/** What making a plan needs to know of the present. */
export interface PlanContext {
  programs: ProgramPaths
  /** Ports that our own running children hold. */
  portsInUse: number[]
  note: (text: string) => void
}

/**
 * Makes ready all that the deployment's children need (programs, folders, cluster, settings) and says
 * how to run them. Safe to repeat; gives the same plan while nothing changed.
 */
export async function makePlan(
  deployment: Deployment,
  context: PlanContext,
): Promise<{ plan: Plan; addresses: StoreAddresses }> {
  await leaseCache(deployment.id, deployment.dir)
  const { database, redis } = deployment.config
  // One after the other where both write lock.json, at once where it takes time.
  const ports = {
    postgres: database.url ? 0 : await internalPort(deployment, 'postgres', portOptions(context)),
    redis: redis.url ? 0 : await internalPort(deployment, 'redis', portOptions(context)),
  }
  const folders = {
    postgres: database.url ? '' : await storeFolder(deployment, 'postgres', chooseServiceUser()),
    redis: redis.url ? '' : await storeFolder(deployment, 'redis', chooseServiceUser()),
  }
  const stores = await Promise.all([
    ...(database.url ? [] : [postgresChild(deployment, folders.postgres, ports.postgres)]),
    ...(redis.url ? [] : [redisChild(deployment, folders.redis, ports.redis, context)]),
  ])
  const addresses: StoreAddresses = {
    ...(!database.url && { databaseUrl: postgresUrl(folders.postgres, ports.postgres) }),
    ...(!redis.url && { redisUrl: redisUrl(folders.redis, ports.redis) }),
  }
  const programs = [
    await serverChild(deployment, context, addresses, stores),
    ...(await workerChildren(deployment, context, addresses, stores)),
  ]
  const plan: Plan = {
    format: 1,
    socket: await chooseSocket(deployment.paths.run),
    code: await folderStamp(dirname(context.programs.supervisor)),
    children: [...stores, ...programs],
  }
  await noteVersions(deployment, plan)
  return { plan, addresses }
}

async function postgresChild(deployment: Deployment, folder: string, port: number): Promise<ChildPlan> {
  const user = chooseServiceUser()
  const binaries = await providePostgres()
  const dataDir = join(folder, 'cluster')
  const superuserPassword = await deployment.secret('postgres-superuser-password')
  const { created } = await ensureCluster(binaries, { dataDir, user }, { superuserPassword, durable: true })
  // A new cluster has neither roles nor tables, whatever was done in an earlier one.
  if (created) await deployment.updateLock((lock) => ({ ...lock, done: {} }))
  const { database, workers } = deployment.config
  const maxConnections = Math.max(100, database.pool_max * POOLS * (1 + workers.processes) + 40)
  await writePostgresConfig(
    { dataDir, user },
    { port, socketFolder: postgresSocketFolder(folder), maxConnections, durable: true },
  )
  return {
    name: 'postgres',
    version: binaries.version,
    command: binaries.postgres,
    args: ['-D', dataDir],
    env: plainEnv(),
    cwd: folder,
    user: user ?? null,
    needs: [],
    health: { kind: 'postgres', host: HOST, port },
    stop: { kind: 'pg_ctl', graceMs: STORE_GRACE_MS, pgCtl: binaries.pgCtl, dataDir },
    log: join(deployment.paths.logs, 'postgres.log'),
    code: `${port}:${maxConnections}`,
  }
}

async function redisChild(
  deployment: Deployment,
  folder: string,
  port: number,
  { note }: PlanContext,
): Promise<ChildPlan> {
  const user = chooseServiceUser()
  const onFetch = () => note(`fetching Redis for this system into ${cacheFolder()}`)
  const binary = await provideRedis({ onFetch })
  const password = await deployment.secret('redis-password')
  const config = await writeRedisConfig({
    folder,
    port,
    socket: redisSocket(folder),
    password,
    user,
    durable: true,
  })
  return {
    name: 'redis',
    version: binary.version,
    command: binary.command,
    args: [config],
    env: plainEnv(binary.env),
    cwd: folder,
    user: user ?? null,
    needs: [],
    health: { kind: 'redis', host: HOST, port, passwordFile: deployment.secrets.path('redis-password') },
    stop: { kind: 'redis-shutdown', graceMs: STORE_GRACE_MS },
    log: join(deployment.paths.logs, 'redis.log'),
    code: `${binary.engine}:${port}`,
  }
}

async function serverChild(
  deployment: Deployment,
  { programs }: PlanContext,
  addresses: StoreAddresses,
  stores: ChildPlan[],
): Promise<ChildPlan> {
  const runsJobs = deployment.config.workers.processes === 0
  return {
    name: 'server',
    version: programs.version,
    command: process.execPath,
    args: [...nodeArgs('server'), programs.server],
    env: {
      PATH: plainEnv().PATH,
      TZ: 'UTC',
      ...(await deployment.serverEnv(addresses)),
      ...(runsJobs ? {} : { VETRAI_ROLES: 'api,scheduler' }),
    },
    cwd: deployment.dir,
    user: null,
    needs: stores.map(({ name }) => name),
    health: { kind: 'http', url: `${deployment.localUrl}/healthz` },
    stop: { kind: 'signal', graceMs: SERVER_GRACE_MS },
    log: join(deployment.paths.logs, 'server.log'),
    code: await folderStamp(dirname(programs.server)),
  }
}

/** The same program in another role, each on a loopback port where only its health and metrics are. */
async function workerChildren(
  deployment: Deployment,
  context: PlanContext,
  addresses: StoreAddresses,
  stores: ChildPlan[],
): Promise<ChildPlan[]> {
  const children: ChildPlan[] = []
  for (const name of programNames(deployment).slice(1)) {
    const port = await internalPort(deployment, name, portOptions(context))
    const server = await serverChild(deployment, context, addresses, stores)
    children.push({
      ...server,
      name,
      args: [...nodeArgs('worker'), context.programs.server],
      env: { ...server.env, VETRAI_ROLES: 'worker', VETRAI_HOST: HOST, VETRAI_PORT: String(port) },
      health: { kind: 'http', url: `http://${HOST}:${port}/healthz` },
      log: join(deployment.paths.logs, `${name}.log`),
    })
  }
  return children
}

function portOptions({ portsInUse, note }: PlanContext) {
  return { inUse: portsInUse, note }
}

async function noteVersions(deployment: Deployment, { children }: Plan): Promise<void> {
  const versions = Object.fromEntries(children.map(({ name, version }) => [name, version]))
  const known = deployment.lock.versions
  if (Object.entries(versions).every(([name, version]) => known[name] === version)) return
  await deployment.updateLock((lock) => ({ ...lock, versions: { ...lock.versions, ...versions } }))
}
