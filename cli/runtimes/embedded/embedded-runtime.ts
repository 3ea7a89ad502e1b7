import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import type { Runtime } from '../runtime.js'
import { installedPrograms, type ProgramPaths } from './program-paths.js'
import { otherVersion, requireSameVersion } from './release-in-use.js'
import { componentNames, embeddedStatus } from './status.js'
import { supervisorReport } from './supervisor-client.js'

/**
 * The runtime without Docker: a supervisor in the background keeps a private PostgreSQL, a private
 * Redis or Valkey and the server. `programs` replaces what is started, for tests.
 *
 * What only some commands need is imported when it is needed, so that `status` is quick.
 */
export function embeddedRuntime(programs: () => Promise<ProgramPaths> = installedPrograms): Runtime {
  return {
    name: 'embedded',
    up: async (deployment, progress) => {
      const { up } = await import('./up.js')
      const installed = await programs()
      await requireSameVersion(deployment, installed)
      return up(deployment, installed, progress)
    },
    plan: async (deployment) => {
      const { planChanges } = await import('./plan-changes.js')
      return planChanges(deployment, await programs())
    },
    hold: async (deployment, progress) => {
      const { hold } = await import('./up.js')
      await hold(deployment, await programs(), progress)
    },
    down: async (deployment, progress) => {
      const { down } = await import('./down.js')
      return down(deployment, progress)
    },
    restart: async (deployment, component, progress) => {
      if (component !== undefined) requireComponent(deployment, component)
      const { restart } = await import('./up.js')
      const installed = await programs()
      await requireSameVersion(deployment, installed)
      await restart(deployment, installed, progress, component === undefined ? [] : [component])
    },
    status: async (deployment) => {
      const { findDrift } = await import('./plan-changes.js')
      const installed = await programs()
      const [status, drift] = await Promise.all([
        embeddedStatus(deployment, installed),
        findDrift(deployment, installed),
      ])
      return { ...status, drift }
    },
    logs: async function* (deployment, options) {
      const { readLogs } = await import('./logs.js')
      yield* readLogs(deployment, options)
    },
    migrations: async (deployment) => {
      const [{ listMigrations }, { embeddedMigrator }] = await Promise.all([
        import('../migrate-database.js'),
        import('./migrate.js'),
      ])
      return listMigrations(
        await embeddedMigrator(deployment, await programs(), await runningStores(deployment)),
      )
    },
    migrate: async (deployment, progress) => {
      const [{ migrateDatabase }, { embeddedMigrator }, { during }] = await Promise.all([
        import('../migrate-database.js'),
        import('./migrate.js'),
        import('../during.js'),
      ])
      const addresses = await runningStores(deployment)
      const work = async () =>
        migrateDatabase(deployment, await embeddedMigrator(deployment, await programs(), addresses))
      return deployment.withLock('migrate', () =>
        deployment.journal.record('migrate', () => during(progress, 'Apply pending migrations', work)),
      )
    },
    acceptedSecrets: async (deployment) => {
      const { acceptedSecrets } = await import('./accepted-secrets.js')
      return acceptedSecrets(deployment, await runningStores(deployment))
    },
    repairSecrets: async (deployment, progress) => {
      const [{ repairSecrets }, { embeddedMigrator }, { restart }] = await Promise.all([
        import('./accepted-secrets.js'),
        import('./migrate.js'),
        import('./up.js'),
      ])
      const installed = await programs()
      const migrator = await embeddedMigrator(deployment, installed, await runningStores(deployment))
      await repairSecrets(deployment, migrator, {
        progress,
        restart: (names) => restart(deployment, installed, progress, names),
      })
    },
    exec: async (deployment, component, command) => {
      requireComponent(deployment, component)
      const { execCommand } = await import('./exec-command.js')
      return execCommand(deployment, component, command)
    },
    shell: async (deployment, request) => {
      const { target } = request
      const own = target === 'db' ? deployment.config.database.url : deployment.config.redis.url
      if (target !== 'server' && own === undefined) await requireRunning(deployment, STORES[target])
      const { openShell } = await import('./open-shell.js')
      return openShell(deployment, request)
    },
    applySecret: async (deployment, name, phase, progress) => {
      const { applySecret } = await import('./apply-secret.js')
      await applySecret(deployment, await programs(), { name, phase }, progress)
    },
    tool: async (deployment, request) => {
      const { embeddedTool } = await import('./tool.js')
      const { storeAddresses } = await import('./store-folder.js')
      const find = request.needsStores === false ? storeAddresses : runningStores
      return embeddedTool(deployment, await programs(), await find(deployment), request)
    },
    lend: async (_deployment, path) => ({ path, release: async () => undefined }),
    upgrades: async (deployment) => {
      const { embeddedHost } = await import('./embedded-host.js')
      return embeddedHost(deployment, await programs(), () => runningStores(deployment))
    },
    waitingUpgrade: async (deployment) => otherVersion(deployment, await programs()),
    uninstall: async (deployment, progress, options) => {
      const { uninstall } = await import('./uninstall.js')
      await deployment.withLock('uninstall', () => uninstall(deployment, progress, options))
    },
  }
}

const STORES = { db: 'postgres', redis: 'redis' } as const

/** Where the running stores listen; CliError `not_running` when the private PostgreSQL does not run. */
async function runningStores(deployment: Deployment): Promise<StoreAddresses> {
  if (deployment.config.database.url) return {}
  await requireRunning(deployment, 'postgres')
  const { storeAddresses } = await import('./store-folder.js')
  return storeAddresses(deployment)
}

async function requireRunning(deployment: Deployment, store: 'postgres' | 'redis'): Promise<void> {
  const report = await supervisorReport(deployment)
  if (report?.children.find(({ name }) => name === store)?.state === 'running') return
  throw new CliError({
    code: 'not_running',
    message: `The deployment is not running, so its ${store === 'postgres' ? 'database' : 'Redis'} cannot be asked.`,
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
