import { z } from 'zod'
import { id, jsonObject, jsonValue, page, shortText, slug, timestamp } from '../../../kernel/schema.js'
import { secretName } from './graph/pieces.js'
import { GRAPH_MAX_BYTES } from './graph/schema.js'
import { RUN_STATUSES } from './models/run.js'

const INPUT_MAX_BYTES = 262_144
const VERSION_MAX = 1_000_000

const versionNumber = z.coerce.number().int().min(1).max(VERSION_MAX).describe('Number of the version.')
const graph = jsonObject({ maxBytes: GRAPH_MAX_BYTES }).describe(
  'The workflow; GET /workers/v1/workflow-templates/schema is the JSON Schema of a sound one.',
)
const input = jsonObject({ maxBytes: INPUT_MAX_BYTES }).describe(
  'What the version’s "input" schema asks for.',
)

/** LangGraph makes these; they look like UUIDs and are not always any. */
const checkpointId = z.guid().toLowerCase().describe('Id of the checkpoint.')

export const templateParams = z.strictObject({ templateId: id('workflow template') })
export const versionParams = z.strictObject({ ...templateParams.shape, version: versionNumber })
export const runParams = z.strictObject({ runId: id('workflow run') })
export const checkpointParams = z.strictObject({ ...runParams.shape, checkpointId })
export const secretParams = z.strictObject({ secretName })

export const createTemplateBody = z
  .strictObject({
    name: slug,
    description: z.string().trim().max(2_000).optional(),
    graph: graph.optional(),
    from: slug.optional().describe('A workflow of the catalogue to begin with.'),
  })
  .refine(({ graph: own, from }) => (own === undefined) !== (from === undefined), {
    path: ['graph'],
    message: 'give either graph or from',
  })
export type CreateTemplateInput = z.output<typeof createTemplateBody>

export const updateTemplateBody = z.strictObject({
  name: slug.optional(),
  description: z.string().trim().max(2_000).optional(),
  graph: graph.optional(),
})
export type UpdateTemplateInput = z.output<typeof updateTemplateBody>

export const listTemplatesQuery = z.strictObject({ ...page, name: slug.optional() })

export const validateBody = z.strictObject({
  graph: graph.optional().describe('Checked instead of the draft.'),
})

export const publishBody = z.strictObject({
  note: shortText({ max: 500 }).optional().describe('What is new about it.'),
  from_version: z
    .int()
    .min(1)
    .max(VERSION_MAX)
    .optional()
    .describe('Publishes an old version again, instead of the draft.'),
})
export type PublishInput = z.output<typeof publishBody>

export const diffQuery = z.strictObject({
  against: versionNumber.optional().describe('The version to compare with; the one before where left out.'),
})

export const drawQuery = z.strictObject({
  version: versionNumber.optional().describe('A published version instead of the draft.'),
})

export const putSecretBody = z.strictObject({
  value: z
    .string()
    .min(8)
    .max(8_192)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
    .describe('Never shown again.'),
  hosts: z
    .array(
      z
        .string()
        .min(1)
        .max(253)
        .toLowerCase()
        .regex(/^[a-z0-9._:[\]-]+$/, 'must be a host, without scheme, port and path'),
    )
    .min(1)
    .max(20)
    .describe('The only hosts it is sent to.'),
})
export type PutSecretInput = z.output<typeof putSecretBody>

export const startRunBody = z.strictObject({
  template: z.union([id('workflow template'), slug]).describe('Id or name of the template.'),
  version: z.int().min(1).max(VERSION_MAX).optional().describe('The newest published one where left out.'),
  input: input.default({}),
})
export type StartRunInput = z.output<typeof startRunBody>

export const listRunsQuery = z.strictObject({
  ...page,
  template_id: id('workflow template').optional(),
  status: z.enum(RUN_STATUSES).optional(),
  parent_run_id: id('workflow run').optional().describe('Runs that a step of this run began.'),
})
export type ListRunsQuery = z.output<typeof listRunsQuery>

export const resumeBody = z.strictObject({
  wait_id: id('wait').optional().describe('Which of several questions this answers.'),
  answer: jsonObject({ maxBytes: 65_536 }),
})
export type ResumeInput = z.output<typeof resumeBody>

export const replayBody = z.strictObject({
  checkpoint_id: checkpointId.optional().describe('Where to begin; the newest checkpoint where left out.'),
  version: z
    .int()
    .min(1)
    .max(VERSION_MAX)
    .optional()
    .describe('Another version of the template to go on with.'),
  input: input.optional().describe('Another input from there on.'),
  steps: jsonObject({ maxBytes: 262_144 })
    .default({})
    .describe('Other outputs of steps that are done, by their ids.'),
})
export type ReplayInput = z.output<typeof replayBody>

export const listOfRunQuery = z.strictObject({ ...page })

export const templateView = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    graph: z.record(z.string(), jsonValue).describe('The draft.'),
    published_version: z.number().nullable().describe('What runs get that name no version.'),
    origin: z.string().nullable().describe('The workflow of the catalogue it was made from.'),
    created_by: z.string(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'WorkflowTemplate' })

export const problemView = z.strictObject({
  pointer: z.string().describe('JSON pointer into the graph.'),
  code: z.string(),
  message: z.string(),
})

export const verdictView = z
  .strictObject({
    valid: z.boolean(),
    problems: z.array(problemView),
    step_bound: z.number().nullable().describe('Most steps a run can take; null for a graph with problems.'),
    depth: z.number().nullable().describe('How deep its sub-workflows go.'),
  })
  .meta({ id: 'WorkflowVerdict' })

export const versionView = z
  .strictObject({
    template_id: z.uuid(),
    version: z.number(),
    graph: z.record(z.string(), jsonValue),
    depth: z.number(),
    note: z.string().nullable(),
    restored_from: z.number().nullable(),
    published_by: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'WorkflowVersion' })

export const diffView = z
  .strictObject({
    from_version: z.number().nullable().describe('Null where there is no version to compare with.'),
    to_version: z.number(),
    differences: z.array(
      z.strictObject({
        kind: z.enum(['added', 'removed', 'changed']),
        path: z.string().describe('JSON pointer; nodes stand as /nodes/ID.'),
        before: jsonValue,
        after: jsonValue,
      }),
    ),
  })
  .meta({ id: 'WorkflowDiff' })

export const drawingView = z.strictObject({
  mermaid: z.string().describe('The graph as Mermaid text.'),
})

export const catalogueView = z.strictObject({
  data: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      needs: z.array(z.string()).describe('What it cannot do without, e.g. a model server.'),
      graph: z.record(z.string(), jsonValue),
    }),
  ),
})

export const secretView = z
  .strictObject({
    name: z.string(),
    hosts: z.array(z.string()),
    created_by: z.string(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'WorkflowSecret' })

export const waitView = z
  .strictObject({
    id: z.uuid(),
    step: z.string(),
    iteration: z.string(),
    kind: z.enum(['timer', 'retry', 'approval', 'job', 'run']),
    until: timestamp.nullable(),
    title: z.string().nullable().describe('The question of an approval.'),
    message: z.string().nullable(),
    schema: z.record(z.string(), jsonValue).nullable().describe('What an answer has to be.'),
    approvers: z.array(z.string()).nullable().describe('The only people who may answer.'),
    run_id: z.uuid().nullable().describe('The run it waits for.'),
    job_id: z.uuid().nullable().describe('The job that goes on when the one behind it is over.'),
  })
  .meta({ id: 'WorkflowWait' })

export const runView = z
  .strictObject({
    id: z.uuid(),
    template_id: z.uuid(),
    template: z.string(),
    version: z.number(),
    status: z.enum(RUN_STATUSES),
    input: z.record(z.string(), jsonValue),
    output: jsonValue,
    error: z.strictObject({ code: z.string(), message: z.string(), step: z.string().nullable() }).nullable(),
    waiting_for: z.array(waitView).describe('Empty in lists.'),
    usage: z.strictObject({ steps: z.number(), tokens: z.number(), bytes: z.number() }),
    parent_run_id: z.uuid().nullable(),
    replay_of: z.uuid().nullable(),
    created_by: z.string(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
    deadline_at: timestamp,
  })
  .meta({ id: 'WorkflowRun' })

export const stepView = z
  .strictObject({
    id: z.uuid(),
    step: z.string(),
    iteration: z.string().describe('Indices of the loops and branches around it, outermost first.'),
    type: z.string(),
    status: z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled']),
    attempts: z.number(),
    input: jsonValue.describe('What it was given, without secrets; cut where it is large.'),
    output: jsonValue.describe('What came of it; cut where it is large.'),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
    tokens: z.number(),
    started_at: timestamp,
    finished_at: timestamp.nullable(),
    duration_ms: z.number().nullable(),
  })
  .meta({ id: 'WorkflowStep' })

const checkpointFields = {
  id: z.guid(),
  step: z.number().describe('Grows along the run.'),
  after: z.array(z.string()).describe('Nodes that ended with it.'),
  next: z.array(z.string()).describe('Nodes that begin from it.'),
  created_at: timestamp,
}

export const checkpointView = z.strictObject(checkpointFields).meta({ id: 'WorkflowCheckpoint' })

export const checkpointStateView = z
  .strictObject({
    ...checkpointFields,
    steps: z.record(z.string(), z.strictObject({ status: z.string(), output: jsonValue })),
  })
  .meta({ id: 'WorkflowCheckpointState' })

export const eventView = z
  .strictObject({
    sequence: z.number(),
    type: z.string(),
    step: z.string().nullable(),
    iteration: z.string().nullable(),
    data: z.record(z.string(), jsonValue),
    at: timestamp,
  })
  .meta({ id: 'WorkflowRunEvent' })

/** Everything that a run tells, by the names of its events. */
export const RUN_EVENTS = [
  'run.queued',
  'run.resumed',
  'run.succeeded',
  'run.failed',
  'run.cancelled',
  'step.started',
  'step.retried',
  'step.waiting',
  'step.succeeded',
  'step.failed',
] as const
export type RunEventType = (typeof RUN_EVENTS)[number]

export const runEventId = z
  .string()
  .regex(/^\d{1,9}$/)
  .describe('Sequence of the event.')
