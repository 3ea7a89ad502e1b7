import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { createSchedule } from '../operations/create-schedule.js'
import { deleteSchedule } from '../operations/delete-schedule.js'
import { readSchedule } from '../operations/find-schedule.js'
import { firstFiring } from '../operations/first-firing.js'
import { listSchedules } from '../operations/list-schedules.js'
import { pauseSchedule, resumeSchedule } from '../operations/pause-schedule.js'
import { runSchedule } from '../operations/run-schedule.js'
import { timingFrom } from '../operations/timing-from.js'
import { updateSchedule } from '../operations/update-schedule.js'
import { presentRuns, presentSchedule } from '../present-schedule.js'
import { scheduleErrors } from '../schedule-errors.js'
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
} from '../schedule-schemas.js'

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
    ...[scheduleErrors.UnknownKind, scheduleErrors.NameTaken, scheduleErrors.LimitReached],
    scheduleErrors.NeverFires,
  ],
  handler: async (ctx, { body }) => presentSchedule(await createSchedule(ctx, body)),
})

const listSchedulesRoute = defineRoute({
  id: 'listSchedules',
  method: 'get',
  path: '/schedules',
  summary: 'List schedules',
  access: can('workers.schedules.read'),
  limit: 'read',
  audit: reading,
  input: { query: listSchedulesQuery },
  output: listOf(scheduleView),
  handler: (ctx, { query }) => listSchedules(ctx, query),
})

const previewScheduleRoute = defineRoute({
  id: 'previewSchedule',
  method: 'post',
  path: '/schedules/preview',
  summary: 'When would this fire?',
  description:
    'Stores nothing: the next runs, in words too, and what the coming changes of the clocks do to them.',
  access: can('workers.schedules.read'),
  limit: 'read',
  audit: unaudited('nothing is stored'),
  transaction: 'manual',
  input: { body: previewBody },
  output: runsView,
  errors: [scheduleErrors.NeverFires],
  handler: (ctx, { body }) => {
    const timing = timingFrom(body, ctx.now())
    firstFiring(timing, ctx.now())
    return presentRuns(timing, body.count, ctx.now())
  },
})

const getScheduleRoute = defineRoute({
  id: 'getSchedule',
  method: 'get',
  path: '/schedules/:scheduleId',
  summary: 'Read a schedule',
  description: 'The entity tag changes with every firing, too.',
  access: can('workers.schedules.read'),
  limit: 'read',
  audit: reading,
  etag: true,
  input: { params: scheduleParams },
  output: scheduleView,
  errors: [scheduleErrors.NotFound],
  handler: async (ctx, { params }) => presentSchedule(await readSchedule(ctx, params.scheduleId)),
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
    ...[scheduleErrors.NotFound, scheduleErrors.UnknownKind, scheduleErrors.NameTaken],
    scheduleErrors.NeverFires,
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
  errors: [scheduleErrors.NotFound],
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
  access: can('workers.schedules.manage'),
  limit: 'write',
  audit: { action: 'schedule.paused', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: scheduleView,
  errors: [scheduleErrors.NotFound],
  handler: async (ctx, { params }) => presentSchedule(await pauseSchedule(ctx, params.scheduleId)),
})

const resumeScheduleRoute = defineRoute({
  id: 'resumeSchedule',
  method: 'post',
  path: '/schedules/:scheduleId/resume',
  summary: 'Resume a schedule',
  description:
    'It goes on with its next time; what fell into the pause is not made up for. The caller needs the permission for its kind, too. Safe to repeat.',
  access: can('workers.schedules.manage'),
  limit: 'write',
  audit: { action: 'schedule.resumed', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: scheduleView,
  errors: [scheduleErrors.NotFound, scheduleErrors.UnknownKind],
  handler: async (ctx, { params }) => presentSchedule(await resumeSchedule(ctx, params.scheduleId)),
})

const runScheduleRoute = defineRoute({
  id: 'runSchedule',
  method: 'post',
  path: '/schedules/:scheduleId/run',
  summary: 'Make the job of a schedule now',
  description:
    'Also while it is paused; its own times stay as they are. The caller needs the permission for its kind, too.',
  access: can('workers.schedules.manage'),
  limit: 'write',
  audit: { action: 'schedule.run', target: 'params.scheduleId' },
  input: { params: scheduleParams },
  output: startedView,
  status: 202,
  location: ({ job_id }) => `/workers/v1/jobs/${job_id}`,
  errors: [scheduleErrors.NotFound, scheduleErrors.UnknownKind],
  handler: async (ctx, { params }) => {
    const { id, isNew } = await runSchedule(ctx, params.scheduleId)
    return { job_id: id, is_new: isNew }
  },
})

const nextRunsRoute = defineRoute({
  id: 'listNextRuns',
  method: 'get',
  path: '/schedules/:scheduleId/next-runs',
  summary: 'When does this schedule fire next?',
  description: 'Of a paused schedule, when it would if it were resumed now.',
  access: can('workers.schedules.read'),
  limit: 'read',
  audit: reading,
  input: { params: scheduleParams, query: nextRunsQuery },
  output: runsView,
  errors: [scheduleErrors.NotFound],
  handler: async (ctx, { params, query }) =>
    presentRuns(await readSchedule(ctx, params.scheduleId), query.count, ctx.now()),
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
