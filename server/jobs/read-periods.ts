import type { JobRecord } from '../kernel/define-job.js'
import type { Resources } from '../kernel/resources.js'
import type { PeriodOfKind } from './built-in-schedules.js'
import { Cron } from './cron.js'

/**
 * When the periodic jobs of this server run by themselves, as far as that can be told now: where asking fails, or answers
 * what no clock can follow, a job keeps the rhythm it has.
 */
export async function readPeriods(
  { config, log }: Pick<Resources, 'config' | 'log'>,
  jobs: Iterable<JobRecord>,
): Promise<PeriodOfKind[]> {
  const periods: PeriodOfKind[] = []
  for (const { name: kind, period } of jobs) {
    if (typeof period !== 'function') {
      if (period) periods.push({ kind, period })
      continue
    }
    try {
      const asked = await period(config)
      if (!asked) continue
      if ('cron' in asked) new Cron(asked.cron, asked.timeZone)
      periods.push({ kind, period: asked })
    } catch (err) {
      log.warn({ err, kind }, 'when a job runs by itself cannot be told now')
      periods.push({ kind, period: undefined })
    }
  }
  return periods
}
