import { z } from 'zod'
import { defineJob } from '../../../../kernel/define-job.js'
import type { ChildOutcome } from '../../../../kernel/job-handle.js'
import { id } from '../../../../kernel/schema.js'
import type { StoredAnswer } from '../models/wait.js'
import { WAKE_JOB } from './enqueue.js'
import { storable } from './values.js'
import { answerWait } from './wake.js'

/** Answers a wait: its time has come, or the job behind it is over. */
export const wakeRun = defineJob({
  name: WAKE_JOB,
  payload: z.strictObject({ run_id: id('workflow run'), wait_id: id('wait') }),
  attempts: 20,
  timeoutMs: 30_000,
  transaction: 'auto',
  retention: { succeededS: 3_600, failedS: 7 * 86_400 },
  safeToRepeat: 'a wait takes one answer',
  run: async (ctx, { run_id: runId, wait_id: waitId }, job) => {
    const [child] = job.children
    await answerWait(ctx, { runId, waitId }, child ? answerOf(child) : { due: true }, null)
  },
})

function answerOf({ status, result, error }: ChildOutcome): StoredAnswer {
  if (status === 'succeeded') return { value: storable(result ?? null) }
  return status === 'cancelled'
    ? { code: 'job_cancelled', message: 'The job was cancelled.' }
    : { code: 'job_failed', message: `The job failed: ${error ?? 'no reason is known'}` }
}
