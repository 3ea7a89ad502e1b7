import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { SecretName } from '../../deployment/secrets.js'
import type { DatabaseRole, ShellRequest } from '../runtime.js'
import { findProgram } from './find-program.js'
import { handOver } from './hand-over.js'
import { installCommand } from './install-command.js'
import { storeAddresses } from './store-folder.js'

const NAMES = { owner: 'vetrai_owner', app: 'vetrai_app', system: 'vetrai_system' } as const
const PASSWORDS = {
  owner: 'database-owner-password',
  app: 'database-app-password',
  system: 'database-system-password',
} as const

/**
 * Hands this terminal to the psql of this host, signed in to the deployment's database in one of its roles. The password lies
 * in a file of the deployment while psql runs, in no argument and no environment. A script on standard input ends with its
 * first error, and the exit code says so.
 */
export async function databaseShell(
  deployment: Deployment,
  { role, args, interactive }: ShellRequest,
): Promise<number> {
  const psql = await findProgram('psql')
  if (psql === undefined) throw await missing()
  const { user, password } = await identity(deployment, role)
  const passwordFile = join(deployment.paths.run, `psql-${process.pid}`)
  const script = interactive ? [] : ['--no-psqlrc', '--set=ON_ERROR_STOP=1']
  await ensureDirectory(deployment.paths.run)
  try {
    await writeFile(passwordFile, `*:*:*:*:${password.replace(/[:\\]/g, '\\$&')}\n`, {
      mode: 0o600,
      flag: 'wx',
    })
    return await handOver(psql, [...script, ...args], {
      cwd: process.cwd(),
      env: {
        ...process.env,
        ...(await place(deployment)),
        PGUSER: user,
        PGPASSFILE: passwordFile,
        PGAPPNAME: 'vetrai shell',
      },
    })
  } finally {
    await rm(passwordFile, { force: true })
  }
}

async function identity(
  deployment: Deployment,
  role: DatabaseRole,
): Promise<{ user: string; password: string }> {
  const { database } = deployment.config
  const [user, secret]: [string, SecretName] =
    role !== 'superuser'
      ? [NAMES[role], PASSWORDS[role]]
      : database.url
        ? [database.admin_user, 'external-postgres-password']
        : ['postgres', 'postgres-superuser-password']
  return { user, password: await deployment.secret(secret) }
}

/** Where the database is, in the words of libpq; what this shell says of another must not count. */
async function place(deployment: Deployment): Promise<NodeJS.ProcessEnv> {
  const url = new URL(deployment.config.database.url ?? (await storeAddresses(deployment)).databaseUrl ?? '')
  const parameters = Object.fromEntries(url.searchParams)
  const sslmode = parameters.sslmode
  return {
    PGHOST: parameters.host ?? url.hostname,
    PGPORT: parameters.port ?? (url.port || '5432'),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)) || 'vetrai',
    PGSERVICE: undefined,
    PGHOSTADDR: undefined,
    PGPASSWORD: undefined,
    PGSSLMODE: sslmode,
  }
}

async function missing(): Promise<CliError> {
  const command = await installCommand({
    ...{ apt: 'postgresql-client', dnf: 'postgresql', yum: 'postgresql', apk: 'postgresql-client' },
    ...{ pacman: 'postgresql', zypper: 'postgresql', brew: 'libpq' },
  })
  return new CliError({
    code: 'psql_missing',
    message: 'There is no psql on the PATH, and the PostgreSQL of the embedded runtime brings none.',
    next: command
      ? `Run: ${command}`
      : 'Install the client of PostgreSQL with the package manager of this system.',
    exitCode: 3,
  })
}
