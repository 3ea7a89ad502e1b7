import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { workerErrors } from '../errors.js'
import { createSchedule } from '../operations/create-schedule.js'
import { deleteSchedule } from '../operations/delete-schedule.js'
import { pauseSchedule, resumeSchedule } from '../operations/pause-schedule.js'
import {
  previewSchedule,
  readNextRuns,
  readOneSchedule,
  readSchedulePage,
} from '../operations/read-schedules.js'
import { runSchedule } from '../operations/run-schedule.js'
import { updateSchedule } from '../operations/update-schedule.js'
import { presentSchedule } from '../present-schedule.js'
import {
  createScheduleBody,
  listSchedulesQuery,
  nextRunsQuery,
  previewBody,
  runsView,
  scheduleParams,
  scheduleView,
  startedView,
  updateScheduleBody,
} from '../schemas/schedules.js'
import { JUDGED, WHOSE } from './jobs.js'

const reading = unaudited('reading changes nothing')

const createScheduleRoute = defineRoute({
  id: 'createSchedule',
  method: 'post',
  path: '/schedules',
  summary: 'Make a schedule',
  description:
    'It makes a job of one kind at its times, each time exactly once. The caller needs the permission for that kind, too. ' +
    'Where clocks are set, a pattern that names its times runs once for each: a time that does not exist when the clocks are set, one that comes twice the first time. A pattern with `*` or a step in its times follows real time.',
  access: can('workers.schedules.manage'),
  limit: 'write',
  audit: { action: 'schedule.created', target: 'result.id' },
  input: { body: createScheduleBody },
  output: scheduleView,
  status: 201,
  location: ({ id }) => `/workers/v1/schedules/${id}`,
  errors: [
    ...[workerErrors.UnknownKind, workerErrors.ScheduleNameTaken, workerErrors.ScheduleLimitReached],
    workerErrors.ScheduleNeverFires,
  ],
  handler: async (ctx, { body }) => presentSchedule(await createSchedule(ctx, body)),
})

const listSchedulesRoute = defineRoute({
  id: 'listSchedules',
  method: 'get',
  path: '/schedules',
  summary: 'List schedules',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { query: listSchedulesQuery },
  output: listOf(scheduleView),
  errors: JUDGED,
  handler: (ctx, { query }) => readSchedulePage(ctx, query),
})

const previewScheduleRoute = defineRoute({
  id: 'previewSchedule',
  method: 'post',
  path: '/schedules/preview',
  summary: 'When would this fire?',
  description:
    'Stores nothing: the next runs, in words too, and what the coming changes of the clocks do to them.',
  access: WHOSE,
  limit: 'read',
  audit: unaudited('nothing is stored'),
  transaction: 'manual',
  input: { body: previewBody },
  output: runsView,
  errors: [workerErrors.ScheduleNeverFires, ...JUDGED],
  handler: (ctx, { body }) => previewSchedule(ctx, body),
})

const getScheduleRoute = defineRoute({
  id: 'getSchedule',
  method: 'get',
  path: '/schedules/:scheduleId',
  summary: 'Read a schedule',
  description: 'The entity tag changes with every firing, too.',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  etag: true,
  input: { params: scheduleParams },
  output: scheduleView,
  errors: [workerErrors.ScheduleNotFound, ...JUDGED],
  handler: (ctx, { params }) => readOneSchedule(ctx, params.scheduleId),
})

const updateScheduleRoute = defineRoute({
  id: 'updateSchedule',
  method: 'patch',
  path: '/schedules/:scheduleId',
  summary: 'Change a schedule',
  description:
    'Changes the fields given; `cron` takes the place of `every_s` and the other way round. The caller needs the permission for its kind, too.',
  access: can('workers.schedules.manage'),
  limit: 'write',
  audit: { action: 'schedule.updated', target: 'params.scheduleId' },
  input: { params: scheduleParams, body: updateScheduleBody },
  output: scheduleView,
  errors: [
    ...[workerErrors.ScheduleNotFound, workerErrors.UnknownKind, workerErrors.ScheduleNameTaken],
    workerErrors.ScheduleNeverFires,
  ],
  handler: async (ctx, { params, body }) =>
    presentSchedule(await updateSchedule(ctx, params.scheduleId, body)),
})

const deleteScheduleRoute = defineRoute({
  id: 'deleteSchedule',
  method: 'delete',
  path: '/schedules/:scheduleId',
  summary: 'Delete a schedule',
  description: 'The jobs it made stay, and run if they have not.',
  access: can('workers.schedules.manage'),
  limit: 'write',
  audit: { action: 'schedule.deleted', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: noContent,
  status: 204,
  errors: [workerErrors.ScheduleNotFound],
  handler: async (ctx, { params }) => {
    await deleteSchedule(ctx, params.scheduleId)
    return undefined
  },
})

const pauseScheduleRoute = defineRoute({
  id: 'pauseSchedule',
  method: 'post',
  path: '/schedules/:scheduleId/pause',
  summary: 'Pause a schedule',
  description: 'Safe to repeat.',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'schedule.paused', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: scheduleView,
  errors: [workerErrors.ScheduleNotFound, ...JUDGED],
  handler: (ctx, { params }) => pauseSchedule(ctx, params.scheduleId),
})

const resumeScheduleRoute = defineRoute({
  id: 'resumeSchedule',
  method: 'post',
  path: '/schedules/:scheduleId/resume',
  summary: 'Resume a schedule',
  description:
    'It goes on with its next time; what fell into the pause is not made up for. The caller needs the permission for its kind, too. Safe to repeat.',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'schedule.resumed', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: scheduleView,
  errors: [workerErrors.ScheduleNotFound, workerErrors.UnknownKind, ...JUDGED],
  handler: (ctx, { params }) => resumeSchedule(ctx, params.scheduleId),
})

const runScheduleRoute = defineRoute({
  id: 'runSchedule',
  method: 'post',
  path: '/schedules/:scheduleId/run',
  summary: 'Make the job of a schedule now',
  description:
    'Also while it is paused; its own times stay as they are. The caller needs the permission for its kind, too.',
  access: WHOSE,
  limit: 'write',
  audit: { action: 'schedule.run', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: startedView,
  status: 202,
  location: ({ job_id }) => `/workers/v1/jobs/${job_id}`,
  errors: [workerErrors.ScheduleNotFound, workerErrors.UnknownKind, ...JUDGED],
  handler: (ctx, { params }) => runSchedule(ctx, params.scheduleId),
})

const nextRunsRoute = defineRoute({
  id: 'listNextRuns',
  method: 'get',
  path: '/schedules/:scheduleId/next-runs',
  summary: 'When does this schedule fire next?',
  description: 'Of a paused schedule, when it would if it were resumed now.',
  access: WHOSE,
  limit: 'read',
  audit: reading,
  transaction: 'manual',
  input: { params: scheduleParams, query: nextRunsQuery },
  output: runsView,
  errors: [workerErrors.ScheduleNotFound, ...JUDGED],
  handler: (ctx, { params, query }) => readNextRuns(ctx, params.scheduleId, query.count),
})

/** In URL order. */
export const scheduleRoutes = [
  createScheduleRoute,
  listSchedulesRoute,
  previewScheduleRoute,
  getScheduleRoute,
  updateScheduleRoute,
  deleteScheduleRoute,
  pauseScheduleRoute,
  resumeScheduleRoute,
  runScheduleRoute,
  nextRunsRoute,
]
