import { Cron } from '../../../jobs/cron.js'
import type { DigestRule } from './categories.js'

/** When a digest that opens now closes: so many seconds later, or at the next time of its pattern. */
export function digestEnd(rule: DigestRule, recipientZone: string, now: Date): Date {
  if (rule.cron === undefined) return new Date(now.getTime() + (rule.windowS ?? 0) * 1000)
  // A pattern that never comes again (a day that no year has) collects nothing.
  return new Cron(rule.cron, rule.timeZone ?? recipientZone).next(now) ?? now
}

/** What is wrong with a cron pattern, or null. A digest of seconds is none. */
export function cronProblem(pattern: string): string | null {
  if (pattern.trim().split(/\s+/).length > 5) return 'must have five fields'
  try {
    new Cron(pattern)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'is no cron pattern'
  }
}
