import { z } from 'zod'
import { objectOrTemplate } from '../graph/pieces.js'
import { beginJob } from '../runs/enqueue.js'
import { asObject, type Step, StepFailure, type StepResult } from './step.js'

export const jobConfig = z.strictObject({
  kind: z.string().min(3).max(100).describe('A kind of job that may be enqueued by REST.'),
  payload: objectOrTemplate(65_536).default({}),
})

/** Enqueues a job of an exposed kind and waits for its end without holding a worker; its result is the output. */
export async function runJob(step: Step, raw: z.output<typeof jobConfig>): Promise<StepResult> {
  const { kind, ...config } = await step.config(jobConfig, raw)
  const payload = asObject('payload', config.payload)
  const record = step.ctx.resources.jobs.kinds.get(kind)
  if (!record?.exposed) throw new StepFailure('unknown_job', `There is no kind of job "${kind}" to enqueue.`)
  const checked = record.payload.safeParse(payload)
  if (!checked.success)
    throw new StepFailure('invalid_config', `The payload does not fit: ${z.prettifyError(checked.error)}`)
  step.show({ kind, payload })
  const answer = await step.wait({
    kind: 'job',
    spec: { kind },
    begin: (waitId) => beginJob(step.ctx, record, payload, { runId: step.runId, waitId }),
  })
  if (answer.kind === 'failed') throw new StepFailure(answer.code, answer.message)
  return { output: answer.kind === 'answered' ? answer.value : null }
}
