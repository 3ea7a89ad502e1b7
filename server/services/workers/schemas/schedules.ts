import { z } from 'zod'
import { Cron } from '../../../jobs/cron.js'
import { CATCH_UPS } from '../../../jobs/schedule-timing.js'
import { isTimeZone } from '../../../jobs/zone-clock.js'
import { id, jsonObject, jsonValue, page, shortText, timestamp } from '../../../kernel/schema.js'

/** Shortest time between two firings. */
const PERIOD_MIN_S = 10
const PERIOD_MAX_S = 366 * 86_400
const RUNS_MAX = 100

export const OVERLAPS = ['allow', 'skip'] as const
const STATES = ['active', 'paused', 'ended'] as const

export const scheduleParams = z.strictObject({ scheduleId: id('schedule') })

const cron = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .superRefine((pattern, check) => {
    try {
      if (new Cron(pattern).shortestGapS < PERIOD_MIN_S)
        check.addIssue(`fires more often than every ${PERIOD_MIN_S} seconds`)
    } catch (error) {
      check.addIssue(error instanceof Error ? error.message : String(error))
    }
  })
  .meta({
    description:
      'Minutes, hours, day of month, month, day of week, with seconds before them or without; names, lists, ranges, steps, L, W, # and nicknames such as @daily.',
    examples: ['0 9 * * MON-FRI'],
  })

const everyS = z
  .int()
  .min(PERIOD_MIN_S)
  .max(PERIOD_MAX_S)
  .describe('Seconds from one firing to the next, counted from `starts_at` or from when it was made.')

const timeZone = z
  .string()
  .min(1)
  .max(64)
  .refine(isTimeZone, 'is not a time zone of the IANA database')
  .meta({ description: 'IANA time zone whose clock `cron` goes by.', examples: ['Europe/Berlin'] })

const name = shortText({ max: 100 })
const payload = jsonObject({ maxBytes: 16_384 }).describe('What each job is given; checked against its kind.')
const bound = (what: string) => timestamp.nullable().describe(`${what}; null for no bound.`)

const rhythm = { cron: cron.optional(), every_s: everyS.optional() }
const settings = {
  time_zone: timeZone,
  catch_up: z
    .enum(CATCH_UPS)
    .describe('Firings that were missed: make up for none, the last, or each (the newest 100).'),
  overlap: z
    .enum(OVERLAPS)
    .describe(
      'Whether it fires while the job of the firing before is not settled; skipped firings are counted.',
    ),
  starts_at: bound('Fires from then on'),
  ends_at: bound('Fires until then'),
}
const withDefaults = {
  time_zone: timeZone.default('UTC'),
  catch_up: settings.catch_up.default('last'),
  overlap: settings.overlap.default('allow'),
  starts_at: settings.starts_at.default(null),
  ends_at: settings.ends_at.default(null),
}

interface Rhythm {
  cron?: string | undefined
  every_s?: number | undefined
}

const isOne = (body: Rhythm) => (body.cron === undefined) !== (body.every_s === undefined)
const one = { path: ['cron'], message: 'give either cron or every_s' }

export const createScheduleBody = z
  .strictObject({
    name,
    kind: z
      .string()
      .min(3)
      .max(100)
      .regex(/^[a-z]+(\.[a-z0-9-]+)+$/, 'must be the name of a kind of job, as service.verb-noun')
      .describe('Kind of job that it makes.'),
    payload: payload.default({}),
    ...rhythm,
    ...withDefaults,
    paused: z.boolean().default(false).describe('Whether it waits to be resumed.'),
  })
  .refine(isOne, one)
  .meta({
    examples: [
      {
        name: 'Morning report',
        kind: 'reports.send-digest',
        payload: {},
        cron: '0 9 * * MON-FRI',
        time_zone: 'Europe/Berlin',
      },
    ],
  })
export type CreateScheduleInput = z.infer<typeof createScheduleBody>

export const updateScheduleBody = z
  .strictObject({ ...z.strictObject({ name, payload, ...settings }).partial().shape, ...rhythm })
  .refine((body) => body.cron === undefined || body.every_s === undefined, one)
export type UpdateScheduleInput = z.infer<typeof updateScheduleBody>

export const listSchedulesQuery = z.strictObject({
  ...page,
  state: z.enum(STATES).optional(),
  kind: shortText({ max: 100 }).optional().describe('Schedules that make jobs of this kind only.'),
  name: name.optional().describe('The schedule with exactly this name.'),
})
export type ListSchedulesQuery = z.infer<typeof listSchedulesQuery>

export const nextRunsQuery = z.strictObject({
  count: z.coerce.number().int().min(1).max(RUNS_MAX).default(10).describe('How many, at most 100.'),
})

export const previewBody = z
  .strictObject({
    ...rhythm,
    time_zone: withDefaults.time_zone,
    starts_at: withDefaults.starts_at,
    ends_at: withDefaults.ends_at,
    count: z.int().min(1).max(RUNS_MAX).default(10).describe('How many runs to show.'),
  })
  .refine(isOne, one)
  .meta({ examples: [{ cron: '30 2 * * *', time_zone: 'Europe/Berlin', count: 3 }] })
export type PreviewInput = z.infer<typeof previewBody>

export const scheduleView = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    kind: z.string(),
    payload: z.record(z.string(), jsonValue),
    cron: z.string().nullable(),
    every_s: z.number().nullable(),
    time_zone: z.string(),
    description: z.string().describe('When it fires, in words.'),
    catch_up: z.enum(CATCH_UPS),
    overlap: z.enum(OVERLAPS),
    starts_at: timestamp.nullable(),
    ends_at: timestamp.nullable(),
    state: z.enum(STATES),
    paused_at: timestamp.nullable(),
    next_at: timestamp
      .nullable()
      .describe('When it fires next; null while it is paused and when it has ended.'),
    last_at: timestamp.nullable().describe('The last firing, by its own time, that made a job.'),
    last_job_id: z.uuid().nullable(),
    missed: z.int().describe('Firings so far that made no job.'),
    last_error: z.string().nullable().describe('Why the last firing made no job, where it could not.'),
    created_by: z.strictObject({ type: z.string(), id: z.string() }),
    created_at: timestamp,
  })
  .meta({ id: 'Schedule' })

const runView = z.strictObject({
  at: timestamp,
  local: z.string().describe('The same moment as the clock of the time zone shows it.'),
})

const clockChangeView = z.strictObject({
  at: timestamp,
  effect: z.enum(['moved', 'once', 'skipped', 'repeated']),
  note: z.string().describe('What happens then, in words.'),
})

export const runsView = z
  .strictObject({
    description: z.string().describe('When it fires, in words.'),
    time_zone: z.string(),
    runs: z.array(runView).describe('As many as asked for, unless there are fewer within the next 30 years.'),
    clock_changes: z
      .array(clockChangeView)
      .describe('Changes of the clocks within a year that make a difference to it.'),
  })
  .meta({ id: 'ScheduleRuns' })

export const startedView = z.strictObject({
  job_id: z.uuid(),
  is_new: z
    .boolean()
    .describe('False where the job of the firing before is not settled and overlaps are skipped.'),
})
