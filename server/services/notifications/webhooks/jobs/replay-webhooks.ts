import { z } from 'zod'
import { defineJob } from '../../../../kernel/define-job.js'
import { id, timestamp } from '../../../../kernel/schema.js'
import { replayFailed } from '../operations/replay-failed.js'

/** Sends again what of an endpoint failed or was skipped in a time. */
export const replayWebhooks = defineJob({
  name: 'notifications.replay-webhooks',
  queue: 'webhooks',
  payload: z.strictObject({ endpointId: id('webhook endpoint'), since: timestamp, until: timestamp }),
  attempts: 5,
  timeoutMs: 300_000,
  safeToRepeat: 'a delivery that was begun anew is no longer failed',
  concurrency: { perTenant: 2, perKey: 1 },
  keyOf: ({ endpointId }) => endpointId,
  run: (ctx, { endpointId, since, until }, job) =>
    replayFailed(ctx, endpointId, { since: new Date(since), until: new Date(until) }, job),
})
