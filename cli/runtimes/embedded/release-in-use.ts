import { readdir } from 'node:fs/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import type { ProgramPaths } from './program-paths.js'

const MIGRATION = /^\d{14}-[a-z0-9-]+\.js$/

/** Names of the migrations that come with programs, oldest first. */
export async function migrationsOf({ migrations }: ProgramPaths): Promise<string[]> {
  const files = await readdir(migrations).catch(() => [])
  return files
    .filter((file) => MIGRATION.test(file))
    .map((file) => file.slice(0, -3))
    .sort()
}

/** What lock.json says of a deployment that runs these programs. */
export async function releaseOfPrograms(programs: ProgramPaths): Promise<LockedRelease> {
  const schema = (await migrationsOf(programs)).at(-1) ?? 'empty'
  return { version: programs.version, schema_version: schema }
}

/** The version of the data and that of the programs, where these are two; undefined where they are one. */
export async function otherVersion(
  { lock }: Deployment,
  programs: ProgramPaths,
): Promise<{ from: string; to: string } | undefined> {
  const { release } = lock
  if (!release) return undefined
  const own = await releaseOfPrograms(programs)
  const isSame = own.version === release.version && own.schema_version === release.schema_version
  return isSame ? undefined : { from: release.version, to: own.version }
}

/**
 * Refuses to run programs of another version than the data is of: there are none of that one here that could be run instead.
 * CliError `upgrade_needed` (exit 4).
 */
export async function requireSameVersion(deployment: Deployment, programs: ProgramPaths): Promise<void> {
  const other = await otherVersion(deployment, programs)
  if (!other) return
  throw new CliError({
    code: 'upgrade_needed',
    message: `The data of this deployment is of ${other.from}; this command line brings ${other.to === other.from ? 'another build of it with another schema' : other.to}. Going from one to the other is an upgrade.`,
    next: 'See what it would do with `vetrai upgrade plan`, then: vetrai upgrade run. Or start it with the command line that it had.',
    exitCode: 4,
  })
}

/** Notes the version that runs. Call it under the lock of the deployment. */
export async function noteRelease(deployment: Deployment, programs: ProgramPaths): Promise<void> {
  const release = await releaseOfPrograms(programs)
  const { release: known } = deployment.lock
  if (known?.version === release.version && known.schema_version === release.schema_version) return
  await deployment.updateLock((lock) => ({ ...lock, release }))
}
