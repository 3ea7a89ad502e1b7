import { defineJob } from '../../../kernel/define-job.js'
import { nothing } from '../../../kernel/schema.js'
import { deleteOldRuns } from '../models/backup-run.js'
import { closeLost } from '../operations/close-lost.js'
import { watchSilence } from '../operations/watch-silence.js'

/** Runs are told of for so long. */
const KEPT_DAYS = 400

/** Notices backups that should have been and are not, runs whose process was killed, and removes reports of long ago. */
export const watch = defineJob({
  name: 'backups.watch',
  payload: nothing,
  attempts: 1,
  timeoutMs: 60_000,
  period: { everySeconds: 900 },
  safeToRepeat: 'tells of the same silence once a day',
  run: async (ctx) => {
    await closeLost(ctx)
    await watchSilence(ctx)
    const before = new Date(ctx.now().getTime() - KEPT_DAYS * 86_400_000)
    await ctx.system('runs of backups', () => deleteOldRuns(ctx, before))
  },
})
