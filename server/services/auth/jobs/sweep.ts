import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'

/** Ended sessions stay this long, so that "what was that session?" has an answer. */
const KEEP_DAYS = 30

/** Rows nobody will ask for again. Sessions take their refresh tokens along. */
const DEAD: readonly string[] = [
  `delete from sessions where ctid = any(array(select ctid from sessions
     where coalesce(revoked_at, expires_at) < $1::timestamptz - interval '${KEEP_DAYS} days' limit 5000))`,
  `delete from one_time_tokens where ctid = any(array(select ctid from one_time_tokens
     where expires_at < $1::timestamptz - interval '1 day' limit 5000))`,
  `delete from access_tokens where ctid = any(array(select ctid from access_tokens
     where coalesce(revoked_at, expires_at) < $1::timestamptz - interval '${KEEP_DAYS} days' limit 5000))`,
  `delete from login_failures where ctid = any(array(select ctid from login_failures
     where last_failure_at < $1::timestamptz - interval '2 days' limit 5000))`,
]

/** Removes what has expired long ago, in batches. */
export const sweepExpired = defineJob({
  name: 'auth.sweep-expired',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 30_000,
  transaction: 'system',
  period: { everySeconds: 600 },
  safeToRepeat: 'removes only what has expired',
  run: async (ctx) => {
    let removed = 0
    for (const text of DEAD) removed += await ctx.db.execute({ text, values: [ctx.now()] })
    return { removed }
  },
})
