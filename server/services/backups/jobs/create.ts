import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { RUN_REASONS } from '../models/backup-run.js'
import { periodOf } from '../operations/backup-settings.js'
import { resultOf } from '../operations/result-of.js'
import { runWork } from '../operations/run-work.js'
import { prune } from './prune.js'

const DAY_MS = 86_400_000

const made = z.object({
  id: z.string().max(60),
  bytes: z.int().min(0),
  targets: z.array(z.string().max(40)).max(10),
})

/** Makes a backup, in every target, as often as the operator has set; then removes those that are beyond what is kept. */
export const create = defineJob({
  name: 'backups.create',
  payload: z.strictObject({ reason: z.enum(RUN_REASONS).default('schedule') }),
  attempts: 3,
  timeoutMs: DAY_MS,
  // A target that is away for a moment must not cost a day's backup.
  backoff: { baseMs: 900_000, capMs: 1_800_000 },
  concurrency: { total: 1 },
  retention: { succeededS: 30 * 86_400, failedS: 30 * 86_400 },
  period: periodOf('schedule'),
  safeToRepeat: 'a backup that was cut off is none, and what it had stored of objects is used by the next',
  run: (ctx, { reason }, job) =>
    runWork(ctx, job, {
      ...{ kind: 'create', reason, request: { reason } },
      facts: (result) => {
        const { id, bytes, targets } = resultOf(made, result)
        return { backupId: id, bytes, targets }
      },
      followUp: async (inside) => {
        if (reason === 'schedule') await inside.enqueue(prune, { reason }, { tenantId: null })
      },
    }),
})
