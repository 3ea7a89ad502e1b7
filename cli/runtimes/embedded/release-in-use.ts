import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { commandOf, keptProgram } from './kept-program.js'
import type { ProgramPaths } from './program-paths.js'
import { isSameRelease, releaseOfPrograms } from './program-release.js'

/** The version of the data and that of the programs, where these are two; undefined where they are one. */
export async function otherVersion(
  { lock }: Deployment,
  programs: ProgramPaths,
): Promise<{ from: string; to: string } | undefined> {
  const { release } = lock
  if (!release) return undefined
  return isSameRelease(release, await releaseOfPrograms(programs))
    ? undefined
    : { from: release.version, to: programs.version }
}

/**
 * Refuses to run programs of another version than the data is of: there are none of that one here that could be run instead.
 * CliError `upgrade_needed` (exit 4).
 */
export async function requireSameVersion(deployment: Deployment, programs: ProgramPaths): Promise<void> {
  const other = await otherVersion(deployment, programs)
  if (!other) return
  const program = deployment.lock.release && (await keptProgram(deployment.lock.release))
  const had = program === undefined ? '' : `: ${commandOf(program, 'up', deployment.dir)}`
  throw new CliError({
    code: 'upgrade_needed',
    message: `The data of this deployment is of ${other.from}; this command line brings ${other.to === other.from ? 'another build of it with another schema' : other.to}. Going from one to the other is an upgrade.`,
    next: `See what it would do with "vetrai upgrade plan", then: vetrai upgrade run. Or start it with the command line that it had${had || '.'}`,
    exitCode: 4,
  })
}

/** Notes the version that runs, and where its programs are. Call it under the lock of the deployment. */
export async function noteRelease(deployment: Deployment, programs: ProgramPaths): Promise<void> {
  const release = await releaseOfPrograms(programs)
  const { release: known } = deployment.lock
  if (known && isSameRelease(known, release) && known.program === release.program) return
  await deployment.updateLock((lock) => ({ ...lock, release }))
}
