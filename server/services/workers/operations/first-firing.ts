import { nextFiring, type Timing } from '../../../jobs/schedule-timing.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { workerErrors } from '../errors.js'

/** When a schedule fires first. Throws where it never would. */
export function firstFiring(timing: Timing, now: Date): Date {
  const { startsAt, endsAt } = timing
  if (startsAt && endsAt && endsAt < startsAt) {
    throw new kernelErrors.Invalid({
      problems: [{ pointer: '/ends_at', code: 'custom', message: 'must not be before starts_at' }],
    })
  }
  const at = nextFiring(timing, now)
  if (!at) throw new workerErrors.ScheduleNeverFires()
  return at
}
