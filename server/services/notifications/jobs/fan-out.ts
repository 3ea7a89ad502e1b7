import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { id } from '../../../kernel/schema.js'
import { fanOut } from '../operations/fan-out.js'

/** Finds out whom a message is for and decides what each gets, some hundred recipients a run. */
export const fanOutJob = defineJob({
  name: 'notifications.fan-out',
  payload: z.strictObject({ messageId: id('message') }),
  attempts: 20,
  timeoutMs: 60_000,
  transaction: 'auto',
  safeToRepeat: 'decides, keeps how far it came and ends the job in one transaction',
  run: async (ctx, { messageId }) => {
    const hasMore = await fanOut(ctx, messageId)
    if (hasMore) await ctx.enqueue(fanOutJob, { messageId })
  },
})
