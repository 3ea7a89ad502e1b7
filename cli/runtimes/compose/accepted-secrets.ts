import { compose } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { type DatabaseRole, databaseRoles, mayBeMissing, missing } from '../database-roles.js'
import type { AcceptedSecret } from '../runtime.js'
import { projectOf } from './names.js'

/**
 * Reads the password from standard input, so that it stands in no argument. Connects to the container's own name and not
 * to loopback: images may trust everybody there.
 */
const SIGN_IN = [
  'IFS= read -r PGPASSWORD',
  'export PGPASSWORD PGCONNECT_TIMEOUT=5',
  'exec psql --no-psqlrc --no-password --host="$(hostname)" --username="$1" --dbname="$2" --command="select 1"',
].join('; ')

const REFUSED = /password authentication failed|is not permitted to log in|role "[^"]*" does not exist/

/**
 * Signs in to the running database with each password of its roles, inside its container, as it is published nowhere. One
 * of the operator's own is asked by a one-off container, as only those may reach it. CliError `database_unreachable` where nobody answers.
 */
export async function acceptedSecrets(deployment: Deployment): Promise<AcceptedSecret[]> {
  if (deployment.config.database.url) return askFromInside(deployment)
  const tried = await Promise.all(
    databaseRoles(deployment).map(async (role) => {
      const password = await deployment.secrets.find(role.secret)
      if (password !== undefined) return [await tryRole(deployment, role, password)]
      return mayBeMissing(role) ? [] : [missing(role)]
    }),
  )
  return tried.flat()
}

async function askFromInside(deployment: Deployment): Promise<AcceptedSecret[]> {
  const project = await projectOf(deployment)
  const args = ['run', '--rm', '--no-deps', '-T', 'migrate', 'sign-in']
  const { code, stdout, stderr } = await compose(project, args, { check: false })
  if (code !== 0) throw unreachable(stderr.trim().split('\n').at(-1) || `exit code ${code}`)
  const { roles } = JSON.parse(stdout) as { roles: { role: string; accepted: boolean; detail?: string }[] }
  const secretOf = (name: string) =>
    databaseRoles(deployment).find(({ role }) => role === name)?.secret ?? name
  return roles.map(({ role, ...answer }) => ({ secret: secretOf(role), ...answer }))
}

/** Tells whether the database in its container lets a role in with a password. */
export async function acceptsPassword(
  deployment: Deployment,
  role: DatabaseRole,
  password: string,
): Promise<boolean> {
  return (await tryRole(deployment, role, password)).accepted
}

async function tryRole(
  deployment: Deployment,
  { role, secret, database = 'vetrai' }: DatabaseRole,
  password: string,
): Promise<AcceptedSecret> {
  const project = await projectOf(deployment)
  const command = ['exec', '-T', 'postgres', 'sh', '-c', SIGN_IN, 'sh', role, database]
  const { code, stderr } = await compose(project, command, { input: `${password}\n`, check: false })
  if (code === 0) return { secret, accepted: true }
  const reason = stderr.trim().split('\n').at(-1) ?? ''
  if (REFUSED.test(stderr)) return { secret, accepted: false, detail: reason.replace(/^.*FATAL:\s+/, '') }
  // The password was right; what is missing is the database.
  if (/database "[^"]*" does not exist/.test(stderr)) return { secret, accepted: true }
  throw unreachable(reason || `exit code ${code}`)
}

function unreachable(reason: string): CliError {
  return new CliError({
    code: 'database_unreachable',
    message: `The database does not answer: ${reason}`,
    next: 'See how it stands: vetrai status, and vetrai logs postgres',
    exitCode: 3,
  })
}
