import { cpus } from 'node:os'
import { z } from 'zod'
import { addressList } from '../kernel/addresses.js'
import { channelSettings } from './channel-settings.js'
import { flag, list, listWhere, number, setting } from './setting.js'

const text = (max: number) => z.string().min(1).max(max)

function masterSecret() {
  return z.string().regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal characters')
}

/** The address of a store. A password in it would show up in process lists and errors, so it is refused. */
function address(protocols: readonly string[], passwordSetting: string) {
  const shape = new RegExp(`^(?:${protocols.join('|')})://`)
  return z
    .string()
    .max(2048)
    .regex(shape, `must begin with ${protocols.map((name) => `${name}://`).join(' or ')}`)
    .refine((text) => !/^[a-z]+:\/\/[^/?]*@/.test(text), `must hold no password; give ${passwordSetting}`)
}

function originProblem(word: string): string | undefined {
  const exact = URL.canParse(word) && new URL(word).origin === word
  return exact ? undefined : 'is no origin such as https://app.example.com (no path, no slash at the end)'
}

function roleProblem(word: string): string | undefined {
  return ['api', 'worker', 'scheduler'].includes(word) ? undefined : 'is none of api, worker and scheduler'
}

function rangeProblem(word: string): string | undefined {
  try {
    addressList([word])
    return undefined
  } catch {
    return 'is neither an address nor a CIDR range'
  }
}

/** Every setting of the server. docs/reference/config.md and config.env are generated from it. */
export const settings = {
  VETRAI_NAME: setting(text(64).default('vetrai'), { doc: 'Name of this deployment, in logs and mails.' }),
  VETRAI_LOCALE: setting(
    z
      .string()
      .regex(
        /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/,
        'must be a language tag such as de or pt-BR',
      )
      .default('en'),
    { doc: 'Language of the messages about accounts; en, de, fr and es are there, others fall back to en.' },
  ),
  VETRAI_HOST: setting(text(255).default('127.0.0.1'), { doc: 'Address the server listens on.' }),
  VETRAI_PORT: setting(number({ min: 0, max: 65535, fallback: 8000 }), {
    doc: 'Port the server listens on; 0 takes a free one.',
  }),
  VETRAI_PUBLIC_URL: setting(z.url({ protocol: /^https?$/ }).optional(), {
    doc: 'Address people reach the server by; links in mails and the token issuer are made from it, never from a request header.',
    example: 'https://api.example.com',
  }),
  VETRAI_SERVICES: setting(list(), {
    doc: 'Services to mount; empty mounts all.',
    example: 'auth,tenancy,keys',
  }),
  VETRAI_SECRET: setting(masterSecret(), {
    doc: 'Master secret; it wraps the root key that the database holds. Without it stored keys and sealed values are useless.',
    secret: true,
  }),
  VETRAI_SECRET_PREVIOUS: setting(masterSecret().optional(), {
    doc: 'The master secret before the present one: what only it opens is wrapped anew at start. The file of VETRAI_SECRET_PREVIOUS_FILE may be missing.',
    secret: true,
    fileMayBeMissing: true,
  }),
  DATABASE_URL: setting(address(['postgres', 'postgresql'], 'DATABASE_APP_PASSWORD and its like'), {
    doc: 'PostgreSQL without credentials; a Unix socket as ?host=/dir&port=5432.',
    example: 'postgres://127.0.0.1:5432/vetrai',
  }),
  DATABASE_APP_PASSWORD: setting(text(512), {
    doc: 'Password of the role vetrai_app, which serves requests.',
    secret: true,
  }),
  DATABASE_SYSTEM_PASSWORD: setting(text(512), {
    doc: 'Password of the role vetrai_system, which serves work across tenants.',
    secret: true,
  }),
  DATABASE_BACKUP_PASSWORD: setting(text(512).optional(), {
    doc: 'Password of the role vetrai_backup, which reads all data for backups and proves them in databases of its own; without it the role is left as it is.',
    secret: true,
  }),
  DATABASE_POOL_MAX: setting(number({ min: 1, max: 200, fallback: 10 }), {
    doc: 'Most connections of each pool: transactions and single reads, for both roles; vetrai_system takes half, and transactions inside others half again.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: setting(number({ min: 100, max: 600_000, fallback: 10_000 }), {
    doc: 'Longest a single statement may run.',
  }),
  REDIS_URL: setting(address(['redis', 'rediss', 'unix'], 'REDIS_PASSWORD'), {
    doc: 'Redis or Valkey for rate limits, invalidation and, later, queues. Nothing is kept only there.',
    example: 'redis://127.0.0.1:6379/0',
  }),
  REDIS_PASSWORD: setting(text(512).optional(), { doc: 'Password of Redis.', secret: true }),
  OPERATOR_EMAIL: setting(z.email().optional(), {
    doc: 'E-mail of the operator account made at first start.',
  }),
  OPERATOR_PASSWORD: setting(text(256).optional(), {
    doc: 'First password of the operator account; later changes are made in the account, not here.',
    secret: true,
  }),
  OPERATOR_TOKEN: setting(text(128).optional(), {
    doc: 'Access token of the operator that the command line uses; stored hashed at first start.',
    secret: true,
  }),
  METRICS_TOKEN: setting(z.string().min(16, 'must be at least 16 characters').max(512).optional(), {
    doc: 'Token by which a scraper on another host may read /metrics, and nothing else.',
    secret: true,
  }),
  AUTH_SIGNUP: setting(z.enum(['open', 'invite']).default('open'), {
    doc: 'Whether anyone may sign up, or only people with an invitation.',
  }),
  AUTH_BCRYPT_COST: setting(number({ min: 4, max: 16, fallback: 12 }), {
    doc: 'Cost of new password hashes; older ones are renewed at the next login.',
  }),
  AUTH_HASH_CONCURRENCY: setting(
    number({ min: 1, max: 64, fallback: Math.max(1, Math.min(3, cpus().length)) }),
    {
      doc: 'Password hashes computed at the same time; kept below the thread pool so that logins cannot starve other work.',
      defaultWords: 'the cores, at most 3',
    },
  ),
  AUTH_ACCESS_TOKEN_TTL_S: setting(number({ min: 60, max: 86_400, fallback: 900 }), {
    doc: 'Life of a JWT access token.',
  }),
  AUTH_SESSION_TTL_S: setting(number({ min: 300, max: 31_536_000, fallback: 2_592_000 }), {
    doc: 'Life of a session that is not used; each refresh starts it anew.',
  }),
  AUTH_SESSION_MAX_S: setting(number({ min: 300, max: 315_360_000, fallback: 31_536_000 }), {
    doc: 'Longest life of a session, however much it is used.',
  }),
  AUTH_REFRESH_GRACE_S: setting(number({ min: 0, max: 300, fallback: 10 }), {
    doc: 'For how long a refresh token just used may be sent again and gets the same successor (lost answers, racing tabs).',
  }),
  TENANCY_DELETE_GRACE_DAYS: setting(number({ min: 0, max: 365, fallback: 14 }), {
    doc: 'Days between the deletion of an organisation and the purge of its data.',
  }),
  TENANCY_SELF_SERVICE: setting(flag(true), { doc: 'Whether signed-in users may create organisations.' }),
  WEBHOOKS_TIMEOUT_MS: setting(number({ min: 100, max: 30_000, fallback: 20_000 }), {
    doc: 'Longest a receiver of webhooks may take to answer.',
  }),
  WEBHOOKS_KEPT_DAYS: setting(number({ min: 7, max: 400, fallback: 30 }), {
    doc: 'Days that messages to webhook endpoints, and how sending them went, can be looked at and sent again.',
  }),
  SMTP_HOST: setting(text(255).optional(), {
    doc: 'Mail server; without it mail is written to MAILBOX_PATH.',
  }),
  SMTP_PORT: setting(number({ min: 1, max: 65535, fallback: 587 }), { doc: 'Port of the mail server.' }),
  SMTP_USER: setting(text(255).optional(), { doc: 'User at the mail server.' }),
  SMTP_PASSWORD: setting(text(512).optional(), { doc: 'Password at the mail server.', secret: true }),
  SMTP_SECURE: setting(flag(false), {
    doc: 'TLS from the first byte (port 465); otherwise STARTTLS, which may be missing on loopback only.',
  }),
  MAIL_FROM: setting(text(320).default('VetrAI <no-reply@localhost>'), { doc: 'Sender of mails.' }),
  MAILBOX_PATH: setting(text(1024).default('mail'), { doc: 'Folder for mails where no mail server is set.' }),
  ...channelSettings,
  OBJECT_STORE: setting(z.enum(['file', 's3']).default('file'), { doc: 'Where objects are kept.' }),
  OBJECT_STORE_PATH: setting(text(1024).default('objects'), { doc: 'Folder of the file store.' }),
  S3_ENDPOINT: setting(z.url().optional(), { doc: 'Endpoint of the S3 store, path style.' }),
  S3_PUBLIC_ENDPOINT: setting(z.url().optional(), {
    doc: 'Where links to the S3 store point when people reach it by another address; else the endpoint.',
    example: 'https://api.example.com',
  }),
  S3_REGION: setting(text(64).default('us-east-1'), { doc: 'Region of the S3 store.' }),
  S3_BUCKET: setting(text(63).optional(), { doc: 'Bucket of the S3 store.' }),
  S3_ACCESS_KEY: setting(text(255).optional(), { doc: 'Access key of the S3 store.' }),
  S3_SECRET_KEY: setting(text(512).optional(), { doc: 'Secret key of the S3 store.', secret: true }),
  BACKUP_RECOVERY_PATH: setting(text(4096).optional(), {
    doc: 'Folder in which the command line leaves what backups need: settings.json (targets, schedule, for whom they are sealed) and the sealed kit. Without it no backups are made.',
  }),
  BACKUP_KEY: setting(text(65_536).optional(), {
    doc: 'Keys of this deployment (age identities, one a line, the present one first): backups are sealed for it too, so that they can be proven without the recovery key.',
    secret: true,
  }),
  OUTBOUND_ALLOW: setting(list(), {
    doc: 'Hosts and CIDR ranges the guarded HTTP client may reach although they are private.',
    example: '10.1.0.0/16,llm.internal',
  }),
  MODEL_BASE_URL: setting(z.url({ protocol: /^https?$/ }).optional(), {
    doc: 'Model server that workflows ask, by the OpenAI-compatible API; may be on this host. Without it nodes that ask a model fail.',
    example: 'http://127.0.0.1:11434/v1',
  }),
  MODEL_API_KEY: setting(text(512).optional(), { doc: 'API key of the model server.', secret: true }),
  MODEL_DEFAULT: setting(text(200).optional(), {
    doc: 'Model that is asked where a workflow names none.',
    example: 'llama3.2',
  }),
  WORKFLOWS_RETENTION_DAYS: setting(number({ min: 1, max: 3_650, fallback: 30 }), {
    doc: 'Days that workflow runs stay readable after they ended.',
  }),
  CORS_ORIGINS: setting(listWhere(originProblem), {
    doc: 'Browser origins that may call the API.',
    example: 'https://app.example.com',
  }),
  TRUST_PROXY: setting(listWhere(rangeProblem), {
    doc: 'Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed; empty believes none.',
    example: '127.0.0.1,10.0.0.0/8',
  }),
  RATE_LIMIT_FACTOR: setting(number({ min: 1, max: 100_000, fallback: 1 }), {
    doc: 'Multiplies every built-in rate limit; raise it for trusted internal callers and load tests.',
  }),
  REQUEST_TIMEOUT_MS: setting(number({ min: 100, max: 600_000, fallback: 10_000 }), {
    doc: 'Longest a request may take; of an event stream, to open it.',
  }),
  STREAMS_PER_PRINCIPAL: setting(number({ min: 1, max: 100_000, fallback: 20 }), {
    doc: 'Most event streams that one person or key (or address, where nobody is signed in) has open in a process.',
  }),
  STREAMS_MAX: setting(number({ min: 0, max: 1_000_000, fallback: 2_000 }), {
    doc: 'Most event streams that a process has open.',
  }),
  STREAM_HEARTBEAT_MS: setting(number({ min: 50, max: 600_000, fallback: 15_000 }), {
    doc: 'How often a quiet event stream shows that it lives; less than what a proxy waits. Who takes nothing for twice as long is dropped.',
  }),
  VETRAI_ROLES: setting(listWhere(roleProblem), {
    doc: 'What this process does: api answers requests, worker runs jobs, scheduler fires schedules; empty does all.',
    example: 'worker',
  }),
  NOTIFICATIONS_RETENTION_DAYS: setting(number({ min: 1, max: 3_650, fallback: 90 }), {
    doc: 'Days that messages and their deliveries are kept.',
  }),
  INBOX_RETENTION_DAYS: setting(number({ min: 1, max: 3_650, fallback: 365 }), {
    doc: 'Days that items stay in inboxes.',
  }),
  WORKER_CONCURRENCY: setting(number({ min: 1, max: 1_000, fallback: 10 }), {
    doc: 'Jobs a worker runs at the same time.',
  }),
  JOBS_LEASE_MS: setting(number({ min: 1_000, max: 600_000, fallback: 30_000 }), {
    doc: 'After how long a job of a process that died is taken by another.',
  }),
  JOBS_LOOK_MS: setting(number({ min: 100, max: 60_000, fallback: 5_000 }), {
    doc: 'How often a worker looks for jobs that Redis lost word of.',
  }),
  SHUTDOWN_GRACE_MS: setting(number({ min: 100, max: 600_000, fallback: 20_000 }), {
    doc: 'How long running requests may finish on shutdown.',
  }),
  SHUTDOWN_IDLE_MS: setting(number({ min: 0, max: 60_000, fallback: 0 }), {
    doc: 'How long idle connections are kept on shutdown: longer than a proxy in front keeps them, so that it gives them up first.',
  }),
  LOG_LEVEL: setting(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'), {
    doc: 'Least severity that is logged.',
  }),
} as const

/** Settings only the one-off migration program reads. */
export const migrationSettings = {
  DATABASE_URL: settings.DATABASE_URL,
  DATABASE_OWNER_PASSWORD: setting(text(512), {
    doc: 'Password of the role vetrai_owner, which owns the schema.',
    secret: true,
  }),
  DATABASE_APP_PASSWORD: settings.DATABASE_APP_PASSWORD,
  DATABASE_SYSTEM_PASSWORD: settings.DATABASE_SYSTEM_PASSWORD,
  DATABASE_MONITOR_PASSWORD: setting(text(512).optional(), {
    doc: 'Password of the role vetrai_monitor, which sees how PostgreSQL fares and no data; without it the role is left as it is.',
    secret: true,
  }),
  DATABASE_BACKUP_PASSWORD: settings.DATABASE_BACKUP_PASSWORD,
  DATABASE_ADMIN_USER: setting(text(63).default('postgres'), {
    doc: 'A superuser; creates the roles and the database once.',
  }),
  DATABASE_ADMIN_PASSWORD: setting(text(512).optional(), {
    doc: 'Password of that superuser.',
    secret: true,
  }),
  DATABASE_ADMIN_PASSWORD_PREVIOUS: setting(text(512).optional(), {
    doc: 'The password before that one: where only it is accepted, the superuser gets the present one.',
    secret: true,
    fileMayBeMissing: true,
  }),
} as const

/** Settings of the program that makes, proves and restores backups; each part is needed by some of what it does. */
export const backupToolSettings = {
  DATABASE_URL: settings.DATABASE_URL,
  DATABASE_BACKUP_PASSWORD: settings.DATABASE_BACKUP_PASSWORD,
  DATABASE_OWNER_PASSWORD: setting(text(512).optional(), {
    doc: 'Password of the role vetrai_owner, as which a backup is loaded.',
    secret: true,
  }),
  DATABASE_SYSTEM_PASSWORD: setting(text(512).optional(), {
    doc: 'Password of the role vetrai_system, as which the data of one tenant is read, brought in and erased.',
    secret: true,
  }),
  VETRAI_SECRET: setting(masterSecret().optional(), {
    doc: 'The master secret: values that are kept sealed go along with a tenant.',
    secret: true,
  }),
  VETRAI_SECRET_PREVIOUS: settings.VETRAI_SECRET_PREVIOUS,
  DATABASE_ADMIN_USER: migrationSettings.DATABASE_ADMIN_USER,
  DATABASE_ADMIN_PASSWORD: migrationSettings.DATABASE_ADMIN_PASSWORD,
  REDIS_URL: settings.REDIS_URL,
  REDIS_PASSWORD: settings.REDIS_PASSWORD,
  OBJECT_STORE: settings.OBJECT_STORE,
  OBJECT_STORE_PATH: settings.OBJECT_STORE_PATH,
  VETRAI_PUBLIC_URL: settings.VETRAI_PUBLIC_URL,
  S3_ENDPOINT: settings.S3_ENDPOINT,
  S3_PUBLIC_ENDPOINT: settings.S3_PUBLIC_ENDPOINT,
  S3_REGION: settings.S3_REGION,
  S3_BUCKET: settings.S3_BUCKET,
  S3_ACCESS_KEY: settings.S3_ACCESS_KEY,
  S3_SECRET_KEY: settings.S3_SECRET_KEY,
  BACKUP_RECOVERY_PATH: settings.BACKUP_RECOVERY_PATH,
  BACKUP_KEY: settings.BACKUP_KEY,
} as const
