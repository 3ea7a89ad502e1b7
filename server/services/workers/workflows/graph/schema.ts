import { z } from 'zod'
import { jsonValue, shortText } from '../../../../kernel/schema.js'
import { RUN_LIMITS } from '../limits.js'
import { approvalConfig } from '../nodes/approval.js'
import { httpConfig } from '../nodes/http.js'
import { jobConfig } from '../nodes/job.js'
import { modelConfig } from '../nodes/model.js'
import { notificationConfig } from '../nodes/notification.js'
import { subWorkflowConfig } from '../nodes/sub-workflow.js'
import { transformConfig } from '../nodes/transform.js'
import { waitConfig } from '../nodes/wait.js'
import { declaredSchema } from './json-schema.js'
import { expression, nodeId, onError, retryPolicy, target } from './pieces.js'

export const NODES_MAX = 100
/** Bytes of a graph as JSON. */
export const GRAPH_MAX_BYTES = 262_144

const common = {
  id: nodeId,
  name: shortText({ max: 100 }).optional().describe('What people call it.'),
  on_error: onError,
}

function actionNode<T extends string, C extends z.ZodType>(type: T, config: C) {
  return z.strictObject({ ...common, type: z.literal(type), config, next: target })
}

/** A node whose failures may pass: it may be tried again. */
function callNode<T extends string, C extends z.ZodType>(type: T, config: C) {
  return z.strictObject({
    ...common,
    type: z.literal(type),
    config,
    next: target,
    retry: retryPolicy.optional(),
  })
}

export const branchNode = z.strictObject({
  ...common,
  type: z.literal('branch'),
  config: z.strictObject({
    cases: z
      .array(z.strictObject({ when: expression, next: target }))
      .min(1)
      .max(20)
      .describe('The first whose condition is true is taken.'),
    default: target.describe('Where to go when no condition is true.'),
  }),
})

export const loopNode = z.strictObject({
  ...common,
  type: z.literal('loop'),
  config: z
    .strictObject({
      body: nodeId.describe('First node of what is repeated; the last one names the loop as its next.'),
      max: z.int().min(1).max(1_000).describe('Repetitions at most; a loop that wants more fails.'),
      over: expression.optional().describe('A list: once for each item, which is then `item`.'),
      while: expression.optional().describe('Asked before each repetition.'),
      collect: expression.optional().describe('Its results after each repetition are the output.'),
    })
    .refine(({ over, while: condition }) => over === undefined || condition === undefined, {
      message: 'give over or while, not both; without either it is repeated max times',
    }),
  next: target,
})

export const parallelNode = z.strictObject({
  ...common,
  type: z.literal('parallel'),
  config: z
    .strictObject({
      branches: z
        .record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/), nodeId)
        .refine((branches) => Object.keys(branches).length <= 20, 'at most 20 branches')
        .refine((branches) => Object.keys(branches).length > 0, 'at least one branch')
        .optional()
        .describe(
          'First node of each branch by its name; each last one names the parallel node as its next.',
        ),
      over: expression.optional().describe('A list: the body runs for each item at the same time.'),
      body: nodeId.optional(),
      max: z.int().min(1).max(200).default(100).describe('Items at most.'),
    })
    .refine(
      ({ branches, over, body }) =>
        (branches === undefined) === (over !== undefined) && (over === undefined) === (body === undefined),
      { message: 'give either branches, or over and body' },
    ),
  next: target,
})

export const graphNode = z.discriminatedUnion('type', [
  callNode('model', modelConfig),
  callNode('http', httpConfig),
  actionNode('transform', transformConfig),
  actionNode('wait', waitConfig),
  actionNode('approval', approvalConfig),
  actionNode('job', jobConfig),
  actionNode('workflow', subWorkflowConfig),
  actionNode('notification', notificationConfig),
  branchNode,
  loopNode,
  parallelNode,
])
export type GraphNode = z.output<typeof graphNode>
export type ControlNode = Extract<GraphNode, { type: 'branch' | 'loop' | 'parallel' }>
export type ActionNode = Exclude<GraphNode, ControlNode>
export type NodeOf<T extends GraphNode['type']> = Extract<GraphNode, { type: T }>

const limit = ({ standard, most }: { standard: number; most: number }) =>
  z.int().min(1).max(most).default(standard)

export const graphLimits = z.strictObject({
  max_steps: limit(RUN_LIMITS.max_steps).describe('Steps, repetitions counted.'),
  max_tokens: limit(RUN_LIMITS.max_tokens).describe('Tokens of models.'),
  max_bytes: limit(RUN_LIMITS.max_bytes).describe('Bytes of everything steps put out.'),
  timeout_s: limit(RUN_LIMITS.timeout_s).describe('From start to end, waits included.'),
})

/** A workflow: what it takes, what it does and what comes of it. */
export const graphDocument = z
  .strictObject({
    input: declaredSchema
      .refine((schema) => schema.type === 'object', 'must describe an object')
      .default({ type: 'object', properties: {}, additionalProperties: false })
      .describe('JSON Schema of what a run is started with.'),
    start: nodeId,
    nodes: z.array(graphNode).min(1).max(NODES_MAX),
    output: jsonValue
      .optional()
      .describe('May hold {{ expressions }}; the last step’s output where left out.'),
    limits: graphLimits.prefault({}),
  })
  .meta({ id: 'WorkflowGraph', description: 'A workflow graph.' })
export type Graph = z.output<typeof graphDocument>
