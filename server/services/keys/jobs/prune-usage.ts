import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { pruneUsage as prune } from '../models/key-usage.js'

/** How long usage counters are kept, in days. */
export const USAGE_KEPT_DAYS = 400

/** Forgets usage counters that are too old to be asked for. */
export const pruneUsage = defineJob({
  name: 'keys.prune-usage',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 60_000,
  safeToRepeat: 'deletes by age only',
  transaction: 'system',
  period: { everySeconds: 3_600 },
  run: async (ctx) => {
    const now = ctx.now()
    return prune(ctx.db, new Date(now.getTime() - USAGE_KEPT_DAYS * 86_400_000), now)
  },
})
