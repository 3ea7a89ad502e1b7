import { z } from 'zod'
import { JOB_STATUSES } from '../../../jobs/job-row.js'
import { id, jsonObject, jsonValue, listOf, page, shortText, timestamp } from '../../../kernel/schema.js'

const kindName = z
  .string()
  .max(100)
  .regex(/^[a-z]+(\.[a-z0-9-]+)+$/, 'is no kind of job')
  .meta({ description: 'Kind of job; see GET /workers/v1/job-kinds.', examples: ['workers.http-request'] })

const payload = jsonObject({ maxBytes: 65_536 })
  .describe('What the kind of job asks for; give ids rather than data.')
  .meta({ examples: [{ url: 'https://app.example.com/tasks/reindex', method: 'POST' }] })

const timing = {
  run_at: timestamp.optional().describe('Not before; at once when left out.'),
  delay_s: z.number().min(0).max(31_536_000).optional().describe('Seconds from now instead of run_at.'),
}

const unique = z
  .strictObject({
    key: shortText({ max: 200 }),
    mode: z
      .enum(['until_settled', 'window', 'debounce'])
      .default('until_settled')
      .describe(
        '`until_settled`: one job at a time. `window`: one in `window_s`. `debounce`: a job not yet begun takes the new payload and delay.',
      ),
    window_s: z.int().min(1).max(2_592_000).optional(),
  })
  .describe('Keeps a second job with this key from being made; the one there is answered instead.')

const oneJob = z.strictObject({
  kind: kindName,
  payload: payload.default({}),
  priority: z.int().min(-100).max(100).optional().describe('Higher runs first among your own jobs; 0 else.'),
  attempts: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('How often it is begun at most; the kind decides else.'),
  ...timing,
})

export const createJobBody = oneJob
  .extend({ unique: unique.optional() })
  .refine((job) => job.run_at === undefined || job.delay_s === undefined, {
    path: ['delay_s'],
    message: 'give run_at or delay_s, not both',
  })
export type CreateJobInput = z.output<typeof createJobBody>

export const createBatchBody = z.strictObject({
  jobs: z.array(oneJob).min(1).max(100),
  gather: z
    .boolean()
    .default(false)
    .describe('Makes a further job that runs once all of these are settled, and holds how they ended.'),
})
export type CreateBatchInput = z.output<typeof createBatchBody>

export const jobParams = z.strictObject({ jobId: id('job') })

export const jobView = z
  .strictObject({
    id: id('job'),
    kind: z.string(),
    queue: z.string(),
    status: z.enum(JOB_STATUSES),
    payload: jsonValue,
    priority: z.int(),
    attempt: z.int().describe('How often it was begun.'),
    attempts: z.int().describe('How often it is begun at most.'),
    run_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
    progress: z
      .strictObject({ share: z.number().min(0).max(1), words: z.string().optional() })
      .nullable()
      .describe('How far it says it is, 0 to 1.'),
    result: jsonValue.describe('What it answered; null until it succeeded.'),
    error: z.string().nullable(),
    cancel_requested_at: timestamp.nullable(),
    parent_id: id('parent').nullable(),
    pending_children: z.int(),
    unique_key: z.string().nullable(),
    schedule_id: id('schedule').nullable(),
    created_by: z.string(),
    request_id: z.string().nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Job' })

export const enqueuedView = z
  .strictObject({
    id: id('job'),
    kind: z.string(),
    status: z.enum(JOB_STATUSES),
    run_at: timestamp.nullable(),
    is_new: z.boolean().describe('False where a job with the same unique key was there already.'),
  })
  .meta({ id: 'EnqueuedJob' })

export const enqueuedBatchView = z.strictObject({
  gather_id: id('gathering job').nullable(),
  data: z.array(enqueuedView),
})

export const listJobsQuery = z.strictObject({
  ...page,
  status: z.enum(JOB_STATUSES).optional(),
  kind: kindName.optional(),
  queue: z.string().min(1).max(60).optional(),
  parent_id: id('parent').optional(),
  schedule_id: id('schedule').optional(),
})
export type ListJobsQuery = z.output<typeof listJobsQuery>

export const attemptView = z
  .strictObject({
    attempt: z.int(),
    outcome: z.enum(['running', 'succeeded', 'failed', 'timed_out', 'lost', 'cancelled', 'later']),
    worker: z.string().nullable(),
    started_at: timestamp,
    finished_at: timestamp.nullable(),
    error: z.string().nullable(),
    next_run_at: timestamp.nullable(),
  })
  .meta({ id: 'JobAttempt' })
export const attemptsView = z.strictObject({ data: z.array(attemptView) })

export const logsView = z.strictObject({
  data: z.array(z.strictObject({ sequence: z.int(), at: timestamp, line: z.string() })),
})

export const logEvent = z.strictObject({ sequence: z.int(), at: timestamp, line: z.string() })
/** Last log line that the client has; also carried by the events about the job itself. */
export const jobEventId = z.string().regex(/^\d{1,9}$/)

export const jobKindView = z
  .strictObject({
    kind: z.string(),
    queue: z.string(),
    summary: z.string(),
    attempts: z.int(),
    timeout_s: z.number(),
    payload_schema: z.record(z.string(), jsonValue).describe('JSON Schema of its payload.'),
  })
  .meta({ id: 'JobKind' })
export const jobKindsView = z.strictObject({ data: z.array(jobKindView) })

export const listDeadLettersQuery = z.strictObject({
  ...page,
  kind: kindName.optional(),
  queue: z.string().min(1).max(60).optional(),
  open: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true`: those not redriven yet; `false`: those that were.'),
})
export type ListDeadLettersQuery = z.output<typeof listDeadLettersQuery>

export const deadLetterParams = z.strictObject({ deadLetterId: id('dead letter') })
export const deadLetterView = z
  .strictObject({
    id: id('dead letter'),
    job_id: id('job'),
    kind: z.string(),
    queue: z.string(),
    reason: z
      .enum(['attempts', 'gave_up', 'lost', 'child_failed', 'bad_payload'])
      .describe(
        '`attempts`: none left. `gave_up`: it said that it never will. `lost`: its process ended each time.',
      ),
    error: z.string().nullable(),
    attempts: z.int(),
    redriven_at: timestamp.nullable(),
    redriven_by: z.string().nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'DeadLetter' })

export const redriveBody = z.strictObject({
  kind: kindName.optional(),
  queue: z.string().min(1).max(60).optional(),
  limit: z.int().min(1).max(1_000).default(100),
})
export type RedriveInput = z.output<typeof redriveBody>
export const redrivenView = z.strictObject({ redriven: z.int() })

export const queueParams = z.strictObject({ queue: z.string().min(1).max(60) })
export const pauseBody = z.strictObject({ reason: shortText({ max: 200 }).optional() })
export const queueView = z
  .strictObject({
    name: z.string(),
    kinds: z.array(z.string()),
    paused: z.boolean(),
    paused_at: timestamp.nullable(),
    pause_reason: z.string().nullable(),
    counts: z
      .strictObject({ scheduled: z.int(), queued: z.int(), running: z.int(), waiting: z.int() })
      .describe("Unsettled jobs: of your organisation; for operators without one, of everybody's."),
    oldest_waiting_s: z.number().nullable().describe('How long the job that waits longest could have begun.'),
  })
  .meta({ id: 'Queue' })
export const queuesView = z.strictObject({ data: z.array(queueView) })

export const jobsPage = listOf(jobView)
export const deadLettersPage = listOf(deadLetterView)
