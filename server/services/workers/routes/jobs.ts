import { can, defineRoute, signedIn, unaudited } from '../../../kernel/define-route.js'
import { defineStream } from '../../../kernel/define-stream.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { workerErrors } from '../errors.js'
import { cancelJob, retryJob } from '../operations/change-jobs.js'
import { createBatch, createJob } from '../operations/create-jobs.js'
import { followJob } from '../operations/follow-job.js'
import { readAttempts, readJobPage, readKinds, readLines, readOneJob } from '../operations/read-jobs.js'
import {
  attemptsView,
  createBatchBody,
  createJobBody,
  enqueuedBatchView,
  enqueuedView,
  jobEventId,
  jobKindsView,
  jobParams,
  jobsPage,
  jobView,
  listJobsQuery,
  logEvent,
  logsView,
} from '../schemas/jobs.js'

const reading = unaudited('reading changes nothing')

/** Jobs of the installation belong to no tenant, so no one permission fits all calls. */
export const WHOSE = signedIn(
  'operators who name no organisation work on jobs of the installation, everybody else on those of their own; the operation judges which',
)
export const JUDGED = [kernelErrors.Forbidden, kernelErrors.TenantRequired, kernelErrors.TenantSuspended]

const createJobRoute = defineRoute({
  id: 'createJob',
  method: 'post',
  path: '/jobs',
  summary: 'Enqueue a job',
  description:
    'Answers once the job is committed: it will run, whatever is lost meanwhile. Each kind says what payload it takes.',
  access: can('workers.jobs.create'),
  limit: 'enqueue',
  audit: unaudited('the job itself says who made it and when'),
  transaction: 'manual',
  input: { body: createJobBody },
  output: enqueuedView,
  status: 202,
  location: ({ id }) => `/workers/v1/jobs/${id}`,
  errors: [workerErrors.UnknownKind],
  handler: (ctx, { body }) => createJob(ctx, body),
})

const createBatchRoute = defineRoute({
  id: 'createJobBatch',
  method: 'post',
  path: '/jobs/batch',
  summary: 'Enqueue up to 100 jobs',
  description: 'All or none. With `gather`, a further job holds how they ended once all are settled.',
  access: can('workers.jobs.create'),
  limit: 'write',
  audit: unaudited('the jobs themselves say who made them and when'),
  input: { body: createBatchBody },
  output: enqueuedBatchView,
  status: 202,
  errors: [workerErrors.UnknownKind],
  handler: (ctx, { body }) => createBatch(ctx, body),
})

const listJobsRoute = defineRoute({
  id: 'listJobs',
  method: 'get',
  path: '/jobs',
  summary: 'List jobs',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { query: listJobsQuery },
  output: jobsPage,
  errors: JUDGED,
  handler: (ctx, { query }) => readJobPage(ctx, query),
})

const getJobRoute = defineRoute({
  id: 'getJob',
  method: 'get',
  path: '/jobs/:jobId',
  summary: 'Read a job',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { params: jobParams },
  output: jobView,
  errors: [workerErrors.NotFound, ...JUDGED],
  handler: (ctx, { params }) => readOneJob(ctx, params.jobId),
})

const attemptsRoute = defineRoute({
  id: 'listJobAttempts',
  method: 'get',
  path: '/jobs/:jobId/attempts',
  summary: 'List the attempts of a job',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { params: jobParams },
  output: attemptsView,
  errors: [workerErrors.NotFound, ...JUDGED],
  handler: (ctx, { params }) => readAttempts(ctx, params.jobId),
})

const logsRoute = defineRoute({
  id: 'listJobLogs',
  method: 'get',
  path: '/jobs/:jobId/logs',
  summary: 'Read the log lines of a job',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { params: jobParams },
  output: logsView,
  errors: [workerErrors.NotFound, ...JUDGED],
  handler: (ctx, { params }) => readLines(ctx, params.jobId),
})

const eventsRoute = defineStream({
  id: 'streamJobEvents',
  path: '/jobs/:jobId/events',
  summary: 'Follow a job',
  description:
    '`job` after each change, at once to begin with; `log` for each line. Ends when the job is settled. `Last-Event-ID` resumes after a line.',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { params: jobParams },
  events: { job: jobView, log: logEvent },
  eventId: jobEventId,
  errors: [workerErrors.NotFound, ...JUDGED],
  handler: (ctx, { params }, stream) => followJob(ctx, params.jobId, stream),
})

const cancelJobRoute = defineRoute({
  id: 'cancelJob',
  method: 'post',
  path: '/jobs/:jobId/cancel',
  summary: 'Cancel a job',
  description:
    'What has not begun never will; what runs is told to stop and ends as cancelled. Jobs below it are cancelled too.',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'job.cancelled', target: 'params.jobId' },
  transaction: 'manual',
  input: { params: jobParams },
  output: jobView,
  errors: [workerErrors.NotFound, workerErrors.Settled, ...JUDGED],
  handler: (ctx, { params }) => cancelJob(ctx, params.jobId),
})

const retryJobRoute = defineRoute({
  id: 'retryJob',
  method: 'post',
  path: '/jobs/:jobId/retry',
  summary: 'Run a failed or cancelled job again',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'job.retried', target: 'params.jobId' },
  transaction: 'manual',
  input: { params: jobParams },
  output: jobView,
  errors: [workerErrors.NotFound, workerErrors.NotSettled, ...JUDGED],
  handler: (ctx, { params }) => retryJob(ctx, params.jobId),
})

const kindsRoute = defineRoute({
  id: 'listJobKinds',
  method: 'get',
  path: '/job-kinds',
  summary: 'List the kinds of jobs you may enqueue',
  access: can('workers.jobs.read'),
  limit: 'read',
  audit: reading,
  input: {},
  output: jobKindsView,
  handler: (ctx) => readKinds(ctx),
})

/** In URL order. */
export const jobRoutes = [
  createJobRoute,
  listJobsRoute,
  createBatchRoute,
  getJobRoute,
  attemptsRoute,
  cancelJobRoute,
  eventsRoute,
  logsRoute,
  retryJobRoute,
  kindsRoute,
]
