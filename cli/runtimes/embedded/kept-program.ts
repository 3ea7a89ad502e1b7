import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWord } from '../../boot/escape.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import { operatorEnv } from './host-env.js'
import { programsIn } from './program-paths.js'
import { isSameRelease, releaseOfPrograms } from './program-release.js'
import { runProgram } from './run-program.js'

/** Folder of the programs that a version was started from; undefined where they are gone, or of another version by now. */
export async function keptProgram(release: LockedRelease): Promise<string | undefined> {
  const { program } = release
  if (program === undefined) return undefined
  try {
    const programs = await programsIn(program)
    if (!isSameRelease(await releaseOfPrograms(programs), release)) return undefined
    await Promise.all([launcherIn(program), programs.server, programs.supervisor].map((file) => access(file)))
    return program
  } catch {
    return undefined
  }
}

/**
 * Starts a version by its own command line, which knows best how it is run, in the place of whatever serves, and waits until it
 * is ready. CliError `earlier_failed` with its words where it does not come up.
 */
export async function startKept(deployment: Deployment, program: string, withinS: number): Promise<void> {
  // `up` would see to the upgrade that goes on, which is what asks here.
  const args = [launcherIn(program), 'restart', 'server', '--dir', deployment.dir, '--quiet']
  const { code, stdout, stderr } = await runProgram(process.execPath, args, {
    // What was built last is what ran; nothing is built in the middle of this.
    env: { ...operatorEnv(), VETRAI_SKIP_BUILD: '1' },
    timeoutMs: withinS * 1_000,
  })
  if (code === 0) return
  const words = (stderr || stdout).trim().split('\n').slice(-6).join('\n')
  throw new CliError({
    code: 'earlier_failed',
    message: `Its own command line could not start it: ${words || `it did not end within ${withinS} s`}`,
    next: `Start it by hand: ${commandOf(program, 'up', deployment.dir)}`,
  })
}

/** What an operator types to have a version serve whose programs are not where they were. */
export async function commandsToReturn(deployment: Deployment, release: LockedRelease): Promise<string> {
  const { program, version } = release
  const isCheckout = program !== undefined && (await isThere(join(program, '.git')))
  if (isCheckout) {
    return `git -C ${shellWord(program)} checkout v${version} && ${commandOf(program, 'up', deployment.dir)}`
  }
  const folder = `/opt/vetrai-${version}`
  return `${commandOf(folder, 'up', deployment.dir)}, once the command line of ${version} is unpacked to ${folder}`
}

/** A command of the command line in a folder, on one deployment. */
export function commandOf(program: string, command: string, dir: string): string {
  return `${shellWord(launcherIn(program))} ${command} --dir ${shellWord(dir)}`
}

function launcherIn(program: string): string {
  return join(program, 'bin', 'vetrai')
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
