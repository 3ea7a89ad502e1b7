import { z } from 'zod'
import { defineJob } from '../../../../kernel/define-job.js'
import { id } from '../../../../kernel/schema.js'
import { deliver } from '../operations/deliver.js'
import { ATTEMPTS } from '../rules/retry-schedule.js'

/** Runs that may die with their process, beyond the attempts the receiver gets. */
const SPARE_RUNS = 5

/**
 * Sends one message to one endpoint. The bounds keep slow receivers from taking all workers: few at a time for one
 * endpoint, and few for one tenant.
 */
export const deliverWebhook = defineJob({
  name: 'notifications.deliver-webhook',
  queue: 'webhooks',
  payload: z.strictObject({ messageId: id('webhook message'), endpointId: id('webhook endpoint') }),
  attempts: ATTEMPTS + SPARE_RUNS,
  timeoutMs: 60_000,
  safeToRepeat: 'a settled delivery is left alone, and a receiver knows repeats by webhook-id',
  concurrency: { perTenant: 6, perKey: 2 },
  keyOf: ({ endpointId }) => endpointId,
  retention: { succeededS: 3_600, failedS: 7 * 86_400 },
  run: deliver,
})
