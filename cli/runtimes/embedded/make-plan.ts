import { dirname } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { cacheFolder, leaseCache } from './cache-folder.js'
import { folderStamp } from './code-stamp.js'
import { chooseSocket } from './control-socket.js'
import { clusterFolder, describeChildren, maxConnections, type Parts } from './describe-children.js'
import { internalPort } from './internal-ports.js'
import type { Plan } from './plan.js'
import { providePostgres } from './postgres-binaries.js'
import { ensureCluster } from './postgres-cluster.js'
import { writePostgresConfig } from './postgres-config.js'
import type { ProgramPaths } from './program-paths.js'
import { provideRedis } from './redis-binaries.js'
import { writeRedisConfig } from './redis-config.js'
import { chooseServiceUser } from './service-user.js'
import { programNames } from './status.js'
import { storeFolder } from './store-folder.js'
import { postgresSocketFolder, redisSocket } from './store-sockets.js'

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
  const { children, addresses } = await describeChildren(deployment, await makeParts(deployment, context))
  const plan: Plan = {
    format: 1,
    socket: await chooseSocket(deployment.paths.run),
    code: await folderStamp(dirname(context.programs.supervisor)),
    children,
  }
  await noteVersions(deployment, plan)
  return { plan, addresses }
}

/** One after the other where both write lock.json, at once where it takes time. */
async function makeParts(deployment: Deployment, context: PlanContext): Promise<Parts> {
  const { database, redis } = deployment.config
  const user = chooseServiceUser()
  const portOf = (name: string) =>
    internalPort(deployment, name, { inUse: context.portsInUse, note: context.note })
  const ports = {
    postgres: database.url ? 0 : await portOf('postgres'),
    redis: redis.url ? 0 : await portOf('redis'),
  }
  const folders = {
    postgres: database.url ? '' : await storeFolder(deployment, 'postgres', user),
    redis: redis.url ? '' : await storeFolder(deployment, 'redis', user),
  }
  const workerPorts: Record<string, number> = {}
  for (const name of programNames(deployment).slice(1)) workerPorts[name] = await portOf(name)
  const [postgresBinary, redisBinary] = await Promise.all([
    database.url ? undefined : makePostgres(deployment, folders.postgres, ports.postgres),
    redis.url ? undefined : makeRedis(deployment, folders.redis, ports.redis, context),
  ])
  return {
    programs: context.programs,
    user,
    ...(postgresBinary && {
      postgres: { folder: folders.postgres, port: ports.postgres, binary: postgresBinary },
    }),
    ...(redisBinary && { redis: { folder: folders.redis, port: ports.redis, binary: redisBinary } }),
    workerPorts,
  }
}

async function makePostgres(deployment: Deployment, folder: string, port: number) {
  const place = { dataDir: clusterFolder(folder), user: chooseServiceUser() }
  const binary = await providePostgres()
  const superuserPassword = await deployment.secret('postgres-superuser-password')
  const { created } = await ensureCluster(binary, place, { superuserPassword, durable: true })
  // A new cluster has neither roles nor tables, whatever was done in an earlier one.
  if (created) await deployment.updateLock((lock) => ({ ...lock, done: {} }))
  await writePostgresConfig(place, {
    port,
    socketFolder: postgresSocketFolder(folder),
    maxConnections: maxConnections(deployment),
    durable: true,
  })
  return binary
}

async function makeRedis(deployment: Deployment, folder: string, port: number, { note }: PlanContext) {
  const onFetch = () => note(`fetching Redis for this system into ${cacheFolder()}`)
  const binary = await provideRedis({ onFetch })
  await writeRedisConfig({
    folder,
    port,
    socket: redisSocket(folder),
    password: await deployment.secret('redis-password'),
    user: chooseServiceUser(),
    durable: true,
  })
  return binary
}

async function noteVersions(deployment: Deployment, { children }: Plan): Promise<void> {
  const versions = Object.fromEntries(children.map(({ name, version }) => [name, version]))
  const known = deployment.lock.versions
  if (Object.entries(versions).every(([name, version]) => known[name] === version)) return
  await deployment.updateLock((lock) => ({ ...lock, versions: { ...lock.versions, ...versions } }))
}
