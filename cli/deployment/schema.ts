import { z } from 'zod'

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
        store: z.enum(['file', 's3']).default('file').describe('Where uploaded files are kept.'),
        s3: s3.optional(),
      })
      .refine(({ store, s3: details }) => store === 'file' || details !== undefined, {
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
