import type { Ctx } from '../../../kernel/context.js'
import { endRun, findLost } from '../models/backup-run.js'

/** Ends the runs whose process was killed: what they left is no backup. */
export function closeLost(ctx: Ctx): Promise<void> {
  return ctx.system('runs of backups', async () => {
    for (const { id } of await findLost(ctx)) await endRun(ctx, id, { outcome: 'interrupted', error: LOST })
  })
}

const LOST = {
  code: 'lost',
  message: 'The process that ran it was killed, or the host went down.',
  next: 'What it left is no backup, and is removed by itself. See whether this host ran out of memory (dmesg).',
}
