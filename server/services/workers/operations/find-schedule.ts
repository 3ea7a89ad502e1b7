import type { Ctx } from '../../../kernel/context.js'
import { findSchedule, lockSchedule, type Schedule } from '../models/schedule.js'
import { scheduleErrors } from '../schedule-errors.js'

/** The schedule with this id; that of another tenant is not there. */
export async function readSchedule(ctx: Ctx, scheduleId: string): Promise<Schedule> {
  return found(await findSchedule(ctx, scheduleId))
}

/** Like readSchedule, and keeps others from changing or firing it until the transaction ends. */
export async function lockedSchedule(ctx: Ctx, scheduleId: string): Promise<Schedule> {
  return found(await lockSchedule(ctx, scheduleId))
}

function found(schedule: Schedule | null): Schedule {
  if (!schedule) throw new scheduleErrors.NotFound()
  return schedule
}
