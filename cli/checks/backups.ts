import { Cron } from 'croner'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import type { CheckTargetResult, TargetState } from '../operations/backup/protocol.js'
import { bytes, duration } from '../views/format.js'
import { type Check, type Finding, fail, ok, warn } from './check.js'

/** A backup that is to help must be there, young, readable without this host, and have room for the next one. */
export const backups: Check = {
  name: 'backups',
  title: 'Backups',
  stages: ['doctor'],
  remedy: 'See the targets with `vetrai backup targets` and the backups with `vetrai backup list`.',
  run: async ({ deployment, runtime }) => {
    if (!deployment || !runtime) return undefined
    const findings = [judgeRecovery(deployment)]
    // Before the first `up` there is no program that could look.
    if (deployment.lock.done.migrations !== undefined) {
      try {
        const request = { verb: 'check-target', request: { targets: null }, needsStores: false }
        const { targets } = (await runtime.tool(deployment, request)) as CheckTargetResult
        findings.push(...judgeTargets(deployment, targets))
      } catch (error) {
        if (!(error instanceof CliError)) throw error
        findings.push(warn(`the targets could not be checked: ${error.message}`, error.next))
      }
    }
    return worst(findings)
  },
}

/** Judges what is in the targets, and whether the next backup will fit. */
export function judgeTargets(
  { config, lock }: Pick<Deployment, 'config' | 'lock'>,
  targets: readonly TargetState[],
  now = Date.now(),
): Finding[] {
  const longest = longestWait(config.backup)
  return targets.flatMap((target) => [
    ...judgeTarget(target),
    ...(longest === undefined ? [] : judgeAge(target, Date.parse(lock.created_at), longest, now)),
  ])
}

function judgeRecovery({ config, lock }: Deployment): Finding {
  if (config.backup.recovery === undefined) {
    return warn(
      'without a recovery key nobody reads the backups when this host is lost',
      'Make one, and keep it elsewhere: vetrai backup recovery-key',
    )
  }
  if (lock.recovery_unseen)
    return warn('the recovery key was never shown', 'Make another one: vetrai backup recovery-key --replace')
  if (config.backup.schedule === null)
    return warn('none are made by themselves', 'Say when: vetrai backup schedule --cron "17 3 * * *"')
  return ok('there is a recovery key')
}

function judgeTarget({
  name,
  reachable,
  writable,
  free_bytes: free,
  newest,
  problem,
}: TargetState): Finding[] {
  if (!reachable || !writable) {
    const what = reachable ? 'cannot be written' : 'cannot be reached'
    return [fail(`${name} ${what}${problem ? `: ${problem.message}` : ''}`, problem?.next)]
  }
  if (free !== null && newest && free < 2 * newest.bytes) {
    const detail = `${name} has ${bytes(free)} free, and the newest backup takes ${bytes(newest.bytes)}`
    return [warn(detail, 'Make room, or keep fewer: vetrai config edit (backup.keep), vetrai backup prune')]
  }
  return []
}

function judgeAge({ name, newest }: TargetState, since: number, longest: number, now: number): Finding[] {
  const age = now - (newest ? Date.parse(newest.created_at) : since)
  if (age <= 2 * longest) {
    return newest ? [ok(`newest in ${name} ${duration(age / 1_000)} old`)] : [ok(`none in ${name} yet`)]
  }
  const detail = newest
    ? `the newest backup in ${name} is ${duration(age / 1_000)} old`
    : `there is no backup in ${name}`
  return [fail(detail, 'Make one now with `vetrai backup create`; why none was made: vetrai logs server')]
}

/** Milliseconds from one scheduled backup to the next, the longest of the coming ones; undefined where none are scheduled. */
function longestWait({ schedule, time_zone }: Deployment['config']['backup']): number | undefined {
  if (schedule === null) return undefined
  const runs = new Cron(schedule, { timezone: time_zone }).nextRuns(8).map((run) => run.getTime())
  const waits = runs.slice(1).map((run, at) => run - (runs[at] ?? run))
  return waits.length === 0 ? undefined : Math.max(...waits)
}

const LEVELS = ['fail', 'warn', 'ok'] as const

/** What weighs most, with the words of all that weigh as much. */
function worst(findings: readonly Finding[]): Finding {
  const level = LEVELS.find((one) => findings.some((finding) => finding.level === one)) ?? 'ok'
  const chosen = findings.filter((finding) => finding.level === level)
  const remedies = [...new Set(chosen.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy])))]
  return {
    level,
    detail: chosen.map(({ detail }) => detail).join('; '),
    ...(remedies.length > 0 && { remedy: remedies.join('; ') }),
  }
}
