import { z } from 'zod'
import { shortText, timestamp } from '../../kernel/schema.js'

/** A day: who asks again later than that asks somebody. */
const RETRY_AFTER_MAX_S = 86_400

export const maintenanceBody = z.strictObject({
  message: shortText({ max: 500 })
    .default('We are working on this service and will be back shortly.')
    .describe('What callers and visitors are told.'),
  retry_after_s: z
    .int()
    .min(1)
    .max(RETRY_AFTER_MAX_S)
    .default(300)
    .describe('Seconds after which clients are told to try again.'),
})
export type MaintenanceBody = z.infer<typeof maintenanceBody>

export const maintenanceView = z
  .strictObject({
    on: z.boolean(),
    message: z.string().nullable(),
    retry_after_s: z.int().nullable(),
    since: timestamp.nullable(),
    settled: z
      .boolean()
      .describe('During a maintenance: no request that could write is under way any more, in any process.'),
    running_jobs: z.int().describe('Jobs that run at this moment; during a maintenance none begins.'),
  })
  .meta({ id: 'Maintenance' })
