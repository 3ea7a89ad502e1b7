import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { defineStream } from '../../../kernel/define-stream.js'
import { listOf } from '../../../kernel/schema.js'
import { workflowErrors as errors } from '../workflows/errors.js'
import { cancelRun } from '../workflows/operations/cancel-run.js'
import { followRun } from '../workflows/operations/follow-run.js'
import {
  listCheckpoints,
  listRuns,
  listSteps,
  readCheckpointOf,
  readRunWithWaits,
} from '../workflows/operations/read-runs.js'
import { replayRun } from '../workflows/operations/replay-run.js'
import { resumeRun } from '../workflows/operations/resume-run.js'
import { startRun } from '../workflows/operations/start-run.js'
import { presentCheckpointState, presentRun } from '../workflows/present.js'
import {
  checkpointParams,
  checkpointStateView,
  checkpointView,
  eventView,
  listOfRunQuery,
  listRunsQuery,
  RUN_EVENTS,
  type RunEventType,
  replayBody,
  resumeBody,
  runEventId,
  runParams,
  runView,
  startRunBody,
  stepView,
} from '../workflows/schemas.js'
import { workflowTemplateRoutes } from './workflow-templates.js'

const reading = unaudited('reading changes nothing')
const mayRead = can('workers.workflows.read')
const runAddress = ({ id }: { id: string }) => `/workers/v1/workflow-runs/${id}`

const startRunRoute = defineRoute({
  id: 'startWorkflowRun',
  method: 'post',
  path: '/workflow-runs',
  summary: 'Start a workflow run',
  description:
    'The run keeps the version it begins with. It is executed in the background: follow its events, or read it again.',
  access: can('workers.runs.start'),
  limit: 'write',
  audit: { action: 'workflow-run.started', target: 'result.id' },
  input: { body: startRunBody },
  output: runView,
  status: 201,
  location: runAddress,
  errors: [errors.TemplateNotFound, errors.VersionNotFound, errors.NotPublished, errors.InputRefused],
  handler: async (ctx, { body }) => presentRun(await startRun(ctx, body)),
})

const listRunsRoute = defineRoute({
  id: 'listWorkflowRuns',
  method: 'get',
  path: '/workflow-runs',
  summary: 'List workflow runs',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { query: listRunsQuery },
  output: listOf(runView),
  handler: (ctx, { query }) => listRuns(ctx, query),
})

const getRunRoute = defineRoute({
  id: 'getWorkflowRun',
  method: 'get',
  path: '/workflow-runs/:runId',
  summary: 'Read a workflow run and what it waits for',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: runParams },
  output: runView,
  errors: [errors.RunNotFound],
  handler: async (ctx, { params }) => {
    const { run, waits } = await readRunWithWaits(ctx, params.runId)
    return presentRun(run, waits)
  },
})

const cancelRunRoute = defineRoute({
  id: 'cancelWorkflowRun',
  method: 'post',
  path: '/workflow-runs/:runId/cancel',
  summary: 'Cancel a workflow run',
  description:
    'At once, with the runs that its steps began. A run that is over stays as it is. Safe to repeat.',
  access: can('workers.runs.manage'),
  limit: 'write',
  audit: { action: 'workflow-run.cancelled', target: 'params.runId' },
  input: { params: runParams },
  output: runView,
  errors: [errors.RunNotFound],
  handler: async (ctx, { params }) => presentRun(await cancelRun(ctx, params.runId)),
})

const resumeRunRoute = defineRoute({
  id: 'resumeWorkflowRun',
  method: 'post',
  path: '/workflow-runs/:runId/resume',
  summary: 'Answer what a workflow run asks',
  description: 'The answer has to fit the schema in `waiting_for`; who gave it is kept with it.',
  access: can('workers.runs.manage'),
  limit: 'write',
  audit: { action: 'workflow-run.answered', target: 'params.runId', refusals: true },
  input: { params: runParams, body: resumeBody },
  output: runView,
  errors: [
    ...[errors.RunNotFound, errors.NothingToAnswer, errors.AnswerAmbiguous, errors.AnswerRefused],
    errors.NotApprover,
  ],
  handler: async (ctx, { params, body }) => {
    await resumeRun(ctx, params.runId, body)
    const { run, waits } = await readRunWithWaits(ctx, params.runId)
    return presentRun(run, waits)
  },
})

const replayRunRoute = defineRoute({
  id: 'replayWorkflowRun',
  method: 'post',
  path: '/workflow-runs/:runId/replay',
  summary: 'Begin a new run where an old one was',
  description:
    'Steps before the checkpoint are not run again. Outputs, input and version may be changed: to go on from where a run failed, or to see what would have been.',
  access: can('workers.runs.manage'),
  limit: 'write',
  audit: { action: 'workflow-run.replayed', target: 'params.runId' },
  input: { params: runParams, body: replayBody.prefault({}) },
  output: runView,
  status: 201,
  location: runAddress,
  errors: [
    ...[errors.RunNotFound, errors.TemplateNotFound, errors.VersionNotFound, errors.CheckpointNotFound],
    ...[errors.ChangeRefused, errors.VersionUnfit, errors.InputRefused],
  ],
  handler: async (ctx, { params, body }) => presentRun(await replayRun(ctx, params.runId, body)),
})

const listStepsRoute = defineRoute({
  id: 'listWorkflowSteps',
  method: 'get',
  path: '/workflow-runs/:runId/steps',
  summary: 'List the steps of a workflow run, newest first',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: runParams, query: listOfRunQuery },
  output: listOf(stepView),
  errors: [errors.RunNotFound],
  handler: (ctx, { params, query }) => listSteps(ctx, params.runId, query),
})

const listCheckpointsRoute = defineRoute({
  id: 'listWorkflowCheckpoints',
  method: 'get',
  path: '/workflow-runs/:runId/checkpoints',
  summary: 'List the checkpoints of a workflow run, newest first',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: runParams, query: listOfRunQuery },
  output: listOf(checkpointView),
  errors: [errors.RunNotFound],
  handler: (ctx, { params, query }) => listCheckpoints(ctx, params.runId, query),
})

const getCheckpointRoute = defineRoute({
  id: 'getWorkflowCheckpoint',
  method: 'get',
  path: '/workflow-runs/:runId/checkpoints/:checkpointId',
  summary: 'Read what was known at a checkpoint',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: checkpointParams },
  output: checkpointStateView,
  errors: [errors.RunNotFound, errors.CheckpointNotFound],
  handler: async (ctx, { params }) =>
    presentCheckpointState(await readCheckpointOf(ctx, params.runId, params.checkpointId)),
})

const eventsRoute = defineStream({
  id: 'streamWorkflowRunEvents',
  path: '/workflow-runs/:runId/events',
  summary: 'Follow a workflow run',
  description: 'Every event from the beginning, or after `Last-Event-ID`; ends when the run is over.',
  access: mayRead,
  limit: 'read',
  audit: reading,
  input: { params: runParams },
  events: Object.fromEntries(RUN_EVENTS.map((type) => [type, eventView])) as Record<
    RunEventType,
    typeof eventView
  >,
  eventId: runEventId,
  errors: [errors.RunNotFound],
  handler: (ctx, { params }, stream) => followRun(ctx, params.runId, stream),
})

/** Templates, secrets and runs, in URL order. */
export const workflowRoutes = [
  ...workflowTemplateRoutes,
  startRunRoute,
  listRunsRoute,
  getRunRoute,
  cancelRunRoute,
  resumeRunRoute,
  replayRunRoute,
  eventsRoute,
  listStepsRoute,
  listCheckpointsRoute,
  getCheckpointRoute,
]
