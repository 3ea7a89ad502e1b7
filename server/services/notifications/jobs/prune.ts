import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { pruneNotifications } from '../operations/prune-notifications.js'

/** Removes what is older than the installation keeps it. */
export const pruneJob = defineJob({
  name: 'notifications.prune',
  payload: z.strictObject({}),
  attempts: 3,
  timeoutMs: 600_000,
  safeToRepeat: 'removes what is old, in small transactions',
  period: { everySeconds: 3_600 },
  run: (ctx, _payload, { signal }) => pruneNotifications(ctx, signal),
})
