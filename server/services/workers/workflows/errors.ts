import { defineErrors, type InputProblem } from '../../../kernel/define-errors.js'
import type { GraphProblem } from './graph/check-graph.js'
import type { Misfit } from './graph/json-schema.js'

const RUNS = 'GET /workers/v1/workflow-runs lists the runs there are.'

export const workflowErrors = defineErrors('workflows', {
  templateNotFound: {
    status: 404,
    message: 'There is no such workflow template here.',
    next: 'GET /workers/v1/workflow-templates lists those there are.',
  },
  versionNotFound: {
    status: 404,
    message: 'The template has no such published version.',
    next: 'GET /workers/v1/workflow-templates/{id}/versions lists those there are.',
  },
  runNotFound: { status: 404, message: 'There is no such workflow run here.', next: RUNS },
  checkpointNotFound: {
    status: 404,
    message: 'The run has no such checkpoint.',
    next: 'GET /workers/v1/workflow-runs/{id}/checkpoints lists those there are.',
  },
  secretNotFound: {
    status: 404,
    message: 'There is no such secret here.',
    next: 'GET /workers/v1/workflow-secrets lists the names there are.',
  },
  unknownOrigin: {
    status: 422,
    message: (d: { name: string }) => `No workflow "${d.name}" comes with VetrAI.`,
    next: 'GET /workers/v1/workflow-templates/catalogue lists those that do.',
  },
  nameTaken: {
    status: 409,
    message: (d: { name: string }) => `Another template is called "${d.name}".`,
    next: 'Choose another name, or change that template.',
  },
  tooManyTemplates: {
    status: 409,
    message: (d: { limit: number }) => `This organisation has ${d.limit} templates, which is all it may.`,
    next: 'Delete templates that are no longer used.',
  },
  tooManySecrets: {
    status: 409,
    message: (d: { limit: number }) => `This organisation has ${d.limit} secrets, which is all it may.`,
    next: 'Delete secrets that are no longer used.',
  },
  templateInUse: {
    status: 409,
    message: 'Runs of this template are under way.',
    next: 'Wait for them to end, or cancel them, then delete the template.',
  },
  notSound: {
    status: 422,
    message: (d: { problems: readonly GraphProblem[] }) =>
      `The draft cannot be published: ${d.problems.length === 1 ? 'one thing is' : `${d.problems.length} things are`} wrong with it.`,
    next: 'Correct what "errors" lists; POST …/validate checks without publishing.',
    members: (d: { problems: readonly GraphProblem[] }) => ({ errors: d.problems }),
  },
  notPublished: {
    status: 409,
    message: 'Nothing of this template has been published yet.',
    next: 'Publish it with POST /workers/v1/workflow-templates/{id}/publish.',
  },
  inputRefused: {
    status: 422,
    message: (d: { misfits: readonly Misfit[] }) =>
      `The input is not what the workflow takes: ${count(d.misfits)} not fit.`,
    next: 'The version’s "input" is the schema it has to fit.',
    members: (d: { misfits: readonly Misfit[] }) => ({ errors: under('/input', d.misfits) }),
  },
  answerRefused: {
    status: 422,
    message: (d: { misfits: readonly Misfit[] }) =>
      `The answer is not what was asked for: ${count(d.misfits)} not fit.`,
    next: '"schema" of what the run waits for says what an answer has to be.',
    members: (d: { misfits: readonly Misfit[] }) => ({ errors: under('/answer', d.misfits) }),
  },
  nothingToAnswer: {
    status: 409,
    message: 'The run waits for nobody’s answer, or no longer.',
    next: '"waiting_for" of the run says what it waits for.',
  },
  answerAmbiguous: {
    status: 409,
    message: 'The run waits for several answers.',
    next: 'Say with "wait_id" which one this is; they are in "waiting_for" of the run.',
  },
  notApprover: {
    status: 403,
    message: 'Only the people it asks may answer this.',
    next: 'Let one of them answer.',
  },
  changeRefused: {
    status: 422,
    message: (d: { step: string }) => `At that checkpoint the step "${d.step}" has no output to be changed.`,
    next: '"steps" of the checkpoint lists those that have.',
  },
  versionUnfit: {
    status: 409,
    message: (d: { nodes: readonly string[] }) =>
      `That version cannot go on from this checkpoint: it has no node ${d.nodes.join(', ')} there.`,
    next: 'Replay with the version of the run, or start a new run.',
  },
  notDrawable: {
    status: 409,
    message: 'The draft is not sound enough to be drawn.',
    next: 'POST …/validate says what is wrong with it.',
  },
})

function count({ length }: readonly Misfit[]): string {
  return length === 1 ? 'one value does' : `${length} values do`
}

function under(base: string, misfits: readonly Misfit[]): InputProblem[] {
  return misfits.map(({ pointer, ...rest }) => ({ ...rest, pointer: base + pointer }))
}
