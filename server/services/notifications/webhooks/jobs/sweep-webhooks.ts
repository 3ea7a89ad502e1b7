import { defineJob } from '../../../../kernel/define-job.js'
import { nothing } from '../../../../kernel/schema.js'
import { settleOrphans } from '../models/webhook-delivery.js'
import { removeExpiredKeys } from '../models/webhook-key.js'
import { removeMessages } from '../models/webhook-message.js'

const DAY_MS = 86_400_000
/** A delivery whose job just ended may still be about to be settled. */
const ORPHAN_AFTER_MS = 300_000
/** Rows of each kind one run touches at most, so that no run takes long. */
const ROWS_MAX = 2_000

/** Removes messages and keys past their time, and settles deliveries that no job works on any more. */
export const sweepWebhooks = defineJob({
  name: 'notifications.sweep-webhooks',
  queue: 'webhooks',
  payload: nothing,
  attempts: 1,
  timeoutMs: 60_000,
  safeToRepeat: 'removes by age only, and settles what no job works on',
  transaction: 'system',
  period: { everySeconds: 300 },
  run: async (ctx) => {
    const now = ctx.now().getTime()
    await removeMessages(ctx.db, new Date(now - ctx.config.WEBHOOKS_KEPT_DAYS * DAY_MS), ROWS_MAX)
    await removeExpiredKeys(ctx.db, new Date(now))
    await settleOrphans(ctx.db, new Date(now - ORPHAN_AFTER_MS), ROWS_MAX)
  },
})
