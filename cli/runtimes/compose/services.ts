import type { Deployment } from '../../deployment/deployment.js'
import { CONTAINER_PLACES, settingsText } from '../../deployment/recovery-folder.js'
import { DEFAULT_ENGINE, type DeploymentConfig, type ImageName } from '../../deployment/schema.js'
import { type SecretName, targetSecret } from '../../deployment/secrets.js'
import { migrateEnv, publicUrl, type StoreAddresses, serverEnv } from '../../deployment/server-env.js'
import { TOOL_ALLOCATOR, TOOL_NODE_ARGS } from '../backup-tool.js'
import { ACCESS_KEY, BUCKET, generatedFiles } from './generated-files.js'
import { memoryOf } from './host-memory.js'
import { archivingSettings, stanzaOf, WAL_CONF } from './point-in-time/repository.js'
import { CLUSTER, SOCKET, walNetworks, walSpecs, walVolumes } from './point-in-time/wal-specs.js'
import { type Sizes, sizesFor } from './sizes.js'

/** A service of the Compose file before its fragment is filled. */
export interface ServiceSpec {
  name: string
  /** File below compose/fragments/, without `.yaml`. */
  fragment: string
  image: ImageName
  values: Record<string, unknown>
  /** Generated files it mounts: a change of theirs makes it anew. */
  mounts: string[]
  /** Further text that makes it anew when it changes. */
  reads?: string
}

/** The server keeps four pools: two of database.pool_max connections, two of half as many. */
const POOLS = 3
/** Ranges that engines give to networks of containers: only the proxy can reach the server from there. */
const CONTAINER_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']

/** What services a deployment has, stores first, and the files they need. */
export async function serviceSpecs(
  deployment: Deployment,
): Promise<{ specs: ServiceSpec[]; generated: Record<string, string> }> {
  const { config } = deployment
  const sizes = sizesFor(await memoryOf(config), connectionsOf(config))
  const generated = await generatedFiles(deployment, sizes)
  const specs = [
    ...storeSpecs(deployment, sizes),
    ...(await programSpecs(deployment, sizes)),
    proxySpec(config, sizes),
    ...(config.backup.wal
      ? walSpecs(deployment, { wal: mb(sizes.wal), restore: mb(sizes.postgres), shm: sharedMemory(sizes) })
      : []),
  ]
  return { specs: [...specs, ...monitoringSpecs(config, sizes, Object.keys(generated))], generated }
}

/** Names of the stores that run as containers of this deployment. */
export function storeNames({ database, redis, objects }: DeploymentConfig): string[] {
  return [
    ...(database.url ? [] : ['postgres']),
    ...(redis.url ? [] : ['redis']),
    ...(objects.store === 'built-in' ? ['object-store'] : []),
  ]
}

/** Where programs inside the deployment's networks find the built-in stores. */
export function containerAddresses(config: DeploymentConfig): StoreAddresses {
  return {
    ...(!config.database.url && { databaseUrl: 'postgres://postgres:5432/vetrai' }),
    ...(!config.redis.url && { redisUrl: 'redis://redis:6379/0' }),
    ...(config.objects.store === 'built-in' && {
      objects: {
        endpoint: 'http://object-store:9000',
        public_endpoint: publicUrl(config),
        region: 'us-east-1',
        bucket: BUCKET,
        access_key: ACCESS_KEY,
      },
    }),
  }
}

function connectionsOf({ database, workers }: DeploymentConfig): number {
  return Math.max(100, database.pool_max * POOLS * (1 + workers.processes) + 40)
}

function storeSpecs(deployment: Deployment, sizes: Sizes): ServiceSpec[] {
  const { config } = deployment
  const { engine = DEFAULT_ENGINE } = config.objects
  const all: ServiceSpec[] = [
    postgresSpec(deployment, sizes),
    {
      name: 'redis',
      fragment: 'redis',
      image: 'redis',
      values: { memory: mb(sizes.redis) },
      mounts: ['redis.conf'],
    },
    {
      name: 'object-store',
      fragment: `object-store-${engine}`,
      image: 'object-store',
      values: { memory: mb(sizes.objects), access_key: ACCESS_KEY },
      mounts: engine === 'seaweedfs' ? ['seaweedfs-s3.json'] : [],
    },
  ]
  return all.filter(({ name }) => storeNames(config).includes(name))
}

function postgresSpec(deployment: Deployment, sizes: Sizes): ServiceSpec {
  const { wal } = deployment.config.backup
  const settings = {
    ...sizes.postgresSettings,
    ...(wal && archivingSettings(stanzaOf(deployment))),
  }
  return {
    name: 'postgres',
    fragment: 'postgres',
    image: 'postgres',
    values: {
      command: [
        'postgres',
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      volumes: [CLUSTER, ...(wal ? [SOCKET, ...walVolumes(deployment)] : [])],
      tmpfs: ['/tmp:mode=1777,size=64m', ...(wal ? [] : [`${SOCKET.target}:mode=1777,size=1m`])],
      networks: ['back', ...(wal ? walNetworks(deployment) : [])],
      memory: mb(sizes.postgres),
      shm: sharedMemory(sizes),
    },
    mounts: wal ? [WAL_CONF] : [],
  }
}

/** The server, its workers and the one-offs that migrate and make backups: one image in four roles. */
async function programSpecs(deployment: Deployment, sizes: Sizes): Promise<ServiceSpec[]> {
  const { config, paths, secrets } = deployment
  const input = {
    config,
    paths: { objects: '/data/objects', mail: '/data/mail', recovery: CONTAINER_PLACES.recovery },
    secrets: {
      path: CONTAINER_PLACES.secret,
      previousPath: (name: SecretName) => `${PREVIOUS}/${name}`,
      find: (name: SecretName) => secrets.find(name),
    },
    addresses: containerAddresses(config),
  }
  const server = inContainer(await serverEnv(input), config)
  const migrate = inContainer(await migrateEnv(input), config)
  const { processes } = config.workers
  const shared = {
    image: 'server' as const,
    mounts: [],
    reads: settingsText(deployment),
  }
  const targets = await targetSecrets(deployment)
  const needs = Object.fromEntries(storeNames(config).map((name) => [name, { condition: 'service_healthy' }]))
  const volumes = [
    { type: 'bind', source: paths.mail, target: '/data/mail' },
    { type: 'bind', source: paths.objects, target: '/data/objects' },
    // A folder, since what is in it comes and goes: a container need not be made anew for that.
    { type: 'bind', source: secrets.previousFolder('master-key'), target: PREVIOUS, read_only: true },
    // A folder too: what is sealed in it changes with every secret, and what changes settings.json makes them anew.
    { type: 'bind', source: paths.recovery, target: CONTAINER_PLACES.recovery, read_only: true },
    { type: 'bind', source: paths.backups, target: CONTAINER_PLACES.backups },
    ...targetFolders(config).map((folder) => ({ type: 'bind', source: folder, target: folder })),
  ]
  const programs = (environment: Record<string, string>, memory: number) => ({
    environment,
    secrets: [...new Set([...secretsOf(environment), ...targets])].sort(),
    volumes,
    memory: mb(memory),
    depends_on: needs,
  })
  const roles = processes === 0 ? server : { ...server, VETRAI_ROLES: 'api,scheduler' }
  const worker = { ...server, VETRAI_ROLES: 'worker' }
  return [
    { ...shared, name: 'server', fragment: 'server', values: programs(roles, sizes.server) },
    ...(processes === 0
      ? []
      : [
          {
            ...shared,
            name: 'worker',
            fragment: 'worker',
            values: { ...programs(worker, sizes.worker), processes },
          },
        ]),
    { ...shared, name: 'migrate', fragment: 'migrate', values: programs(migrate, sizes.server) },
    {
      ...{ ...shared, name: TOOL, fragment: TOOL },
      values: {
        ...programs({ ...migrate, ...TOOL_ALLOCATOR }, Math.max(sizes.server, LEAST_FOR_BACKUPS)),
        entrypoint: ['node', ...TOOL_NODE_ARGS, 'dist/packed/server/backup-tool.js'],
      },
    },
  ]
}

/** The one-off that makes and reads backups. */
export const TOOL = 'backup-tool'
/** Services that run for one command, and are no components. */
export const ONE_OFFS: readonly string[] = ['migrate', TOOL, 'wal-restore']
/** Megabytes: parts are compressed and sealed several at a time, and a drill starts a server of its own. */
const LEAST_FOR_BACKUPS = 768

/** Folders elsewhere on this host that backups go to. */
export function targetFolders({ backup }: DeploymentConfig): string[] {
  return [...new Set(backup.targets.flatMap(({ folder }) => (folder === undefined ? [] : [folder])))].sort()
}

/** Compose refuses a secret without a file: one that is yet to be given is left out, and its target says so. */
async function targetSecrets({ config, secrets }: Deployment): Promise<string[]> {
  const names = config.backup.targets.flatMap(({ name, s3 }) => (s3 ? [targetSecret(name)] : []))
  const found = await Promise.all(names.map(async (name) => ((await secrets.find(name)) ? [name] : [])))
  return found.flat()
}

const MOUNT = '/run/secrets/'
/** Where servers find the other value of a secret while it is rotated. */
const PREVIOUS = '/run/previous'

/** More than the second for which the proxy keeps a connection that idles (compose/caddy/Caddyfile). */
const IDLE_MS = '1500'

function inContainer(env: NodeJS.ProcessEnv, config: DeploymentConfig): Record<string, string> {
  const values = { SHUTDOWN_IDLE_MS: IDLE_MS, ...env, VETRAI_HOST: '0.0.0.0', VETRAI_PORT: '8000', TZ: 'UTC' }
  const proxies = [...CONTAINER_RANGES, ...config.trust_proxy].join(',')
  return Object.fromEntries(
    Object.entries({ ...values, TRUST_PROXY: proxies }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}

function secretsOf(environment: Record<string, string>): string[] {
  const named = Object.values(environment).filter((value) => value.startsWith(MOUNT))
  return [...new Set(named.map((value) => value.slice(MOUNT.length)))].sort()
}

function proxySpec(config: DeploymentConfig, sizes: Sizes): ServiceSpec {
  const { proxy, host, port } = config
  const public_ = proxy.domain
    ? [
        published(proxy.host, proxy.http_port, 80),
        published(proxy.host, proxy.https_port, 443),
        published(proxy.host, proxy.https_port, 443, 'udp'),
      ]
    : []
  return {
    name: 'proxy',
    fragment: 'proxy',
    image: 'proxy',
    values: {
      ports: [published(host, port, 8000), ...public_],
      networks: config.objects.store === 'built-in' ? ['front', 'back'] : ['front'],
      memory: mb(sizes.proxy),
    },
    mounts: ['Caddyfile'],
  }
}

function published(host: string, port: number, target: number, protocol = 'tcp') {
  return { mode: 'host', host_ip: host, published: String(port), target, protocol }
}

function monitoringSpecs(
  { monitoring, ...config }: DeploymentConfig,
  sizes: Sizes,
  files: string[],
): ServiceSpec[] {
  if (!monitoring.prometheus) return []
  const below = (folder: string) => files.filter((name) => name.startsWith(`${folder}/`))
  const { prometheus_port, grafana_port, retention_days } = monitoring
  const exporter = (name: 'postgres-exporter' | 'redis-exporter', mounts: string[]): ServiceSpec => ({
    name,
    fragment: name,
    image: name,
    values: { memory: mb(sizes.exporter) },
    mounts,
  })
  return [
    ...(config.database.url ? [] : [exporter('postgres-exporter', [])]),
    ...(config.redis.url ? [] : [exporter('redis-exporter', ['redis-exporter.json'])]),
    {
      name: 'prometheus',
      fragment: 'prometheus',
      image: 'prometheus',
      values: { prometheus_port, retention_days, memory: mb(sizes.prometheus) },
      mounts: below('prometheus'),
    },
    ...(monitoring.grafana
      ? [
          {
            name: 'grafana',
            fragment: 'grafana',
            image: 'grafana' as const,
            values: { grafana_port, memory: mb(sizes.grafana) },
            mounts: below('grafana'),
          },
        ]
      : []),
  ]
}

function sharedMemory(sizes: Sizes): string {
  return mb(Math.max(64, sizes.postgres / 4))
}

function mb(megabytes: number): string {
  return `${Math.round(megabytes)}m`
}
