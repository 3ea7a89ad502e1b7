import type { Deployment } from '../deployment/deployment.js'
import { runProgram } from '../runtimes/embedded/run-program.js'
import { PROGRAM } from './describe-unit.js'
import { shellWord } from './escape.js'

/** The crontab line that does what a unit would, where there is no systemd. */
export function cronLine({ dir }: Pick<Deployment, 'dir'>, node = process.execPath): string {
  const words = [node, PROGRAM, 'up', '--dir', dir, '--yes', '--quiet'].map(shellWord)
  // cron ends a command at a bare %.
  return `@reboot VETRAI_SKIP_BUILD=1 ${words.join(' ').replaceAll('%', '\\%')}`
}

/** Whether the crontab of this user starts the deployment at boot. */
export async function isInCrontab({ dir }: Pick<Deployment, 'dir'>): Promise<boolean> {
  const listed = await runProgram('crontab', ['-l'], { timeoutMs: 5_000 }).catch(() => undefined)
  if (listed?.code !== 0) return false
  return startsAtReboot(listed.stdout, dir)
}

/** Whether a crontab has a line, not turned off, that brings this directory up at boot. */
export function startsAtReboot(crontab: string, dir: string): boolean {
  const names = [shellWord(dir), dir].map((name) => name.replaceAll('%', '\\%'))
  return crontab
    .split('\n')
    .filter((line) => line.startsWith('@reboot'))
    .some((line) => / up\b/.test(line) && names.some((name) => line.includes(name)))
}
