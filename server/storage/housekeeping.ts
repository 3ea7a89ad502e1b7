import { defineJob } from '../kernel/define-job.js'
import { nothing } from '../kernel/schema.js'

/** Days that a delivered event stays readable, for looking into what happened. */
const EVENT_DAYS = 7
/** Rows one run removes at most, so that no run takes long. */
const ROWS_MAX = 10_000

/** Removes what the kernel itself leaves behind: delivered events and answers whose Idempotency-Key has expired. */
export const housekeeping = defineJob({
  name: 'kernel.housekeeping',
  payload: nothing,
  attempts: 1,
  timeoutMs: 30_000,
  safeToRepeat: 'deletes only what is past its time',
  transaction: 'system',
  period: { everySeconds: 300 },
  run: async (ctx) => {
    await ctx.db.execute({
      text: `delete from outbox where id in (
               select id from outbox where delivered_at < now() - make_interval(days => $1) limit $2)`,
      values: [EVENT_DAYS, ROWS_MAX],
    })
    await ctx.db.execute({
      text: `delete from idempotency_records where scope_hash in (
               select scope_hash from idempotency_records where expires_at < now() limit $1 for update skip locked)`,
      values: [ROWS_MAX],
    })
  },
})
