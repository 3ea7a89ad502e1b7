import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import type { DeploymentConfig } from '../../deployment/schema.js'
import { domainOrigin } from '../../deployment/server-env.js'
import { awayPage } from './away-page.js'
import { composeAsset, ROOT } from './installation.js'
import { pgbackrestConf, WAL_CONF } from './point-in-time/repository.js'
import type { Sizes } from './sizes.js'
import { fillText } from './template.js'

/** Bucket of the built-in object store; also the path that the proxy passes signed links on. */
export const BUCKET = 'vetrai-objects'
/** The only access key of the built-in object store. */
export const ACCESS_KEY = 'vetrai'

/**
 * Files that containers mount, by their path below generated/: made from vetrai.yml and compose/, never edited. Those that
 * hold a secret are written with mode 0600 as all are.
 */
export async function generatedFiles(deployment: Deployment, sizes: Sizes): Promise<Record<string, string>> {
  const { config, secrets } = deployment
  return {
    Caddyfile: await caddyfile(config),
    ...(!config.redis.url && { 'redis.conf': redisConf(sizes) }),
    ...(config.objects.store === 'built-in' &&
      config.objects.engine === 'seaweedfs' && {
        'seaweedfs-s3.json': seaweedfsConfig(await secrets.read('object-store-secret-key')),
      }),
    ...(config.backup.wal && { [WAL_CONF]: await pgbackrestConf(deployment) }),
    ...(config.monitoring.prometheus && (await monitoringFiles(deployment))),
  }
}

async function caddyfile(config: DeploymentConfig): Promise<string> {
  const { proxy, trust_proxy, objects } = config
  const [main, domain, signed] = await Promise.all(
    ['caddy/Caddyfile', 'caddy/domain', 'caddy/objects'].map(composeAsset),
  )
  const site =
    proxy.domain &&
    fillText(domain ?? '', { domain: proxy.domain, origin: domainOrigin(proxy), tls: tlsOf(proxy) })
  return fillText(main ?? '', {
    email: proxy.email,
    trusted_proxies: trust_proxy.length > 0 ? trust_proxy.join(' ') : undefined,
    strict: trust_proxy.length > 0 ? 'trusted_proxies_strict' : undefined,
    max_body: `${proxy.max_body_mb}MB`,
    objects:
      objects.store === 'built-in' ? fillText((signed ?? '').trimEnd(), { bucket: BUCKET }) : undefined,
    domain_site: site,
    ...awayPage(await readFile(join(ROOT, 'web/maintenance.html'), 'utf8'), config.name),
  })
}

/** `tls internal` has the proxy issue certificates itself; undefined leaves it to a public authority. */
function tlsOf({ certificates }: DeploymentConfig['proxy']): string | undefined {
  return certificates === 'internal' ? 'internal' : undefined
}

/** Append-only, synced every second; nothing is evicted, as Redis also carries the bells of jobs. */
function redisConf({ redisMax }: Sizes): string {
  return [
    'bind * -::*',
    'port 6379',
    'protected-mode yes',
    'dir /data',
    'appendonly yes',
    'appendfsync everysec',
    'aof-load-truncated yes',
    'save 3600 1 300 1000',
    `maxmemory ${redisMax}mb`,
    'maxmemory-policy noeviction',
    'tcp-backlog 128',
    '',
  ].join('\n')
}

function seaweedfsConfig(secretKey: string): string {
  const credentials = [{ accessKey: ACCESS_KEY, secretKey }]
  const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging']
  return `${JSON.stringify({ identities: [{ name: ACCESS_KEY, credentials, actions }] }, null, 2)}\n`
}

/** Stores of the operator's own have no exporter here, so nothing is scraped for them. */
async function monitoringFiles({ config, secrets }: Deployment): Promise<Record<string, string>> {
  const folders = ['prometheus', ...(config.monitoring.grafana ? ['grafana'] : [])]
  const files = await Promise.all(folders.map(assetsBelow))
  const password = config.redis.url ? undefined : await secrets.read('redis-password')
  const strangers = (['postgres', 'redis'] as const)
    .filter((store) => (store === 'postgres' ? config.database : config.redis).url)
    .map((store) => `prometheus/targets/${store}.yml`)
  return {
    ...Object.fromEntries(files.flat().filter(([path]) => !strangers.includes(path))),
    ...(password && { 'redis-exporter.json': `${JSON.stringify({ 'redis://redis:6379': password })}\n` }),
  }
}

/** Files below a folder of compose/, with their path from compose/. */
async function assetsBelow(folder: string): Promise<[string, string][]> {
  const entries = await readdir(join(ROOT, 'compose', folder), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(ROOT, 'compose').length + 1))
  return Promise.all(
    paths.sort().map(async (path): Promise<[string, string]> => [path, await composeAsset(path)]),
  )
}
