import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { announceExpiring } from '../models/api-key.js'

/** How long before its end a key is told of. */
const AHEAD_DAYS = 7
/** Keys told of in one run; the next tells of the rest. */
const BATCH = 500

/** Tells of keys that stop working within a week. */
export const tellExpiring = defineJob({
  name: 'keys.tell-expiring',
  payload: z.strictObject({}),
  attempts: 3,
  timeoutMs: 60_000,
  transaction: 'system',
  safeToRepeat: 'keeps with each key which end was told of, in the transaction that tells',
  period: { everySeconds: 3_600 },
  run: async (ctx) => {
    for (const { tenantId, ...key } of await announceExpiring(ctx, { aheadDays: AHEAD_DAYS, limit: BATCH })) {
      await ctx.emit('keys.key.expiring', { ...key, expiresAt: key.expiresAt.toISOString() }, tenantId)
    }
  },
})
