import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { Runtime } from '../runtime.js'

/**
 * The appliance: containers that Docker Compose keeps, rendered from vetrai.yml. What only some commands need is imported
 * when it is needed, so that others are quick.
 */
export function composeRuntime(): Runtime {
  return {
    name: 'compose',
    up: async (deployment, progress) => (await import('./up.js')).up(deployment, progress),
    plan: async (deployment) => {
      const [{ Engine }, { render }, { makePlan }] = await Promise.all([
        import('./engine.js'),
        import('./render.js'),
        import('./plan.js'),
      ])
      const { changes } = await makePlan(deployment, await Engine.open(deployment), await render(deployment))
      return { changes }
    },
    hold: async (deployment, progress) => (await import('./up.js')).hold(deployment, progress),
    down: async (deployment, progress) => (await import('./down.js')).down(deployment, progress),
    restart: async (deployment, component, progress) => {
      const [{ up }, { componentNames }, { unknownComponent }] = await Promise.all([
        import('./up.js'),
        import('./status.js'),
        import('./logs.js'),
      ])
      const names = await componentNames(deployment)
      if (component !== undefined && !names.includes(component)) throw unknownComponent(component, names)
      const chosen = component === undefined ? names : [component]
      const services = new Set(chosen.map((name) => name.replace(/^worker-\d+$/, 'worker')))
      await up(deployment, progress, [...services])
    },
    status: async (deployment, { brief = false } = {}) =>
      (await import('./status.js')).composeStatus(deployment, { measure: !brief }),
    logs: async function* (deployment, options) {
      const { readLogs } = await import('./logs.js')
      yield* readLogs(deployment, options)
    },
    migrations: async (deployment) => {
      const { listMigrations } = await import('../migrate-database.js')
      return listMigrations(await runningMigrator(deployment))
    },
    migrate: async (deployment, progress) => {
      const [{ migrateDatabase }, { during }] = await Promise.all([
        import('../migrate-database.js'),
        import('../during.js'),
      ])
      const migrator = await runningMigrator(deployment)
      return deployment.withLock('migrate', () =>
        deployment.journal.record('migrate', () =>
          during(progress, 'Apply pending migrations', () => migrateDatabase(deployment, migrator)),
        ),
      )
    },
    acceptedSecrets: async (deployment) =>
      (await import('./accepted-secrets.js')).acceptedSecrets(deployment),
    repairSecrets: async (deployment, progress) => {
      const [{ repairRoles }, { during }, { up }] = await Promise.all([
        import('../migrate-database.js'),
        import('../during.js'),
        import('./up.js'),
      ])
      const migrator = await runningMigrator(deployment)
      await deployment.withLock('secrets repair', () =>
        deployment.journal.record('secrets repair', () =>
          during(progress, 'Set the roles of the database', () => repairRoles(deployment, migrator)),
        ),
      )
      await up(
        deployment,
        progress,
        deployment.config.workers.processes > 0 ? ['server', 'worker'] : ['server'],
      )
    },
    exec: async (deployment, component, command, options) =>
      (await import('./run-inside.js')).execInside(deployment, component, command, options),
    shell: async (deployment, request) => (await import('./run-inside.js')).shellInside(deployment, request),
    applySecret: async (deployment, name, phase, progress) => {
      const [{ applySecret }, { repairRoles }] = await Promise.all([
        import('./apply-secret.js'),
        import('../migrate-database.js'),
      ])
      const alignRoles = async () => repairRoles(deployment, await runningMigrator(deployment))
      await applySecret(deployment, { name, phase }, { progress, alignRoles })
    },
    upgrades: async (deployment) => (await import('./upgrade/compose-host.js')).composeHost(deployment),
    waitingUpgrade: async (deployment) => (await import('./server-image.js')).waitingUpgrade(deployment),
    pointInTime: {
      times: async (deployment, of) =>
        (await import('./point-in-time/restorable-times.js')).restorableTimes(deployment, of),
      baseBackup: async (deployment, type, progress) =>
        (await import('./point-in-time/base-backup.js')).baseBackup(deployment, type, progress),
      restoreTo: async (deployment, time, progress, of) =>
        (await import('./point-in-time/restore-to.js')).restoreTo(deployment, time, progress, of),
      state: async (deployment) =>
        (await import('./point-in-time/archiving-state.js')).archivingState(deployment),
    },
    tool: async (deployment, request) => (await import('./tool.js')).composeTool(deployment, request),
    lend: async (deployment, path) => (await import('./lend-file.js')).lendFile(deployment, path),
    uninstall: async (deployment, progress, options) => {
      const { uninstall } = await import('./uninstall.js')
      await deployment.withLock('uninstall', () => uninstall(deployment, progress, options))
    },
  }
}

/** CliError `not_running` where there is no database to ask. */
async function runningMigrator(deployment: Deployment) {
  const [{ Engine }, { render }, { composeMigrator }] = await Promise.all([
    import('./engine.js'),
    import('./render.js'),
    import('./migrator.js'),
  ])
  const engine = await Engine.open(deployment)
  const runs = (await engine.containers()).some(
    ({ service, state }) => service === 'postgres' && state === 'running',
  )
  if (runs || deployment.config.database.url)
    return composeMigrator(deployment, engine, await render(deployment))
  throw new CliError({
    code: 'not_running',
    message: 'The deployment is not running, so its database cannot be asked.',
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}
