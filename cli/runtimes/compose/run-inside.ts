import { composeInteractive } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { DatabaseRole, ShellRequest } from '../runtime.js'
import { Engine } from './engine.js'
import { unknownComponent } from './logs.js'
import { componentNames } from './status.js'

const ROLES: Readonly<Record<DatabaseRole, string>> = {
  owner: 'vetrai_owner',
  app: 'vetrai_app',
  system: 'vetrai_system',
  superuser: 'postgres',
}

/** The password is read inside the container, into the environment of the one program that needs it. */
const REDIS_CLI =
  'REDISCLI_AUTH="$(cat /run/secrets/redis-password)" exec "$(command -v valkey-cli || command -v redis-cli)" "$@"'

/** Runs a program in the container of a component, with this terminal's streams; answers its exit code. */
export async function execInside(
  deployment: Deployment,
  component: string,
  command: readonly string[],
  { interactive }: { interactive: boolean },
): Promise<number> {
  const names = await componentNames(deployment)
  if (!names.includes(component)) throw unknownComponent(component, names)
  const [, service = component, number = '1'] = /^(worker)-(\d+)$/.exec(component) ?? []
  const engine = await Engine.open(deployment)
  const runs = (await engine.containers()).some(
    (one) => one.service === service && one.number === Number(number) && one.state === 'running',
  )
  if (!runs) throw notRunning(component)
  const terminal = interactive ? [] : ['-T']
  return composeInteractive(await engine.project(), [
    'exec',
    ...terminal,
    '--index',
    number,
    service,
    ...command,
  ])
}

/**
 * A shell of the database, of Redis or of the server, in its container. Inside, PostgreSQL takes every role over its socket
 * without a password.
 */
export async function shellInside(deployment: Deployment, request: ShellRequest): Promise<number> {
  const { target, role, args, interactive } = request
  const { database, redis } = deployment.config
  if (target === 'db') {
    if (database.url) throw notOurs('database', `psql -U ${ROLES[role]} ${database.url}`)
    // A script stops at its first error, and says so by its exit code.
    const strict = interactive ? [] : ['-v', 'ON_ERROR_STOP=1']
    const psql = ['psql', '-U', ROLES[role], '-d', 'vetrai', ...strict, ...args]
    return execInside(deployment, 'postgres', psql, { interactive })
  }
  if (target === 'redis') {
    if (redis.url) throw notOurs('Redis', `redis-cli -u ${redis.url}`)
    return execInside(deployment, 'redis', ['sh', '-c', REDIS_CLI, 'sh', ...args], { interactive })
  }
  return execInside(deployment, 'server', ['sh', ...args], { interactive })
}

function notRunning(component: string): CliError {
  return new CliError({
    code: 'not_running',
    message: `The component ${component} does not run.`,
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}

function notOurs(what: string, command: string): CliError {
  return new CliError({
    code: 'store_external',
    message: `The ${what} is your own, and no container of this deployment has a client for it.`,
    next: `Ask it from where you reach it: ${command} (passwords are in secrets/)`,
    exitCode: 4,
  })
}
