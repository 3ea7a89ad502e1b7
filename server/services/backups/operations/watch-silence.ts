import { findBuiltIn } from '../../../jobs/built-in-schedules.js'
import type { Ctx } from '../../../kernel/context.js'
import { findLast, insertMissed, wasTold } from '../models/backup-run.js'
import { dueBy } from './due-by.js'
import { CREATE } from './kinds.js'
import { tellOfFailure } from './tell-operator.js'

const DAY_MS = 86_400_000

/**
 * Reports a backup that should have been by now, and is not: whatever the reason, a scheduler that does not run, a schedule that
 * was paused, a job that nobody takes or one that fails each time. Once a day as long as it stays so.
 */
export function watchSilence(ctx: Ctx): Promise<void> {
  return ctx.system('backups of the installation', async () => {
    const schedule = await findBuiltIn(ctx, CREATE)
    if (!schedule) return
    const lastGood = await findLast(ctx, 'create', ['succeeded'])
    const due = dueBy(schedule, lastGood?.finishedAt ?? undefined)
    if (!due || due > ctx.now()) return
    if (await wasTold(ctx, 'create', new Date(ctx.now().getTime() - DAY_MS), SILENCE.code)) return
    const since = lastGood?.finishedAt ?? schedule.createdAt
    await tellOfFailure(ctx, await insertMissed(ctx, since, SILENCE))
  })
}

const SILENCE = {
  code: 'missed',
  message: 'No backup has succeeded for two times of its schedule.',
  next: 'See with `vetrai status` whether workers run, and with `vetrai schedules list` whether the schedule is paused; then make one now: vetrai backup create',
}
