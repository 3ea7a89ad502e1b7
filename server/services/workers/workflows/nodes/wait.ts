import { z } from 'zod'
import { template } from '../graph/pieces.js'
import { type Step, StepFailure, type StepResult } from './step.js'

/** Longest wait: no run lives longer. */
export const WAIT_MAX_S = 90 * 86_400

export const waitConfig = z
  .strictObject({
    seconds: z
      .union([z.number().min(0).max(WAIT_MAX_S), template(500)])
      .optional()
      .describe('How long, from when the step begins.'),
    until: template(500).optional().describe('RFC 3339 time; a time that is over is no wait.'),
  })
  .refine(({ seconds, until }) => (seconds === undefined) !== (until === undefined), {
    message: 'give either seconds or until',
  })

/** Waits without holding a worker: the run goes on in a job of its own when the time has come. */
export async function runWait(step: Step, raw: z.output<typeof waitConfig>): Promise<StepResult> {
  const config = await step.config(waitConfig, raw)
  const now = step.ctx.now()
  const dueAt = config.until === undefined ? after(now, config.seconds) : timeOf(config.until)
  if (dueAt.getTime() - now.getTime() > WAIT_MAX_S * 1_000)
    throw new StepFailure('wait_too_long', `The wait would end at ${dueAt.toISOString()}, which is too late.`)
  step.show({ until: dueAt.toISOString() })
  await step.wait({ kind: 'timer', dueAt, spec: {} })
  return { output: { waited_until: dueAt.toISOString() } }
}

function after(now: Date, seconds: unknown): Date {
  const amount = typeof seconds === 'string' ? Number(seconds) : seconds
  if (typeof amount !== 'number' || !(amount >= 0 && amount <= WAIT_MAX_S))
    throw new StepFailure('invalid_config', `"seconds" must be a number from 0 to ${WAIT_MAX_S}.`)
  return new Date(now.getTime() + amount * 1_000)
}

function timeOf(text: string): Date {
  const parsed = z.iso.datetime({ offset: true }).safeParse(text)
  if (!parsed.success) throw new StepFailure('invalid_config', '"until" must be an RFC 3339 time.')
  return new Date(parsed.data)
}
