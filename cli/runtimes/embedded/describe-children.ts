import { dirname, join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { settingsText } from '../../deployment/recovery-folder.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { folderStamp, secretStamp } from './code-stamp.js'
import { SERVER_GRACE_MS, STORE_GRACE_MS } from './graces.js'
import { childEnv } from './host-env.js'
import { type ChildPlan, fingerprint } from './plan.js'
import type { PostgresBinaries } from './postgres-binaries.js'
import { nodeArgs, type ProgramPaths } from './program-paths.js'
import type { RedisBinary } from './redis-binaries.js'
import { redisConfigPath } from './redis-config.js'
import type { ServiceUser } from './service-user.js'
import { programNames } from './status.js'
import { postgresUrl, redisUrl } from './store-sockets.js'

const HOST = '127.0.0.1'
/** The server keeps four pools: two of database.pool_max connections, two of half as many. */
const POOLS = 3

/** A store with a place: its folder and its port on loopback. */
interface StorePlace<Binary> {
  folder: string
  port: number
  binary: Binary
}

/** All that the children of a deployment are made of; a store is left out where vetrai.yml names one of the operator’s own. */
export interface Parts {
  programs: ProgramPaths
  user: ServiceUser | undefined
  postgres?: StorePlace<PostgresBinaries>
  redis?: StorePlace<RedisBinary>
  /** Loopback port of each worker. */
  workerPorts: Record<string, number>
}

/** Says how to run every child, dependencies first. Makes nothing: the same parts give the same children. */
export async function describeChildren(
  deployment: Deployment,
  parts: Parts,
): Promise<{ children: ChildPlan[]; addresses: StoreAddresses }> {
  const { postgres, redis } = parts
  const addresses: StoreAddresses = {
    ...(postgres && { databaseUrl: postgresUrl(postgres.folder, postgres.port) }),
    ...(redis && { redisUrl: redisUrl(redis.folder, redis.port) }),
  }
  const stores = [
    ...(postgres ? [postgresChild(deployment, postgres, parts.user)] : []),
    ...(redis ? [redisChild(deployment, redis, parts.user)] : []),
  ]
  const server = await serverChild(deployment, parts.programs, { addresses, stores })
  return { children: [...stores, server, ...workerChildren(deployment, parts, server)], addresses }
}

/** Connections that PostgreSQL must allow: those of every process, and some for people. */
export function maxConnections({ config: { database, workers } }: Deployment): number {
  return Math.max(100, database.pool_max * POOLS * (1 + workers.processes) + 40)
}

/** Where the cluster of a store folder is. */
export function clusterFolder(folder: string): string {
  return join(folder, 'cluster')
}

function postgresChild(
  deployment: Deployment,
  { folder, port, binary }: StorePlace<PostgresBinaries>,
  user: ServiceUser | undefined,
): ChildPlan {
  const dataDir = clusterFolder(folder)
  return {
    name: 'postgres',
    version: binary.version,
    command: binary.postgres,
    args: ['-D', dataDir],
    env: childEnv(),
    cwd: folder,
    user: user ?? null,
    needs: [],
    health: { kind: 'postgres', host: HOST, port },
    stop: { kind: 'pg_ctl', graceMs: STORE_GRACE_MS, pgCtl: binary.pgCtl, dataDir },
    log: join(deployment.paths.logs, 'postgres.log'),
    code: `${port}:${maxConnections(deployment)}`,
  }
}

function redisChild(
  deployment: Deployment,
  { folder, port, binary }: StorePlace<RedisBinary>,
  user: ServiceUser | undefined,
): ChildPlan {
  return {
    name: 'redis',
    version: binary.version,
    command: binary.command,
    args: [redisConfigPath(folder)],
    env: childEnv(binary.env),
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
  programs: ProgramPaths,
  { addresses, stores }: { addresses: StoreAddresses; stores: ChildPlan[] },
): Promise<ChildPlan> {
  const runsJobs = deployment.config.workers.processes === 0
  const { PATH, TZ } = childEnv()
  const env = await deployment.serverEnv(addresses)
  return {
    name: 'server',
    version: programs.version,
    command: process.execPath,
    args: [...nodeArgs('server'), programs.server],
    env: {
      ...{ PATH, TZ },
      ...env,
      ...(runsJobs ? {} : { VETRAI_ROLES: 'api,scheduler' }),
    },
    cwd: deployment.dir,
    user: null,
    needs: stores.map(({ name }) => name),
    health: { kind: 'http', url: `${deployment.localUrl}/healthz` },
    stop: { kind: 'signal', graceMs: SERVER_GRACE_MS },
    log: join(deployment.paths.logs, 'server.log'),
    code: [
      await folderStamp(dirname(programs.server)),
      await secretStamp(env),
      fingerprint(settingsText(deployment)),
    ].join(':'),
  }
}

/** The same program in another role, each on a loopback port where only its health and metrics are. */
function workerChildren(
  deployment: Deployment,
  { programs, workerPorts }: Parts,
  server: ChildPlan,
): ChildPlan[] {
  return programNames(deployment)
    .slice(1)
    .map((name) => {
      const port = workerPorts[name] ?? 0
      return {
        ...server,
        name,
        args: [...nodeArgs('worker'), programs.server],
        env: { ...server.env, VETRAI_ROLES: 'worker', VETRAI_HOST: HOST, VETRAI_PORT: String(port) },
        health: { kind: 'http', url: `http://${HOST}:${port}/healthz` },
        log: join(deployment.paths.logs, `${name}.log`),
      }
    })
}
