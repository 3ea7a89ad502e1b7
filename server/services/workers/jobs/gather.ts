import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'

/** Runs once the jobs of a batch are settled, and holds how they ended. */
export const gather = defineJob({
  name: 'workers.gather',
  payload: z.strictObject({}),
  attempts: 5,
  timeoutMs: 30_000,
  safeToRepeat: 'it only counts',
  transaction: 'auto',
  run: async (_ctx, _payload, { children }) => {
    const count = (status: string) => children.filter((child) => child.status === status).length
    return {
      succeeded: count('succeeded'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      children: children.map(({ id, status }) => ({ id, status })),
    }
  },
})
