import { access } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../deployment/errors.js'
import { hostEnv } from '../runtimes/embedded/host-env.js'
import { type ProgramResult, runProgram } from '../runtimes/embedded/run-program.js'

/** Whose units: those of the machine, or those of one user. */
export type Scope = 'system' | 'user'

/** The systemd of this host, for the units of one scope. */
export interface Systemd {
  scope: Scope
  /** Where its administrator puts units. */
  folder: string
  /** Such as 252; 0 where it does not tell. */
  version: number
  /** Has systemctl do something; CliError `systemd_failed` or, when nobody answers it, `systemd_unreachable` (exit 3). */
  systemctl(...args: string[]): Promise<void>
  /** Asks systemctl what it may say no to: its one word, such as `enabled`; empty when it has none. */
  ask(...args: string[]): Promise<string>
}

/** `program` is taken for a systemctl and `folder` for its units, for tests. */
export interface SystemdOptions {
  scope?: Scope
  program?: string
  folder?: string
}

/** Units of the machine for root, of the user for anybody else. */
export function defaultScope(): Scope {
  return process.getuid?.() === 0 ? 'system' : 'user'
}

/** The running systemd; undefined where this host has another init, or none. */
export async function findSystemd(options: SystemdOptions = {}): Promise<Systemd | undefined> {
  const { scope = defaultScope(), program = 'systemctl', folder = unitFolder(scope) } = options
  // What sd_booted(3) looks at.
  if (options.program === undefined && !(await exists('/run/systemd/system'))) return undefined
  const run = (args: string[]) => runSystemctl(program, scope, args)
  const said = await run(['--version']).catch(() => undefined)
  if (said === undefined) return undefined
  return {
    scope,
    folder,
    version: Number(/^systemd (\d+)/.exec(said.stdout)?.[1] ?? 0),
    systemctl: async (...args) => {
      const result = await run(args)
      if (result.code !== 0) throw failed(scope, args, result)
    },
    ask: async (...args) => (await run(args)).stdout.trim(),
  }
}

/** Whether what a user runs goes on after the last session has ended, and starts at boot. */
export async function lingers(user = userInfo().username): Promise<boolean> {
  return exists(join('/var/lib/systemd/linger', user))
}

/** Where the administrator of the machine, or a user, puts units. */
export function unitFolder(scope: Scope): string {
  return scope === 'system' ? '/etc/systemd/system' : join(homedir(), '.config/systemd/user')
}

function runSystemctl(program: string, scope: Scope, args: string[]): Promise<ProgramResult> {
  const { xdgRuntimeDir } = hostEnv()
  return runProgram(program, [...(scope === 'user' ? ['--user'] : []), '--no-ask-password', ...args], {
    // By its socket there, a user's own systemd is found.
    env: xdgRuntimeDir === undefined ? {} : { XDG_RUNTIME_DIR: xdgRuntimeDir },
  })
}

function failed(scope: Scope, args: string[], { code, stdout, stderr }: ProgramResult): CliError {
  const words = `${stderr}\n${stdout}`.trim()
  if (/Failed to connect to (the )?(user scope )?bus/i.test(words)) {
    return new CliError({
      code: 'systemd_unreachable',
      message: `systemd does not answer: ${words.split('\n')[0]}`,
      next:
        scope === 'user'
          ? 'Sign in as that user itself (by ssh or on the console, not by su), or have the system start it: sudo vetrai service install --dir DIR'
          : 'Run it as root, on the host itself.',
      exitCode: 3,
    })
  }
  return new CliError({
    code: 'systemd_failed',
    message: `systemctl ${args.join(' ')} failed (exit ${code}): ${words}`,
    next: 'Correct what it says, then try again. More of it: journalctl -xe',
  })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
