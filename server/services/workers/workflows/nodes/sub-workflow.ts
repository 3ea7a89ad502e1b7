import { z } from 'zod'
import { slug } from '../../../../kernel/schema.js'
import { objectOrTemplate } from '../graph/pieces.js'
import { asObject, type Step, StepFailure, type StepResult } from './step.js'

export const subWorkflowConfig = z.strictObject({
  template: slug.describe('Name of the workflow template.'),
  version: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('Published version: pinned, so that what runs is what was checked.'),
  input: objectOrTemplate(262_144).default({}),
})

/** Runs another workflow and waits for its end without holding a worker; its output is the output. */
export async function runSubWorkflow(
  step: Step,
  raw: z.output<typeof subWorkflowConfig>,
): Promise<StepResult> {
  const { template, version, ...config } = await step.config(subWorkflowConfig, raw)
  const input = asObject('input', config.input)
  step.show({ template, version, input })
  const answer = await step.wait({
    kind: 'run',
    spec: { template, version },
    begin: async (waitId) => ({
      childRunId: await step.beginWorkflow({ template, version, input }, waitId),
    }),
  })
  if (answer.kind === 'failed') throw new StepFailure(answer.code, answer.message)
  return { output: answer.kind === 'answered' ? answer.value : null }
}
