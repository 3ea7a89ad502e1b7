import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

const COUNT = cpus().length

/** The core of the server that is measured, and those of everything else: load, PostgreSQL, Redis. */
export const CORES = COUNT > 1 ? { server: '0', others: `1-${COUNT - 1}`, all: `0-${COUNT - 1}` } : undefined

/** Keeps this process, and all it starts from now on, off the core of the measured server. */
export function moveAside(): void {
  if (CORES) execFileSync('taskset', ['-acp', CORES.others, String(process.pid)], { stdio: 'ignore' })
}

/** A command line that runs on these cores only; as it is where the machine has one core. */
export function onCores(cores: 'server' | 'all', command: string[]): [string, string[]] {
  const [file = '', ...args] = command
  return CORES ? ['taskset', ['-c', CORES[cores], file, ...args]] : [file, args]
}
