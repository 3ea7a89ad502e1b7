import { spaceAt } from '../../checks/disk.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { releaseOfTree } from '../../release/release-of-tree.js'
import { folderBytes } from '../folder-bytes.js'
import { type Migrator, migrateDatabase } from '../migrate-database.js'
import { argumentsOf, databaseFailed, readFacts, readTrial } from '../upgrade-database.js'
import type { DatabaseFacts, ServerVersion, UpgradeHost } from '../upgrade-host.js'
import { httpStatus } from './health.js'
import { embeddedMigrator, runMigrateProgram } from './migrate.js'
import type { ProgramPaths } from './program-paths.js'
import { migrationsOf, releaseOfPrograms } from './release-in-use.js'
import { up } from './up.js'

/**
 * What an upgrade needs where programs run on the host: the new version is the one of this command line. The one before
 * can be started by its own command line only; its data is put back here.
 */
export function embeddedHost(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: () => Promise<StoreAddresses>,
): UpgradeHost {
  const own = async (): Promise<ServerVersion> => ({
    release: await releaseOfTree(),
    migrations: await migrationsOf(programs),
    locked: await releaseOfPrograms(programs),
    name: `the command line of ${programs.version}`,
  })
  /** Of another version no more is known than what was noted; what is asked of its database any version can do. */
  const known = async (locked: LockedRelease): Promise<ServerVersion> => {
    const mine = await own()
    if (isSame(locked, mine.locked)) return mine
    const { version, schema_version } = locked
    return {
      ...mine,
      release: { ...mine.release, version, schema_version },
      locked,
      name: `the command line of ${version}`,
    }
  }
  const migrator = async (copy?: string): Promise<Migrator> => {
    const where = await addressOf(deployment, await addresses(), copy)
    return { ...(await embeddedMigrator(deployment, programs, where)), place: placeOf(deployment) }
  }
  const run = async (verb: string, names: string[] = [], copy?: string) => {
    const where = await addressOf(deployment, await addresses(), copy)
    return runMigrateProgram(deployment, programs, where, [verb, ...names])
  }

  return {
    holdsRequests: false,
    startsEarlier: false,
    current: async () => {
      const release = deployment.lock.release ?? legacyRelease(deployment)
      return release && known(release)
    },
    known,
    peek: async (to) => {
      refuseImage(to)
      const version = await own()
      return { name: version.name, version }
    },
    provide: async (to) => {
      refuseImage(to)
      return own()
    },
    facts: async (): Promise<DatabaseFacts> => readFacts(await run('facts')),
    objectBytes: () => folderBytes(deployment.paths.objects),
    places: async () => {
      const { place, free } = await spaceAt(deployment.paths.data)
      return [{ place, free }]
    },
    // The files of the database belong to another user; its supervisor starts it again once there is room.
    reserve: async () => undefined,
    release: async () => undefined,
    migrate: async (_version, copy) => migrateDatabase(deployment, await migrator(copy)),
    database: async (_version, step) => {
      const { code, stderr } = await run(step.verb, argumentsOf(step))
      if (code !== 0) throw databaseFailed(step, stderr)
    },
    putOnTrial: async (_version, copy) => readTrial(await run('trial', [], copy)),
    endTrial: async () => {
      const { code, stderr } = await run('end-trial')
      if (code !== 0) throw databaseFailed({ verb: 'end-trial' }, stderr)
    },
    choose: async (release) => {
      await deployment.withLock('upgrade', () => deployment.updateLock((lock) => ({ ...lock, release })))
    },
    start: async (_withinS, progress) => {
      const { release } = deployment.lock
      if (release && !isSame(release, await releaseOfPrograms(programs))) {
        // Where it was never stopped it serves still.
        if ((await httpStatus(`${deployment.localUrl}/readyz`)) === 200) return
        throw otherCommandLine(release)
      }
      await up(deployment, programs, progress)
    },
    clear: async () => undefined,
  }
}

function isSame(a: LockedRelease, b: LockedRelease): boolean {
  return a.version === b.version && a.schema_version === b.schema_version
}

function legacyRelease({ lock }: Deployment): LockedRelease | undefined {
  const { server: version } = lock.versions
  return version === undefined ? undefined : { version, schema_version: 'unknown' }
}

function placeOf({ config }: Deployment): string {
  return config.database.url ?? 'built-in'
}

/** Where the database is, or a copy of it on the same server. */
async function addressOf(
  deployment: Deployment,
  addresses: StoreAddresses,
  copy: string | undefined,
): Promise<StoreAddresses> {
  if (copy === undefined) return addresses
  const { DATABASE_URL: whole } = await deployment.migrateEnv(addresses)
  const url = new URL(whole ?? '')
  url.pathname = `/${encodeURIComponent(copy)}`
  return { ...addresses, databaseUrl: url.href }
}

function refuseImage(to: string | undefined): void {
  if (to === undefined) return
  throw new CliError({
    code: 'no_images',
    message: 'The embedded runtime uses no images: its new version is that of the command line.',
    next: 'Leave --to out, and upgrade by the command line of the new version.',
    exitCode: 2,
  })
}

function otherCommandLine({ version }: LockedRelease): CliError {
  return new CliError({
    code: 'upgrade_needed',
    message: `The data is that of ${version} again, which this command line cannot start.`,
    next: `Start it with the command line of ${version}: vetrai up`,
    exitCode: 4,
  })
}
