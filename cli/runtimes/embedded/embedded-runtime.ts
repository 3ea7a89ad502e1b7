import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import type { Runtime } from '../runtime.js'
import { down } from './down.js'
import { during } from './during.js'
import { readLogs } from './logs.js'
import { listMigrations, migrateDatabase } from './migrate.js'
import { installedPrograms, type ProgramPaths } from './program-paths.js'
import { componentNames, embeddedStatus } from './status.js'
import { supervisorReport } from './supervisor-client.js'
import { uninstall } from './uninstall.js'
import { restart, up } from './up.js'

/**
 * The runtime without Docker: a supervisor in the background keeps a private PostgreSQL, a private
 * Redis or Valkey and the server. `programs` replaces what is started, for tests.
 */
export function embeddedRuntime(programs: () => Promise<ProgramPaths> = installedPrograms): Runtime {
  return {
    name: 'embedded',
    up: async (deployment, progress) => up(deployment, await programs(), progress),
    down,
    restart: async (deployment, component, progress) => {
      if (component !== undefined) requireComponent(deployment, component)
      await restart(deployment, await programs(), progress, component === undefined ? [] : [component])
    },
    status: async (deployment) => embeddedStatus(deployment, await programs()),
    logs: readLogs,
    migrations: async (deployment) =>
      listMigrations(deployment, await programs(), await runningStores(deployment)),
    migrate: async (deployment, progress) => {
      const addresses = await runningStores(deployment)
      const work = async () => migrateDatabase(deployment, await programs(), addresses)
      return deployment.withLock('migrate', () =>
        deployment.journal.record('migrate', () => during(progress, 'Apply pending migrations', work)),
      )
    },
    uninstall: (deployment, progress) =>
      deployment.withLock('uninstall', () => uninstall(deployment, progress)),
  }
}

/** Where the running stores listen; CliError `not_running` when the private PostgreSQL does not run. */
async function runningStores(deployment: Deployment): Promise<StoreAddresses> {
  if (deployment.config.database.url) return {}
  const report = await supervisorReport(deployment)
  const postgres = report?.children.find(({ name }) => name === 'postgres')
  if (postgres?.state === 'running') {
    const { ports } = deployment.lock
    return {
      databaseUrl: `postgres://127.0.0.1:${ports.postgres}/vetrai`,
      redisUrl: `redis://127.0.0.1:${ports.redis}/0`,
    }
  }
  throw new CliError({
    code: 'not_running',
    message: 'The deployment is not running, so its database cannot be asked.',
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}

function requireComponent(deployment: Deployment, component: string): void {
  const names = componentNames(deployment)
  if (names.includes(component)) return
  throw new CliError({
    code: 'component_unknown',
    message: `There is no component "${component}" in this deployment.`,
    next: `Name one of: ${names.join(', ')}.`,
    exitCode: 2,
  })
}
