import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { RUN_REASONS } from '../models/backup-run.js'
import { resultOf } from '../operations/result-of.js'
import { runWork } from '../operations/run-work.js'

const ofTarget = z.object({ target: z.string().max(40) })
const pruned = z.object({
  removed: z.array(ofTarget),
  kept: z.array(ofTarget),
  bytes_freed: z.int().min(0),
})

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
      facts: (result) => {
        const { removed, kept, bytes_freed: bytes } = resultOf(pruned, result)
        return { bytes, targets: [...new Set([...kept, ...removed].map(({ target }) => target))] }
      },
    }),
})
