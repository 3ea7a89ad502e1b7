import { tellSchedulers } from '../../../jobs/scheduler.js'
import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import { workerErrors } from '../errors.js'
import { insertSchedule, lockScheduleCount, type Schedule } from '../models/schedule.js'
import type { CreateScheduleInput } from '../schemas/schedules.js'
import { openKind, parsePayload } from './create-jobs.js'
import { readSchedule } from './find-schedule.js'
import { firstFiring } from './first-firing.js'
import { timingFrom } from './timing-from.js'

/** Schedules an organisation may have. */
const SCHEDULES_MAX = 1_000

/**
 * Makes a schedule of a kind of job that the caller may enqueue, with a payload that the kind takes: a schedule is
 * no way around a permission. It first fires at its next time, also if that comes within the second.
 */
export async function createSchedule(ctx: Ctx, input: CreateScheduleInput): Promise<Schedule> {
  parsePayload(openKind(ctx, input.kind), input.payload, ['payload'])
  const now = ctx.now()
  const timing = timingFrom(input, now)
  const first = firstFiring(timing, now)
  if ((await lockScheduleCount(ctx)) >= SCHEDULES_MAX)
    throw new workerErrors.ScheduleLimitReached({ limit: SCHEDULES_MAX })

  const { name, kind, payload, overlap, paused } = input
  const id = newId()
  const isStored = await insertSchedule(ctx, {
    ...timing,
    ...{ id, name, kind, payload, overlap, catchUp: input.catch_up },
    pausedAt: paused ? now : null,
    nextAt: paused ? null : first,
    createdBy: `${ctx.principal.kind}:${ctx.principal.id}`,
  })
  if (!isStored) throw new workerErrors.ScheduleNameTaken({ name })
  if (!paused) tellSchedulers(ctx, first)
  await ctx.emit('workers.schedule.created', { scheduleId: id, name })
  ctx.auditDetail = { name, kind }
  return readSchedule(ctx, ctx.tenant.id, id)
}
