import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { workerErrors } from '../errors.js'
import { readDeadLetter, readDeadLetterPage, redriveMany, redriveOne } from '../operations/change-jobs.js'
import { pauseQueue, readQueues, resumeQueue } from '../operations/queues.js'
import {
  deadLetterParams,
  deadLettersPage,
  deadLetterView,
  listDeadLettersQuery,
  pauseBody,
  queueParams,
  queuesView,
  queueView,
  redriveBody,
  redrivenView,
} from '../schemas/jobs.js'
import { JUDGED, WHOSE } from './jobs.js'

const reading = unaudited('reading changes nothing')

const listQueuesRoute = defineRoute({
  id: 'listQueues',
  method: 'get',
  path: '/queues',
  summary: 'List queues and what waits in them',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: {},
  output: queuesView,
  errors: JUDGED,
  handler: (ctx) => readQueues(ctx),
})

const pauseQueueRoute = defineRoute({
  id: 'pauseQueue',
  method: 'post',
  path: '/queues/:queue/pause',
  summary: 'Pause a queue',
  description:
    'No further job of it begins, in any process, from the moment this answers; those that run go on.',
  access: can('workers.queues.manage'),
  limit: 'write',
  audit: { action: 'queue.paused', target: 'params.queue' },
  transaction: 'system',
  input: { params: queueParams, body: pauseBody.prefault({}) },
  output: queueView,
  errors: [workerErrors.QueueNotFound],
  handler: (ctx, { params, body }) => pauseQueue(ctx, params.queue, body.reason),
})

const resumeQueueRoute = defineRoute({
  id: 'resumeQueue',
  method: 'post',
  path: '/queues/:queue/resume',
  summary: 'Resume a queue',
  access: can('workers.queues.manage'),
  limit: 'write',
  audit: { action: 'queue.resumed', target: 'params.queue' },
  transaction: 'system',
  input: { params: queueParams },
  output: queueView,
  errors: [workerErrors.QueueNotFound],
  handler: (ctx, { params }) => resumeQueue(ctx, params.queue),
})

const listDeadLettersRoute = defineRoute({
  id: 'listDeadLetters',
  method: 'get',
  path: '/dead-letters',
  summary: 'List dead letters',
  description: 'Jobs that failed for good, each with the reason.',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { query: listDeadLettersQuery },
  output: deadLettersPage,
  errors: JUDGED,
  handler: (ctx, { query }) => readDeadLetterPage(ctx, query),
})

const redriveManyRoute = defineRoute({
  id: 'redriveDeadLetters',
  method: 'post',
  path: '/dead-letters/redrive',
  summary: 'Run the jobs of many dead letters again',
  description: 'The oldest first, up to `limit` of those that fit.',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'dead-letters.redriven' },
  transaction: 'manual',
  input: { body: redriveBody.prefault({}) },
  output: redrivenView,
  errors: JUDGED,
  handler: (ctx, { body }) => redriveMany(ctx, body),
})

const getDeadLetterRoute = defineRoute({
  id: 'getDeadLetter',
  method: 'get',
  path: '/dead-letters/:deadLetterId',
  summary: 'Read a dead letter',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { params: deadLetterParams },
  output: deadLetterView,
  errors: [workerErrors.DeadLetterNotFound, ...JUDGED],
  handler: (ctx, { params }) => readDeadLetter(ctx, params.deadLetterId),
})

const redriveOneRoute = defineRoute({
  id: 'redriveDeadLetter',
  method: 'post',
  path: '/dead-letters/:deadLetterId/redrive',
  summary: 'Run the job of a dead letter again',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'dead-letter.redriven', target: 'params.deadLetterId' },
  transaction: 'manual',
  input: { params: deadLetterParams },
  output: deadLetterView,
  errors: [workerErrors.DeadLetterNotFound, ...JUDGED],
  handler: (ctx, { params }) => redriveOne(ctx, params.deadLetterId),
})

/** In URL order. */
export const queueRoutes = [
  listDeadLettersRoute,
  redriveManyRoute,
  getDeadLetterRoute,
  redriveOneRoute,
  listQueuesRoute,
  pauseQueueRoute,
  resumeQueueRoute,
]
