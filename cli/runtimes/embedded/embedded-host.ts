import { spaceAt } from '../../checks/disk.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { releaseOfTree } from '../../release/release-of-tree.js'
import { during } from '../during.js'
import { folderBytes } from '../folder-bytes.js'
import { type Migrator, migrateDatabase } from '../migrate-database.js'
import { readReadiness } from '../readiness.js'
import type { Progress } from '../runtime.js'
import { argumentsOf, databaseFailed, readFacts, readTrial } from '../upgrade-database.js'
import type { DatabaseFacts, ServerVersion, UpgradeHost } from '../upgrade-host.js'
import { commandsToReturn, keptProgram, startKept } from './kept-program.js'
import { embeddedMigrator, runMigrateProgram } from './migrate.js'
import type { ProgramPaths } from './program-paths.js'
import { isSameRelease, migrationsOf, releaseOfPrograms } from './program-release.js'
import { up } from './up.js'

/**
 * What an upgrade needs where programs run on the host: the new version is the one of this command line. The one before
 * is started by its own command line, where that is still in the folder that it was started from.
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
    if (isSameRelease(locked, mine.locked)) return mine
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
    beginsAtRest: true,
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
    start: async (withinS, progress) => {
      const { release } = deployment.lock
      const isOwn = !release || isSameRelease(release, await releaseOfPrograms(programs))
      if (isOwn) await up(deployment, programs, progress, { withinS })
      else await startEarlier(deployment, release, { withinS, progress })
    },
    clear: async () => undefined,
    wayBack: async ({ locked }) => {
      const isKept = (await keptProgram(locked)) !== undefined
      return { automatic: isKept, command: isKept ? null : await commandsToReturn(deployment, locked) }
    },
  }
}

/** Where it was never stopped it serves still, whatever became of its programs. */
async function startEarlier(
  deployment: Deployment,
  release: LockedRelease,
  { withinS, progress }: { withinS: number; progress: Progress },
): Promise<void> {
  const { isReady, version } = await readReadiness(deployment.localUrl)
  if (isReady && version === release.version) return
  const program = await keptProgram(release)
  if (program === undefined) throw programGone(release, await commandsToReturn(deployment, release))
  await during(progress, `Start ${release.version} from ${program}`, () =>
    startKept(deployment, program, withinS),
  )
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

function programGone({ version, program }: LockedRelease, command: string): CliError {
  return new CliError({
    code: 'earlier_missing',
    message: `the programs of ${version} are not ${program === undefined ? 'known' : `in ${program} any more`}. Have it serve by: ${command}`,
    next: command,
    exitCode: 4,
  })
}
