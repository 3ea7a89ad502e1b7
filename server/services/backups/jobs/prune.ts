import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { RUN_REASONS } from '../models/backup-run.js'
import { resultOf } from '../operations/result-of.js'
import { runWork } from '../operations/run-work.js'

const pruned = z.object({ targets: z.array(z.object({ target: z.string().max(40) })).max(10) })

/** Removes, in every target, the backups that are beyond what the operator keeps, and what no backup needs any more. */
export const prune = defineJob({
  name: 'backups.prune',
  payload: z.strictObject({ reason: z.enum(RUN_REASONS) }),
  attempts: 3,
  timeoutMs: 6 * 3_600_000,
  backoff: { baseMs: 900_000, capMs: 1_800_000 },
  concurrency: { total: 1 },
  safeToRepeat: 'removes only what is beyond what is kept at that time',
  run: (ctx, { reason }, job) =>
    runWork(ctx, job, {
      ...{ kind: 'prune', reason, request: {} },
      facts: (result) => ({ targets: resultOf(pruned, result).targets.map(({ target }) => target) }),
    }),
})
