import { defineService } from '../../kernel/define-service.js'
import { workerEvents } from './events.js'
import { forgetSettled } from './jobs/forget-settled.js'
import { gather } from './jobs/gather.js'
import { httpRequest } from './jobs/http-request.js'
import { startWorkflow } from './jobs/start-workflow.js'
import { jobRoutes } from './routes/jobs.js'
import { queueRoutes } from './routes/queues.js'
import { scheduleRoutes } from './routes/schedules.js'
import { workflowRoutes } from './routes/workflow-runs.js'
import { countOpenRuns } from './workflows/models/run.js'
import { sealedWorkflowSecrets } from './workflows/models/secret.js'
import { runWorkflow } from './workflows/runs/run-workflow.js'
import { failRunOfJob, pruneRuns, sweepRuns } from './workflows/runs/sweep-runs.js'
import { wakeRun } from './workflows/runs/wake-run.js'

/** Background jobs, schedules and workflows. */
export const workers = defineService({
  name: 'workers',
  summary: 'Background jobs, queues, schedules, dead letters and workflows.',
  prefix: '/workers',
  needs: ['tenancy'],
  events: workerEvents,
  routes: [...jobRoutes, ...queueRoutes, ...scheduleRoutes, ...workflowRoutes],
  jobs: [forgetSettled, gather, httpRequest, startWorkflow, runWorkflow, wakeRun, sweepRuns, pruneRuns],
  sealed: [sealedWorkflowSecrets],
  on: { 'workers.job.failed': failRunOfJob },
  start: async ({ metrics, db }) => metrics.watchWorkflowRuns(() => countOpenRuns(db)),
})
