import { z } from 'zod'
import { expression } from '../graph/pieces.js'
import type { Step, StepResult } from './step.js'

export const transformConfig = z.strictObject({
  expression: expression.describe('Its result is the output.'),
})

/** Computes something of what is known so far. */
export async function runTransform(
  step: Step,
  { expression: text }: z.output<typeof transformConfig>,
): Promise<StepResult> {
  return { output: await step.evaluate(text) }
}
