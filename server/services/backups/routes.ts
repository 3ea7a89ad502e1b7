import { can, defineRoute, unaudited } from '../../kernel/define-route.js'
import { paginate } from '../../kernel/pagination.js'
import { listOf } from '../../kernel/schema.js'
import { backupErrors } from './errors.js'
import { findRun, listRuns } from './models/backup-run.js'
import { readStatus } from './operations/read-status.js'
import { startRun } from './operations/start-run.js'
import { presentRun } from './present.js'
import { backupStatusView, listRunsQuery, runParams, runView, startedView, startRunBody } from './schemas.js'

const reading = unaudited('reading changes nothing')

const readStatusRoute = defineRoute({
  id: 'readBackupStatus',
  method: 'get',
  path: '/status',
  summary: 'See how backups fare',
  description:
    'When they happen by themselves, and what became of the last ones. What targets hold is shown by the command line.',
  access: can('backups.read'),
  limit: 'read',
  audit: reading,
  transaction: 'system',
  input: {},
  output: backupStatusView,
  handler: (ctx) => readStatus(ctx),
})

const listRunsRoute = defineRoute({
  id: 'listBackupRuns',
  method: 'get',
  path: '/runs',
  summary: 'List what was done about backups',
  description:
    'Backups, drills and prunings of the last 400 days that this server did by itself or was asked for, newest first.',
  access: can('backups.read'),
  limit: 'read',
  audit: reading,
  transaction: 'system',
  input: { query: listRunsQuery },
  output: listOf(runView),
  handler: (ctx, { query }) =>
    paginate(ctx, 'backup runs', query, (window) => listRuns(ctx, query, window), presentRun),
})

const getRunRoute = defineRoute({
  id: 'getBackupRun',
  method: 'get',
  path: '/runs/:runId',
  summary: 'Read what became of a backup, drill or pruning',
  access: can('backups.read'),
  limit: 'read',
  audit: reading,
  transaction: 'system',
  input: { params: runParams },
  output: runView,
  errors: [backupErrors.NotFound],
  handler: async (ctx, { params }) => {
    const run = await findRun(ctx, params.runId)
    if (!run) throw new backupErrors.NotFound()
    return presentRun(run)
  },
})

const startRunRoute = defineRoute({
  id: 'startBackupRun',
  method: 'post',
  path: '/runs',
  summary: 'Make a backup now, or prove the newest',
  description: 'A job does it; follow it, or cancel it, by its id. It shows as a run from when it begins.',
  access: can('backups.manage'),
  limit: 'write',
  audit: { action: 'backup.started', target: 'result.job_id' },
  transaction: 'system',
  input: { body: startRunBody.prefault({}) },
  output: startedView,
  status: 202,
  location: ({ job_id }) => `/workers/v1/jobs/${job_id}`,
  errors: [backupErrors.NotConfigured],
  handler: async (ctx, { body }) => {
    const { jobId, isNew } = await startRun(ctx, body.kind)
    return { job_id: jobId, is_new: isNew }
  },
})

/** In URL order. */
export const backupRoutes = [listRunsRoute, startRunRoute, getRunRoute, readStatusRoute]
