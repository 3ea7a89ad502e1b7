import { compose } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { readSecretFile, type SecretName } from '../../deployment/secrets.js'
import { type DatabaseRole, roleOfSecret } from '../database-roles.js'
import type { Progress, SecretPhase } from '../runtime.js'
import { scramVerifier } from '../scram-verifier.js'
import { type SecretStore, tellStore } from '../secret-store.js'
import { acceptedSecrets, acceptsPassword } from './accepted-secrets.js'
import { projectOf } from './names.js'

/** Programs in containers are given secrets and commands on standard input: they stand in no argument. */
const SCRIPTS = {
  /** First line: a password of the superuser; the rest: SQL. By the socket, where images trust the container itself. */
  psql: [
    'IFS= read -r PGPASSWORD',
    'export PGPASSWORD PGCONNECT_TIMEOUT=5',
    'exec psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres',
  ].join('; '),
  /** First line: the password; the rest: commands. */
  redis: [
    'IFS= read -r REDISCLI_AUTH',
    'export REDISCLI_AUTH',
    'exec "$(command -v valkey-cli || command -v redis-cli)"',
  ].join('; '),
  grafana: 'exec grafana cli --homepath "$GF_PATHS_HOME" admin reset-admin-password --password-from-stdin',
}

/**
 * `Runtime.applySecret` of the compose runtime. The built-in object store knows its key from the file that it is made anew
 * with, so that `up` is all it takes.
 */
export async function applySecret(
  deployment: Deployment,
  what: { name: SecretName; phase: SecretPhase },
  { progress, alignRoles }: { progress: Progress; alignRoles: () => Promise<void> },
): Promise<void> {
  const store = storeOf(deployment, what.name, alignRoles)
  if (store) await tellStore(deployment, store, what, progress)
}

function storeOf(
  deployment: Deployment,
  name: SecretName,
  alignRoles: () => Promise<void>,
): SecretStore | undefined {
  const { config } = deployment
  if (name === 'redis-password') return config.redis.url ? undefined : redisStore(deployment)
  if (name === 'grafana-admin-password')
    return config.monitoring.grafana ? grafanaStore(deployment) : undefined
  const role = roleOfSecret(deployment, name)
  if (!role) return undefined
  return config.database.url ? ownersStore(deployment, role, alignRoles) : postgresStore(deployment, role)
}

/** A database of the operator's own, which may be reached from containers only: they try the present value, and set roles. */
function ownersStore(
  deployment: Deployment,
  { role, secret }: DatabaseRole,
  alignRoles: () => Promise<void>,
): SecretStore {
  const isTaken = async () => {
    const tried = await acceptedSecrets(deployment)
    return tried.some((one) => one.secret === secret && one.accepted)
  }
  return {
    title: role,
    // A role has one password: where the present one is taken, no other is.
    accepts: async (value) => value === (await deployment.secrets.find(secret)) && (await isTaken()),
    admit: alignRoles,
    retire: alignRoles,
  }
}

function postgresStore(deployment: Deployment, role: DatabaseRole): SecretStore {
  const set = (present: string) => alterRole(deployment, role.role, present)
  return {
    title: role.role,
    accepts: (value) => acceptsPassword(deployment, role, value),
    admit: set,
    retire: set,
  }
}

/** Tries every password that the superuser may have at the moment: its own may be the one that is rotated. */
async function alterRole(deployment: Deployment, role: string, password: string): Promise<void> {
  const sql = `alter role ${role} with password '${scramVerifier(password)}';`
  const known = [
    await deployment.secrets.find('postgres-superuser-password'),
    await readSecretFile(deployment.secrets.previousPath('postgres-superuser-password')),
  ]
  let last = ''
  for (const admin of known) {
    if (admin === undefined) continue
    const { code, stderr } = await inService(deployment, 'postgres', SCRIPTS.psql, `${admin}\n${sql}\n`)
    if (code === 0) return
    last = stderr
  }
  throw failed('postgres', last)
}

/** Redis keeps several passwords for a user, so that who has the one before goes on. */
function redisStore(deployment: Deployment): SecretStore {
  const run = (password: string, ...commands: string[]) =>
    inService(deployment, 'redis', SCRIPTS.redis, `${[password, ...commands].join('\n')}\n`)
  return {
    title: 'redis',
    accepts: async (value) => {
      const { code, stdout, stderr } = await run(value, 'PING')
      if (/^PONG$/m.test(stdout)) return true
      if (/WRONGPASS|NOAUTH/.test(stdout + stderr)) return false
      throw failed('redis', stderr || stdout || `exit code ${code}`)
    },
    admit: async (present, previous = '') => {
      await run(previous, `ACL SETUSER default >${present}`)
    },
    retire: async (present) => {
      // By both: CONFIG SET does nothing where it has that very value, and ACL SETUSER does not tell CONFIG.
      await run(present, `ACL SETUSER default resetpass >${present}`, `CONFIG SET requirepass ${present}`)
    },
  }
}

/** Grafana keeps the password of `admin` in its own database; that of its environment counts at the first start only. */
function grafanaStore(deployment: Deployment): SecretStore {
  const reset = async (present: string) => {
    const { code, stderr } = await inService(deployment, 'grafana', SCRIPTS.grafana, `${present}\n`)
    if (code !== 0) throw failed('grafana', stderr)
  }
  return {
    title: 'grafana',
    accepts: (value) => grafanaAccepts(deployment, value),
    admit: reset,
    retire: reset,
  }
}

async function grafanaAccepts({ config }: Deployment, password: string): Promise<boolean> {
  const url = `http://127.0.0.1:${config.monitoring.grafana_port}/api/user`
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
  const response = await fetch(url, {
    headers: { authorization },
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  }).catch((error: unknown) => {
    throw failed('grafana', error instanceof Error ? error.message : String(error))
  })
  if (response.ok) return true
  if (response.status === 401) return false
  throw failed('grafana', `it answers ${response.status}`)
}

async function inService(deployment: Deployment, service: string, script: string, input: string) {
  const project = await projectOf(deployment)
  return compose(project, ['exec', '-T', service, 'sh', '-c', script], { input, check: false })
}

function failed(service: string, output: string): CliError {
  return new CliError({
    code: 'store_failed',
    message: `${service} could not be told: ${output.trim().split('\n').at(-1) || 'it gave no reason'}`,
    next: `See how it stands: vetrai status, and vetrai logs ${service}`,
  })
}
