import type { EnqueuedJob } from '../../../jobs/enqueue.js'
import { overlapRule } from '../../../jobs/fire-schedules.js'
import type { Ctx } from '../../../kernel/context.js'
import { readSchedule } from './find-schedule.js'
import { checkPayload, schedulableKind } from './schedulable-kind.js'

/** Makes a schedule's job now, paused or not; its own times stay as they are. */
export async function runSchedule(ctx: Ctx, scheduleId: string): Promise<EnqueuedJob> {
  const schedule = await readSchedule(ctx, scheduleId)
  const job = schedulableKind(ctx, schedule.kind)
  checkPayload(job, schedule.payload)
  const made = await ctx.enqueue(job, schedule.payload, { scheduleId, ...overlapRule(schedule) })
  ctx.auditDetail = { name: schedule.name, job_id: made.id }
  return made
}
