import { z } from 'zod'
import { id } from '../../../../kernel/schema.js'
import { type DeclaredSchema, declaredSchema } from '../graph/json-schema.js'
import { template } from '../graph/pieces.js'
import { type Step, StepFailure, type StepResult } from './step.js'
import { WAIT_MAX_S } from './wait.js'

/** What an approval asks for where it declares nothing else. */
const YES_OR_NO: DeclaredSchema = {
  type: 'object',
  properties: { approved: { type: 'boolean' }, comment: { type: 'string', maxLength: 2_000 } },
  required: ['approved'],
  additionalProperties: false,
}

export const approvalConfig = z.strictObject({
  title: template(200).describe('The question, in a line.'),
  message: template(5_000).optional().describe('What is needed to answer it.'),
  schema: declaredSchema
    .refine((schema) => schema.type === 'object', 'must describe an object')
    .default(YES_OR_NO)
    .describe('What an answer must be; yes or no with a comment where left out.'),
  approvers: z
    .array(id('user'))
    .min(1)
    .max(50)
    .optional()
    .describe('The only people who may answer; else everyone who may manage runs.'),
  timeout_s: z.int().min(1).max(WAIT_MAX_S).optional().describe('Without an answer by then the step fails.'),
})

/** Asks a person, and waits for the answer without holding a worker. Who answered is part of the output. */
export async function runApproval(step: Step, raw: z.output<typeof approvalConfig>): Promise<StepResult> {
  const { title, message, schema, approvers, timeout_s } = await step.config(approvalConfig, raw)
  step.show({ title, message })
  const answer = await step.wait({
    kind: 'approval',
    ...(timeout_s === undefined ? {} : { dueAt: new Date(step.ctx.now().getTime() + timeout_s * 1_000) }),
    spec: { title, message: message ?? null, schema, approvers: approvers ?? null },
  })
  if (answer.kind === 'due') throw new StepFailure('approval_timed_out', 'Nobody answered in time.')
  if (answer.kind === 'failed') throw new StepFailure(answer.code, answer.message)
  return { output: { ...(answer.value as object), answered_by: answer.by } }
}
