import { nextFiring } from '../../../jobs/schedule-timing.js'
import { tellSchedulers } from '../../../jobs/scheduler.js'
import type { Ctx } from '../../../kernel/context.js'
import { updateSchedule } from '../models/schedule.js'
import { presentSchedule } from '../present-schedule.js'
import { inReach } from '../reach.js'
import { lockedSchedule, readSchedule } from './find-schedule.js'
import { kindOf } from './run-schedule.js'

/** Has a schedule fire no more until it is resumed. Safe to repeat: it stays paused since the first time. */
export function pauseSchedule(ctx: Ctx, scheduleId: string) {
  return inReach(ctx, 'workers.schedules.manage', async (tenantId) => {
    const schedule = await lockedSchedule(ctx, tenantId, scheduleId)
    if (schedule.pausedAt) return presentSchedule(schedule)
    await updateSchedule(ctx, tenantId, scheduleId, { pausedAt: ctx.now(), nextAt: null })
    await ctx.emit('workers.schedule.paused', { scheduleId })
    return presentSchedule(await readSchedule(ctx, tenantId, scheduleId))
  })
}

/**
 * Has a paused schedule fire again from its next time on; what fell into the pause is not made up for. Only who may
 * enqueue such a job may resume it. Safe to repeat.
 */
export function resumeSchedule(ctx: Ctx, scheduleId: string) {
  return inReach(ctx, 'workers.schedules.manage', async (tenantId) => {
    const schedule = await lockedSchedule(ctx, tenantId, scheduleId)
    kindOf(ctx, schedule)
    if (!schedule.pausedAt) return presentSchedule(schedule)
    const nextAt = nextFiring(schedule, ctx.now())
    await updateSchedule(ctx, tenantId, scheduleId, { pausedAt: null, nextAt })
    tellSchedulers(ctx, nextAt)
    await ctx.emit('workers.schedule.resumed', { scheduleId })
    return presentSchedule(await readSchedule(ctx, tenantId, scheduleId))
  })
}
