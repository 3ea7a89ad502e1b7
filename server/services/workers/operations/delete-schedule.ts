import type { Ctx } from '../../../kernel/context.js'
import { removeSchedule } from '../models/schedule.js'
import { lockedSchedule } from './find-schedule.js'

/** Removes a schedule for good. The jobs it made stay, and run if they have not. */
export async function deleteSchedule(ctx: Ctx, scheduleId: string): Promise<void> {
  const { name } = await lockedSchedule(ctx, ctx.tenant.id, scheduleId)
  await removeSchedule(ctx, ctx.tenant.id, scheduleId)
  await ctx.emit('workers.schedule.deleted', { scheduleId, name })
  ctx.auditDetail = { name }
}
