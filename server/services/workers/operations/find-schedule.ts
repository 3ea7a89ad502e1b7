import type { Ctx } from '../../../kernel/context.js'
import { workerErrors } from '../errors.js'
import { findSchedule, lockSchedule, type Schedule } from '../models/schedule.js'

/** The schedule with this id; that of another tenant is not there. */
export async function readSchedule(ctx: Ctx, tenantId: string, scheduleId: string): Promise<Schedule> {
  return found(await findSchedule(ctx, tenantId, scheduleId))
}

/** Like readSchedule, and keeps others from changing or firing it until the transaction ends. */
export async function lockedSchedule(ctx: Ctx, tenantId: string, scheduleId: string): Promise<Schedule> {
  return found(await lockSchedule(ctx, tenantId, scheduleId))
}

function found(schedule: Schedule | null): Schedule {
  if (!schedule) throw new workerErrors.ScheduleNotFound()
  return schedule
}
