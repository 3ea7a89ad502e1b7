import { Cron } from 'croner'
import type { DigestRule } from './categories.js'

/** When a digest that opens now closes: so many seconds later, or at the next time of its pattern. */
export function digestEnd(rule: DigestRule, recipientZone: string, now: Date): Date {
  if (rule.cron === undefined) return new Date(now.getTime() + (rule.windowS ?? 0) * 1000)
  const zone = rule.timeZone ?? recipientZone
  const next = new Cron(rule.cron, { paused: true, timezone: zone }).nextRun(now)
  // A pattern that never comes again (a day long past) collects nothing.
  return next ?? now
}

/** What is wrong with a cron pattern, or null. */
export function cronProblem(pattern: string): string | null {
  try {
    new Cron(pattern, { paused: true, mode: '5-part' })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'is no cron pattern'
  }
}
