import type { z } from 'zod'
import { type ClockEffect, Cron, describePattern } from '../../jobs/cron.js'
import { nextFirings, type Timing } from '../../jobs/schedule-timing.js'
import { ZoneClock } from '../../jobs/zone-clock.js'
import type { Schedule } from './models/schedule.js'
import type { runsView, scheduleView } from './schemas/schedules.js'

const YEAR_MS = 366 * 86_400_000

/** A schedule as its organisation sees it. */
export function presentSchedule(schedule: Schedule): z.input<typeof scheduleView> {
  const [type = 'system', ...id] = schedule.createdBy.split(':')
  return {
    id: schedule.id,
    name: schedule.name,
    kind: schedule.kind,
    payload: schedule.payload as z.input<typeof scheduleView>['payload'],
    cron: schedule.cron,
    every_s: schedule.everyS,
    time_zone: schedule.timeZone,
    description: describeTiming(schedule),
    catch_up: schedule.catchUp,
    overlap: schedule.overlap,
    starts_at: iso(schedule.startsAt),
    ends_at: iso(schedule.endsAt),
    state: schedule.pausedAt ? 'paused' : schedule.nextAt ? 'active' : 'ended',
    paused_at: iso(schedule.pausedAt),
    next_at: iso(schedule.nextAt),
    last_at: iso(schedule.lastAt),
    last_job_id: schedule.lastJobId,
    missed: schedule.missed,
    last_error: schedule.lastError,
    created_by: { type, id: id.join(':') },
    created_at: schedule.createdAt.toISOString(),
  }
}

/** When a timing fires next, and what the coming changes of the clocks do to it. */
export function presentRuns(timing: Timing, count: number, now: Date): z.input<typeof runsView> {
  const { cron, timeZone } = timing
  const clock = new ZoneClock(timeZone)
  const effects = cron ? new Cron(cron, timeZone).clockEffects(now, new Date(now.getTime() + YEAR_MS)) : []
  return {
    description: describeTiming(timing),
    time_zone: timeZone,
    runs: nextFirings(timing, count, now).map((at) => ({
      at: at.toISOString(),
      local: localTime(at.getTime(), clock.offsetAt(at.getTime())),
    })),
    clock_changes: effects.map((change) => ({
      at: change.at.toISOString(),
      effect: change.effect,
      note: noteOf(change),
    })),
  }
}

function describeTiming({ cron, everyS, timeZone }: Timing): string {
  if (cron === null) return describePeriod(everyS ?? 0)
  return `${describePattern(cron)} (${timeZone})`
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** `every 90 minutes`: in the largest unit that it is a whole number of. */
function describePeriod(seconds: number): string {
  const [size, unit] = UNITS.find(([one]) => seconds % one === 0) ?? [1, 'second']
  return seconds === size ? `every ${unit}` : `every ${seconds / size} ${unit}s`
}

const NOTES: Record<ClockEffect['effect'], (until: string) => string> = {
  moved: (until) => `times in between do not exist and run at ${until}`,
  skipped: () => 'times in between do not exist and are left out',
  once: () => 'times in between come twice and run the first time',
  repeated: () => 'times in between come twice and run both times',
}

function noteOf({ at, from, to, effect }: ClockEffect): string {
  const [before, after] = [localTime(at.getTime(), from), localTime(at.getTime(), to)]
  const direction = to > from ? 'forward' : 'back'
  const [day, old, set] = [before.slice(0, 10), before.slice(11, 16), after.slice(11, 16)]
  return `On ${day} clocks go ${direction} from ${old} to ${set}: ${NOTES[effect](set)}.`
}

/** RFC 3339 with the offset of the zone. */
function localTime(instant: number, offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const two = (n: number) => String(n).padStart(2, '0')
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${new Date(instant + offset).toISOString().slice(0, 19)}${zone}`
}

function iso(date: Date | null): string | null {
  return date ? date.toISOString() : null
}
