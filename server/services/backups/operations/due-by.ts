import type { BuiltInSchedule } from '../../../jobs/built-in-schedules.js'
import { nextFirings } from '../../../jobs/schedule-timing.js'

/** How long a run may take, and be late, before its absence is a failure. */
const GRACE_MS = 3_600_000
/** Runs that may fail or be left out one after the other. */
const PERIODS = 2

/**
 * By when something that happens by a schedule must have succeeded again: two times of the schedule after the last success, or
 * after there was a schedule, and an hour. Null where the schedule comes to an end before.
 */
export function dueBy(schedule: BuiltInSchedule, lastSuccess: Date | undefined): Date | null {
  const since = new Date(Math.max(schedule.createdAt.getTime(), lastSuccess?.getTime() ?? 0))
  const timing = { ...schedule, startsAt: null, endsAt: null }
  const last = nextFirings(timing, PERIODS, since)[PERIODS - 1]
  return last ? new Date(last.getTime() + GRACE_MS) : null
}
