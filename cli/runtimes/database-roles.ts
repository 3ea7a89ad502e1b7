import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { isAddedLater, type SecretName } from '../deployment/secrets.js'
import type { AcceptedSecret } from './runtime.js'

/** A role of the database and the secret that holds its password. */
export interface DatabaseRole {
  role: string
  secret: SecretName
  /** Database it may connect to; undefined for the one that holds the data. */
  database?: string
}

/** What the database answers when a password is wrong, or the role may not sign in at all. */
const REFUSED = new Set(['28P01', '28000'])
const TIMEOUT_MS = 5_000

/** The roles that somebody signs in as, the superuser first: the others are set with it. */
export function databaseRoles({ config }: Deployment): DatabaseRole[] {
  const { url, admin_user } = config.database
  const superuser: DatabaseRole = url
    ? { role: admin_user, secret: 'external-postgres-password', database: 'postgres' }
    : { role: 'postgres', secret: 'postgres-superuser-password', database: 'postgres' }
  return [
    superuser,
    { role: 'vetrai_owner', secret: 'database-owner-password' },
    { role: 'vetrai_app', secret: 'database-app-password' },
    { role: 'vetrai_system', secret: 'database-system-password' },
    { role: 'vetrai_backup', secret: 'database-backup-password' },
  ]
}

/** The role whose password the deployment keeps in this secret, and may set; undefined where it is no role's. */
export function roleOfSecret(deployment: Deployment, name: SecretName): DatabaseRole | undefined {
  const roles: DatabaseRole[] = [
    ...databaseRoles(deployment),
    { role: 'vetrai_monitor', secret: 'database-monitor-password' },
  ]
  return roles.find(({ secret }) => secret === name && !secret.startsWith('external-'))
}

/** Tells whether the database at `url` lets a role in with a password; CliError `database_unreachable` where nobody answers. */
export async function acceptsPassword(url: string, role: DatabaseRole, password: string): Promise<boolean> {
  return (await tryRole(url, role, password)).accepted
}

/**
 * Signs in over `url`, which names neither user nor password, as each role with the password in its secret. A password of
 * the operator's own that was never given, and one that `up` will make, are left out. CliError `database_unreachable` where nobody answers.
 */
export async function trySecrets(deployment: Deployment, url: string): Promise<AcceptedSecret[]> {
  const tried = await Promise.all(
    databaseRoles(deployment).map(async (role): Promise<AcceptedSecret[]> => {
      const password = await deployment.secrets.find(role.secret)
      if (password !== undefined) return [await tryRole(url, role, password)]
      return mayBeMissing(role) ? [] : [missing(role)]
    }),
  )
  return tried.flat()
}

/** Tells whether a secret is the superuser's, with which the other roles are set. */
export function isSuperusers(secret: string): boolean {
  return secret === 'postgres-superuser-password' || secret === 'external-postgres-password'
}

/** Tells whether a deployment may lack the secret of a role: it is the operator's to give, or `up` makes it. */
export function mayBeMissing({ secret }: DatabaseRole): boolean {
  return secret.startsWith('external-') || isAddedLater(secret)
}

/** A secret that is not there. */
export function missing({ secret }: DatabaseRole): AcceptedSecret {
  return { secret, accepted: false, detail: 'the secret is missing' }
}

async function tryRole(
  url: string,
  { role, secret, database }: DatabaseRole,
  password: string,
): Promise<AcceptedSecret> {
  const { default: pg } = await import('pg')
  const parts = new URL(url)
  const client = new pg.Client({
    host: parts.searchParams.get('host') ?? (parts.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1'),
    port: Number(parts.searchParams.get('port') ?? (parts.port || 5432)),
    database: database ?? (decodeURIComponent(parts.pathname.slice(1)) || 'vetrai'),
    user: role,
    password,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  // A connection that breaks after the answer must not end the program.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return { secret, accepted: true }
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string }
    if (REFUSED.has(code)) return { secret, accepted: false, detail: message }
    // The password was right; what is missing is the database.
    if (code === '3D000') return { secret, accepted: true }
    throw new CliError({
      code: 'database_unreachable',
      message: `The database does not answer: ${message || code}`,
      next: 'See how it stands: vetrai status, and vetrai logs postgres',
      exitCode: 3,
      cause: error,
    })
  } finally {
    await client.end().catch(() => undefined)
  }
}
