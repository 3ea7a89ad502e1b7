import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process by id and start time; the pair is never reused, so it outlives crashes and pid reuse. */
export interface ProcessIdentity {
  pid: number
  /** Start time as the system tells it (Linux: clock ticks since boot); opaque. */
  start: string
}

/** Identity of a living process; undefined when it is gone or a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const start = process.platform === 'linux' ? linuxStart(pid) : psStart(pid)
  return start === undefined ? undefined : { pid, start }
}

/** Identity of this very process. */
export function identifySelf(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, start: 'unknown' }
}

/** Tells whether exactly this process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.start === identity.start
}

/** proc(5): the name in field 2 may hold spaces and brackets, so fields count from the last `)`. */
function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function psStart(pid: number): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    )
  } catch {
    return undefined
  }
}
