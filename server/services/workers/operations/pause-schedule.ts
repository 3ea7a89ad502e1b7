import { nextFiring } from '../../../jobs/schedule-timing.js'
import { tellSchedulers } from '../../../jobs/scheduler.js'
import type { Ctx } from '../../../kernel/context.js'
import { type Schedule, updateSchedule } from '../models/schedule.js'
import { lockedSchedule, readSchedule } from './find-schedule.js'
import { schedulableKind } from './schedulable-kind.js'

/** Has a schedule fire no more until it is resumed. Safe to repeat: it stays paused since the first time. */
export async function pauseSchedule(ctx: Ctx, scheduleId: string): Promise<Schedule> {
  const schedule = await lockedSchedule(ctx, scheduleId)
  if (schedule.pausedAt) return schedule
  await updateSchedule(ctx, scheduleId, { pausedAt: ctx.now(), nextAt: null })
  await ctx.emit('workers.schedule.paused', { scheduleId })
  return readSchedule(ctx, scheduleId)
}

/**
 * Has a paused schedule fire again from its next time on; what fell into the pause is not made up for. Only who may
 * have such a job made may resume it. Safe to repeat.
 */
export async function resumeSchedule(ctx: Ctx, scheduleId: string): Promise<Schedule> {
  const schedule = await lockedSchedule(ctx, scheduleId)
  schedulableKind(ctx, schedule.kind)
  if (!schedule.pausedAt) return schedule
  const nextAt = nextFiring(schedule, ctx.now())
  await updateSchedule(ctx, scheduleId, { pausedAt: null, nextAt })
  tellSchedulers(ctx, nextAt)
  await ctx.emit('workers.schedule.resumed', { scheduleId })
  return readSchedule(ctx, scheduleId)
}
