import type { Schedule, ScheduleRuns, StartedJob } from '../clients/resources.js'
import { fields } from './fields.js'
import { duration, time } from './format.js'
import { pageView } from './page-view.js'
import type { Paint } from './paint.js'
import { table } from './table.js'
import type { View } from './view.js'

/** Schedules as a table. */
export const schedulesView = pageView<Schedule>(
  [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'KIND', cell: ({ kind }) => kind },
    { heading: 'WHEN', cell: whenOf },
    { heading: 'STATE', cell: ({ state }) => state },
    { heading: 'NEXT', cell: ({ next_at }) => time(next_at) },
    { heading: 'LAST', cell: ({ last_at }) => time(last_at) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'There is no schedule. Create one: vetrai schedules create',
)

/** One schedule. */
export const scheduleView: View<Schedule> = (schedule, paint) =>
  fields(
    [
      ['name', paint.bold(schedule.name)],
      ['id', schedule.id],
      ['makes', schedule.kind],
      ['payload', Object.keys(schedule.payload).length > 0 ? JSON.stringify(schedule.payload) : null],
      ['fires', schedule.description],
      ['pattern', schedule.cron],
      ['from', schedule.starts_at && time(schedule.starts_at)],
      ['until', schedule.ends_at && time(schedule.ends_at)],
      ['state', stateOf(schedule, paint)],
      ['next', schedule.next_at && `${time(schedule.next_at)} UTC`],
      ['last', schedule.last_at && `${time(schedule.last_at)} UTC, job ${schedule.last_job_id}`],
      ['catches up', schedule.catch_up],
      ['overlaps', schedule.overlap],
      ['missed', schedule.missed > 0 ? String(schedule.missed) : null],
      ['error', schedule.last_error && paint.red(schedule.last_error)],
      ['created', time(schedule.created_at)],
    ],
    paint,
  )

/** When it fires next, by the clock of its zone and in UTC, and what changes of the clocks do to it. */
export const runsView: View<ScheduleRuns> = ({ description, time_zone, runs, clock_changes }, paint) => {
  const local = { heading: time_zone, cell: (run: Run) => toSecond(run.local) }
  const utc = { heading: 'UTC', cell: (run: Run) => toSecond(run.at) }
  return [
    paint.bold(description),
    runs.length === 0
      ? paint.dim('It does not fire any more.')
      : table(runs, time_zone === 'UTC' ? [utc] : [local, utc], paint),
    ...clock_changes.map(({ note }) => paint.yellow(note)),
  ].join('\n')
}

type Run = ScheduleRuns['runs'][number]

/** The job that was made. */
export const startedView: View<StartedJob> = ({ job_id, is_new }, paint) =>
  is_new
    ? `${paint.green('✓')} Made job ${job_id}.`
    : `${paint.yellow('!')} Job ${job_id} is not settled, and this schedule skips overlaps: no other was made.`

/** The pattern with its zone, or the rhythm. */
function whenOf({ cron, every_s, time_zone }: Schedule): string {
  return cron === null ? `every ${duration(every_s)}` : `${cron} ${time_zone}`
}

function toSecond(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}

function stateOf({ state }: Schedule, paint: Paint): string {
  return state === 'active' ? state : paint.yellow(state)
}
