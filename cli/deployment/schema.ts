import { z } from 'zod'
import { backupSchema } from './backup-schema.js'
import { isSameBucket } from './same-bucket.js'

const hostName = z.string().min(1).max(253)
const portNumber = z.int().min(1).max(65_535)
const httpUrl = z.url({ protocol: /^https?$/ })
const line = z
  .string()
  .min(1)
  .max(2_000)
  .regex(/^[^\r\n\0]*$/, 'must be one line')

const smtp = z.strictObject({
  host: hostName.describe('Server that takes outgoing mail.'),
  port: portNumber.default(587).describe('587 for STARTTLS, 465 for TLS from the start.'),
  user: line.optional().describe('Login; its password is kept in secrets/smtp-password.'),
  secure: z.boolean().default(false).describe('True speaks TLS from the first byte (port 465).'),
})

const s3 = z.strictObject({
  endpoint: httpUrl.describe('URL of an S3-compatible store.'),
  region: line.default('us-east-1'),
  bucket: line,
  access_key: line.describe('Its secret is kept in secrets/s3-secret-key.'),
})

/** An image by name and tag or digest; the registry may stand in front. */
const image = z
  .string()
  .max(300)
  .regex(/^[a-z0-9][\w.:/-]*(@sha256:[0-9a-f]{64})?$/, 'must be an image such as name:tag')

/** Containers whose image can be chosen. compose/images.yaml names the default of each. */
const IMAGES = [
  'server',
  'postgres',
  'redis',
  'object-store',
  'proxy',
  'prometheus',
  'grafana',
  'postgres-exporter',
  'redis-exporter',
] as const

/** What the built-in object store is unless objects.engine says otherwise. */
export const DEFAULT_ENGINE = 'silo'

/** A container whose image can be chosen. */
export type ImageName = (typeof IMAGES)[number]

const images = Object.fromEntries(IMAGES.map((name) => [name, image.optional()])) as Record<
  ImageName,
  z.ZodOptional<typeof image>
>

const proxy = z.strictObject({
  domain: hostName
    .regex(
      /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}$/i,
      'must be a domain name',
    )
    .optional()
    .describe(
      'Name people reach the deployment by; with it the proxy serves HTTPS, without it HTTP on host:port only.',
    ),
  email: z.email().max(254).optional().describe('E-mail for the authority that issues the certificates.'),
  certificates: z
    .enum(['public', 'internal'])
    .default('public')
    .describe('public: from a public authority (ACME); internal: from an authority of the proxy’s own.'),
  host: hostName.default('0.0.0.0').describe('Address of this host that the proxy serves HTTP and HTTPS on.'),
  http_port: portNumber.default(80),
  https_port: portNumber.default(443),
  max_body_mb: z.int().min(1).max(10_240).default(100).describe('Largest request body in MB.'),
})

const monitoring = z.strictObject({
  prometheus: z.boolean().default(false).describe('Runs Prometheus with exporters and alert rules.'),
  grafana: z.boolean().default(false).describe('Runs Grafana with the dashboards; needs prometheus.'),
  prometheus_port: portNumber.default(9090).describe('Port on 127.0.0.1.'),
  grafana_port: portNumber.default(3000).describe('Port on 127.0.0.1.'),
  retention_days: z.int().min(1).max(3_650).default(15).describe('Days that figures are kept.'),
})

/** Shape of vetrai.yml, the desired state of a deployment. Unknown keys are refused, never ignored. */
export const deploymentSchema = z
  .strictObject({
    version: z.literal(1).default(1).describe('Format of this file.'),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be 1–40 of a-z, 0-9 and -, beginning with a letter')
      .describe('Name of the deployment; asked for when it is destroyed.'),
    runtime: z
      .enum(['embedded', 'compose', 'swarm', 'kubernetes'])
      .default('embedded')
      .describe('How the deployment runs.'),
    host: hostName.default('127.0.0.1').describe('Address the server listens on.'),
    port: portNumber.default(8000).describe('Port the server listens on.'),
    public_url: httpUrl.optional().describe('URL that browsers and clients use.'),
    operator: z.strictObject({
      email: z.email().max(254).describe('E-mail of the first super_admin.'),
    }),
    database: z
      .strictObject({
        url: z
          .url({ protocol: /^postgres(ql)?$/ })
          .refine((url) => !/^[^:]+:\/\/[^/]*@/.test(url), 'must hold no user and no password')
          .optional()
          .describe('PostgreSQL of your own; without it a private one is run.'),
        admin_user: line
          .default('postgres')
          .describe('Superuser of your own PostgreSQL; its password is secrets/external-postgres-password.'),
        pool_max: z
          .int()
          .min(1)
          .max(200)
          .default(10)
          .describe('Most connections of each pool of the server.'),
      })
      .prefault({}),
    redis: z
      .strictObject({
        url: z
          .string()
          .regex(/^(rediss?|unix):\/\/[^@]*$/, 'must be redis://, rediss:// or unix:// without a password')
          .optional()
          .describe(
            'Redis or Valkey of your own, its password in secrets/external-redis-password; else a private one is run.',
          ),
      })
      .prefault({}),
    objects: z
      .strictObject({
        store: z
          .enum(['file', 's3', 'built-in'])
          .default('file')
          .describe(
            'Where uploaded files are kept; built-in runs an S3 store of the deployment’s own (compose).',
          ),
        engine: z
          .enum(['silo', 'seaweedfs'])
          .optional()
          .describe('What the built-in store is: silo (compatible with MinIO, the default) or seaweedfs.'),
        s3: s3.optional(),
      })
      .refine(({ store, s3: details }) => store !== 's3' || details !== undefined, {
        path: ['s3'],
        message: 'is required when objects.store is s3',
      })
      .prefault({}),
    mail: z
      .strictObject({
        from: line.default('VetrAI <no-reply@localhost>').describe('Sender of every mail.'),
        smtp: smtp.optional(),
      })
      .prefault({}),
    workers: z
      .strictObject({
        processes: z
          .int()
          .min(0)
          .max(16)
          .default(0)
          .describe('Processes of their own that run jobs; 0 has the server run them.'),
        concurrency: z
          .int()
          .min(1)
          .max(1_000)
          .default(10)
          .describe('Jobs each of them runs at the same time.'),
      })
      .prefault({}),
    auth: z
      .strictObject({
        signup: z.enum(['open', 'invite']).default('invite').describe('Who may create an account.'),
      })
      .prefault({}),
    backup: backupSchema.prefault({}),
    proxy: proxy.prefault({}).describe('The proxy in front (compose).'),
    monitoring: monitoring
      .refine(({ prometheus, grafana }) => prometheus || !grafana, {
        path: ['grafana'],
        message: 'needs monitoring.prometheus',
      })
      .prefault({})
      .describe('What watches over the deployment (compose).'),
    images: z
      .strictObject({
        mirror: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[\w./-]+)?$/, 'must be host[:port][/path]')
          .optional()
          .describe('Registry that stands in for the usual one.'),
        ...images,
      })
      .prefault({})
      .describe('Images in place of those this version names (compose).'),
    resources: z
      .strictObject({
        memory_mb: z
          .int()
          .min(1_024)
          .max(16_777_216)
          .optional()
          .describe('Memory the containers are sized for; written at init from what the host has.'),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
      })
      .prefault({}),
    cors_origins: z.array(httpUrl).max(100).default([]).describe('Web origins that may call the API.'),
    trust_proxy: z.array(line).max(100).default([]).describe('Addresses or CIDRs of your reverse proxies.'),
    settings: z
      .record(
        z.string().regex(/^[A-Z][A-Z0-9_]{1,80}$/, 'must be UPPER_CASE'),
        z.union([line, z.number(), z.boolean()]),
      )
      .default({})
      .describe('Further server settings, passed through by name.'),
  })
  .refine(({ runtime, objects }) => runtime !== 'embedded' || objects.store !== 'built-in', {
    path: ['objects', 'store'],
    message: 'built-in needs containers: runtime compose, or file or s3 here',
  })
  .refine(({ backup, database }) => !backup.wal || database.url === undefined, {
    path: ['backup', 'wal'],
    message: 'needs the built-in database: a PostgreSQL of your own is archived where it runs',
  })
  .refine(({ backup, runtime }) => !backup.wal || runtime === 'compose', {
    path: ['backup', 'wal'],
    message: 'needs runtime compose, whose image of PostgreSQL gets a pgBackRest that knows its version',
  })
  .refine(({ backup }) => !backup.wal || !backup.targets[0]?.s3?.endpoint.startsWith('http:'), {
    path: ['backup', 'wal'],
    message:
      'needs a folder or an S3 store that speaks https as the first target: pgBackRest speaks no other',
  })
  .superRefine(({ backup, objects: { store, s3: objects } }, { addIssue }) => {
    if (store !== 's3' || objects === undefined) return
    for (const [n, target] of backup.targets.entries()) {
      if (target.s3 === undefined || !isSameBucket(target.s3, objects)) continue
      addIssue({
        code: 'custom',
        path: ['backup', 'targets', n, 's3', 'bucket'],
        message: `is the bucket of objects.s3 (${objects.bucket}): what loses it would take the backups too. Give backups one of their own`,
      })
    }
  })
  .describe('vetrai.yml: the desired state of one deployment.')

/** A whole, valid configuration with every default filled in. */
export type DeploymentConfig = z.output<typeof deploymentSchema>

/** What may be written in vetrai.yml: defaults may be left out. */
export type DeploymentConfigInput = z.input<typeof deploymentSchema>

/** One thing wrong with vetrai.yml. `path` is dotted, empty for the whole document. */
export interface ConfigProblem {
  path: string
  message: string
}

/** Checks a document against the schema and lists every problem at once; never throws. */
export function checkConfig(
  document: unknown,
): { ok: true; config: DeploymentConfig } | { ok: false; problems: ConfigProblem[] } {
  const parsed = deploymentSchema.safeParse(document)
  if (parsed.success) return { ok: true, config: parsed.data }
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  }
}

/** JSON Schema (draft 2020-12) of vetrai.yml, for editors. */
export function deploymentJsonSchema(): object {
  return z.toJSONSchema(deploymentSchema, { io: 'input' })
}
