import type { DeploymentPaths } from './paths.js'
import type { DeploymentConfig } from './schema.js'
import type { SecretName, Secrets } from './secrets.js'

/** Where the private PostgreSQL and Redis of a runtime listen; used where the config names none. */
export interface StoreAddresses {
  databaseUrl?: string
  redisUrl?: string
  /** The built-in object store, and the URL its signed links begin with. */
  objects?: { endpoint: string; public_endpoint: string; region: string; bucket: string; access_key: string }
}

/** Where programs find secrets, and whether one is there at all. */
export type SecretPlaces = Pick<Secrets, 'path' | 'previousPath' | 'find'>

export interface EnvInput {
  config: DeploymentConfig
  /** Folders as the program sees them. */
  paths: Pick<DeploymentPaths, 'objects' | 'mail' | 'recovery'>
  secrets: SecretPlaces
  addresses: StoreAddresses
}

/** Environment of the server program. Secrets are named by file, never by value. */
export async function serverEnv({ config, paths, secrets, addresses }: EnvInput): Promise<NodeJS.ProcessEnv> {
  const { store, s3: own } = config.objects
  // Details that were left in the file mean nothing while another store is chosen.
  const s3 = addresses.objects ?? (store === 's3' ? own : undefined)
  const { smtp } = config.mail
  return compact({
    ...passThrough(config.settings),
    NODE_ENV: 'production',
    VETRAI_NAME: config.name,
    VETRAI_HOST: config.host,
    VETRAI_PORT: config.port,
    VETRAI_PUBLIC_URL: publicUrl(config),
    VETRAI_SECRET_FILE: secrets.path('master-key'),
    // Named also while there is none, so that a server which is restarted in the middle of a rotation finds it.
    VETRAI_SECRET_PREVIOUS_FILE: secrets.previousPath('master-key'),
    DATABASE_URL: config.database.url ?? addresses.databaseUrl,
    DATABASE_POOL_MAX: config.database.pool_max,
    DATABASE_APP_PASSWORD_FILE: secrets.path('database-app-password'),
    DATABASE_SYSTEM_PASSWORD_FILE: secrets.path('database-system-password'),
    DATABASE_BACKUP_PASSWORD_FILE: await given(secrets, 'database-backup-password'),
    BACKUP_KEY_FILE: await given(secrets, 'backup-key'),
    BACKUP_RECOVERY_PATH: paths.recovery,
    REDIS_URL: config.redis.url ?? addresses.redisUrl,
    REDIS_PASSWORD_FILE: config.redis.url
      ? await given(secrets, 'external-redis-password')
      : secrets.path('redis-password'),
    OPERATOR_EMAIL: config.operator.email,
    OPERATOR_PASSWORD_FILE: secrets.path('operator-password'),
    OPERATOR_TOKEN_FILE: secrets.path('operator-token'),
    METRICS_TOKEN_FILE: await given(secrets, 'metrics-token'),
    OBJECT_STORE: s3 ? 's3' : 'file',
    OBJECT_STORE_PATH: s3 ? undefined : paths.objects,
    S3_ENDPOINT: s3?.endpoint,
    S3_PUBLIC_ENDPOINT: addresses.objects?.public_endpoint,
    S3_REGION: s3?.region,
    S3_BUCKET: s3?.bucket,
    S3_ACCESS_KEY: s3?.access_key,
    S3_SECRET_KEY_FILE: s3 && secrets.path(addresses.objects ? 'object-store-secret-key' : 's3-secret-key'),
    SMTP_HOST: smtp?.host,
    SMTP_PORT: smtp?.port,
    SMTP_USER: smtp?.user,
    SMTP_PASSWORD_FILE: smtp && (await given(secrets, 'smtp-password')),
    SMTP_SECURE: smtp?.secure,
    MAIL_FROM: config.mail.from,
    MAILBOX_PATH: smtp ? undefined : paths.mail,
    WORKER_CONCURRENCY: config.workers.concurrency,
    AUTH_SIGNUP: config.auth.signup,
    LOG_LEVEL: config.log.level,
    CORS_ORIGINS: config.cors_origins.join(',') || undefined,
    TRUST_PROXY: config.trust_proxy.join(',') || undefined,
  })
}

/** Environment of the migrate program: the server's, and the two identities only it may use. */
export async function migrateEnv(input: EnvInput): Promise<NodeJS.ProcessEnv> {
  const { secrets } = input
  const { database } = input.config
  return compact({
    ...(await serverEnv(input)),
    DATABASE_ADMIN_USER: database.url ? database.admin_user : 'postgres',
    DATABASE_ADMIN_PASSWORD_FILE: database.url
      ? await given(secrets, 'external-postgres-password')
      : secrets.path('postgres-superuser-password'),
    DATABASE_ADMIN_PASSWORD_PREVIOUS_FILE: database.url
      ? undefined
      : secrets.previousPath('postgres-superuser-password'),
    DATABASE_OWNER_PASSWORD_FILE: secrets.path('database-owner-password'),
    DATABASE_MONITOR_PASSWORD_FILE: await given(secrets, 'database-monitor-password'),
  })
}

/** URL under which the deployment is reached: the configured one, else that of the domain, else the listening address. */
export function publicUrl(config: DeploymentConfig): string {
  if (config.public_url) return config.public_url.replace(/\/+$/, '')
  return (config.runtime !== 'embedded' && domainOrigin(config.proxy)) || localUrl(config)
}

/** Origin by which people reach the proxy's domain; undefined without one. */
export function domainOrigin({ domain, https_port: port }: DeploymentConfig['proxy']): string | undefined {
  return domain && `https://${domain}${port === 443 ? '' : `:${port}`}`
}

/** URL of the server on this very host. */
export function localUrl({ host, port }: Pick<DeploymentConfig, 'host' | 'port'>): string {
  const wildcard = host === '0.0.0.0' || host === '::'
  const name = wildcard ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** File of a secret that a deployment may lack: the operator has to give it, or it is younger than the deployment. */
async function given(secrets: SecretPlaces, name: SecretName): Promise<string | undefined> {
  return (await secrets.find(name)) === undefined ? undefined : secrets.path(name)
}

function passThrough(settings: DeploymentConfig['settings']): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]))
}

function compact(values: Record<string, string | number | boolean | undefined>): NodeJS.ProcessEnv {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]))
}
