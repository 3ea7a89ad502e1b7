import type { Timing } from '../../../jobs/schedule-timing.js'
import type { PreviewInput } from '../schemas/schedules.js'

type TimingInput = Omit<PreviewInput, 'count'>

/** The timing that the fields of a request describe, of a schedule made at this moment. */
export function timingFrom(input: TimingInput, createdAt: Date): Timing {
  return {
    cron: input.cron ?? null,
    everyS: input.every_s ?? null,
    timeZone: input.time_zone,
    startsAt: timeFrom(input.starts_at),
    endsAt: timeFrom(input.ends_at),
    createdAt,
  }
}

export function timeFrom(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
