import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { deleteEndedReservations, expireReservations, lockOverdueQuotas } from '../models/quota.js'

const QUOTAS = 500
const KEEP_MS = 30 * 86_400_000
const OLD = 5_000

/** Gives back what overdue reservations hold, and forgets those that ended a month ago. */
export const expireReservationsJob = defineJob({
  name: 'tenancy.expire-reservations',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 30_000,
  safeToRepeat: 'only reservations still held are expired, together with what they hold',
  transaction: 'system',
  period: { everySeconds: 30 },
  run: async (ctx) => {
    const now = ctx.now()
    for (const quota of await lockOverdueQuotas(ctx.db, now, QUOTAS))
      await expireReservations(ctx.db, { ...quota, now })
    await deleteEndedReservations(ctx.db, new Date(now.getTime() - KEEP_MS), OLD)
  },
})
