import { readFile } from 'node:fs/promises'
import { createDeployment } from '../deployment/create-deployment.js'
import { writeRecoveryKit } from '../deployment/recovery-folder.js'
import type { DeploymentConfigInput } from '../deployment/schema.js'
import type { SecretName } from '../deployment/secrets.js'
import { hostMemory } from '../runtimes/compose/host-memory.js'
import { makeRecoveryKey } from './backup/recovery-key.js'

/** Everything `init` may be told. What is left out gets a safe default. */
export interface InitAnswers {
  name?: string
  runtime?: 'embedded' | 'compose'
  operator_email?: string
  host?: string
  port?: number
  public_url?: string
  signup?: 'open' | 'invite'
  mail_from?: string
  smtp_host?: string
  smtp_port?: number
  smtp_user?: string
  smtp_secure?: boolean
  smtp_password_file?: string
  database_url?: string
  redis_url?: string
  s3_endpoint?: string
  s3_region?: string
  s3_bucket?: string
  s3_access_key?: string
  s3_secret_key_file?: string
  objects?: 'file' | 'built-in'
  objects_engine?: 'silo' | 'seaweedfs'
  domain?: string
  certificate_email?: string
  certificates?: 'public' | 'internal'
  http_port?: number
  https_port?: number
  monitoring?: boolean
  grafana?: boolean
  memory_mb?: number
  mirror?: string
  recovery_recipient?: string
}

/** A deployment that was made, and where its parts are. */
export interface InitResult {
  name: string
  dir: string
  url: string
  operator_email: string
  password_file: string
  /** Opens the backups when this host is lost; shown this once. Null where a recipient was brought. */
  recovery_key: string | null
}

/** Creates a deployment from answers; nothing is started, and an existing one is never touched. */
export async function initDeployment(dir: string, answers: InitAnswers): Promise<InitResult> {
  const key = answers.recovery_recipient === undefined ? await makeRecoveryKey() : undefined
  const deployment = await createDeployment(dir, {
    config: { ...configOf(answers), backup: { recovery: key?.recipient ?? answers.recovery_recipient } },
    secrets: await secretsOf(answers),
    recoveryUnseen: key !== undefined,
  })
  await writeRecoveryKit(deployment)
  return {
    name: deployment.name,
    dir: deployment.dir,
    url: deployment.publicUrl,
    operator_email: deployment.config.operator.email,
    password_file: deployment.secrets.path('operator-password'),
    recovery_key: key?.identity ?? null,
  }
}

/** The part of vetrai.yml that the answers say; defaults stay unsaid. */
export function configOf(answers: InitAnswers): Partial<DeploymentConfigInput> {
  const { name, runtime, operator_email, host, port, public_url, signup, database_url, redis_url } = answers
  return {
    ...(name && { name }),
    ...(runtime && { runtime }),
    ...(operator_email && { operator: { email: operator_email } }),
    ...(host && { host }),
    ...(port && { port }),
    ...(public_url && { public_url }),
    ...(signup && { auth: { signup } }),
    ...(database_url && { database: { url: database_url } }),
    ...(redis_url && { redis: { url: redis_url } }),
    ...mailOf(answers),
    ...objectsOf(answers),
    ...(runtime === 'compose' && containersOf(answers)),
  }
}

/** What only containers have. Grafana is of little use without Prometheus, and comes with it unless it is declined. */
function containersOf(answers: InitAnswers): Partial<DeploymentConfigInput> {
  const {
    domain,
    certificate_email,
    certificates,
    http_port,
    https_port,
    monitoring,
    grafana,
    memory_mb,
    mirror,
  } = answers
  return {
    proxy: {
      ...(domain && { domain }),
      ...(certificate_email && { email: certificate_email }),
      ...(certificates && { certificates }),
      ...(http_port && { http_port }),
      ...(https_port && { https_port }),
    },
    ...(monitoring && { monitoring: { prometheus: true, grafana: grafana ?? true } }),
    resources: { memory_mb: memory_mb ?? hostMemory() },
    ...(mirror && { images: { mirror } }),
  }
}

function mailOf(answers: InitAnswers): Partial<DeploymentConfigInput> {
  const { mail_from, smtp_host, smtp_port, smtp_user, smtp_secure } = answers
  const smtp = smtp_host && {
    host: smtp_host,
    ...(smtp_port && { port: smtp_port }),
    ...(smtp_user && { user: smtp_user }),
    ...(smtp_secure !== undefined && { secure: smtp_secure }),
  }
  if (!mail_from && !smtp) return {}
  return { mail: { ...(mail_from && { from: mail_from }), ...(smtp && { smtp }) } }
}

function objectsOf(answers: InitAnswers): Partial<DeploymentConfigInput> {
  const { s3_endpoint, s3_region, s3_bucket, s3_access_key, objects, objects_engine, runtime } = answers
  if (!s3_endpoint) {
    // Containers come and go; files belong into a store of their own.
    const store = objects ?? (runtime === 'compose' ? ('built-in' as const) : undefined)
    return store ? { objects: { store, ...(objects_engine && { engine: objects_engine }) } } : {}
  }
  return {
    objects: {
      store: 's3',
      s3: {
        endpoint: s3_endpoint,
        bucket: s3_bucket ?? '',
        access_key: s3_access_key ?? '',
        ...(s3_region && { region: s3_region }),
      },
    },
  }
}

async function secretsOf(answers: InitAnswers): Promise<Partial<Record<SecretName, string>>> {
  const { smtp_password_file, s3_secret_key_file } = answers
  return {
    ...(smtp_password_file && { 'smtp-password': await secretIn(smtp_password_file) }),
    ...(s3_secret_key_file && { 's3-secret-key': await secretIn(s3_secret_key_file) }),
  }
}

async function secretIn(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim()
}
