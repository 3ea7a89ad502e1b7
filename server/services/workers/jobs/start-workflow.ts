import { AppError } from '../../../kernel/define-errors.js'
import { defineJob } from '../../../kernel/define-job.js'
import { GiveUp } from '../../../kernel/job-handle.js'
import { startRun } from '../workflows/operations/start-run.js'
import { startRunBody } from '../workflows/schemas.js'

/** Starts a run of a workflow: what a schedule fires so that a workflow runs at its times. */
export const startWorkflow = defineJob({
  name: 'workers.start-workflow',
  payload: startRunBody,
  attempts: 5,
  timeoutMs: 30_000,
  safeToRepeat: 'the run is made in the transaction that settles the job',
  transaction: 'auto',
  exposed: { permission: 'workers.runs.start', summary: 'Start a run of a workflow template.' },
  run: async (ctx, input) => {
    try {
      return { run_id: (await startRun(ctx, input)).id }
    } catch (error) {
      // A template that is gone, or an input that does not fit, is no better the next time.
      if (error instanceof AppError && error.status < 500) throw new GiveUp(error.message)
      throw error
    }
  },
})
