import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { RUN_REASONS } from '../models/backup-run.js'
import { periodOf } from '../operations/backup-settings.js'
import { resultOf } from '../operations/result-of.js'
import { runWork } from '../operations/run-work.js'

const report = z.object({ id: z.string().max(60), target: z.string().max(40) })

/** Restores the newest backup into a database of its own, to see that it can be. */
export const drill = defineJob({
  name: 'backups.drill',
  payload: z.strictObject({ reason: z.enum(RUN_REASONS).default('schedule') }),
  attempts: 2,
  timeoutMs: 86_400_000,
  backoff: { baseMs: 900_000, capMs: 1_800_000 },
  concurrency: { total: 1 },
  retention: { succeededS: 30 * 86_400, failedS: 30 * 86_400 },
  period: periodOf('drill'),
  safeToRepeat: 'works on a database of its own, which is removed',
  run: (ctx, { reason }, job) =>
    runWork(ctx, job, {
      ...{ kind: 'drill', reason, request: { id: 'latest' } },
      facts: (result) => {
        const { id, target } = resultOf(report, result)
        return { backupId: id, targets: [target] }
      },
    }),
})
