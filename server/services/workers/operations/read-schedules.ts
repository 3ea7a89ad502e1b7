import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { listSchedules } from '../models/schedule.js'
import { presentRuns, presentSchedule } from '../present-schedule.js'
import { inReach, reachableTenant } from '../reach.js'
import type { ListSchedulesQuery, PreviewInput } from '../schemas/schedules.js'
import { readSchedule } from './find-schedule.js'
import { firstFiring } from './first-firing.js'
import { timingFrom } from './timing-from.js'

/** A page of schedules, newest first. */
export function readSchedulePage(ctx: Ctx, query: ListSchedulesQuery) {
  return inReach(ctx, 'workers.schedules.read', (tenantId) =>
    paginate(
      ctx,
      'schedules',
      query,
      (window) => listSchedules(ctx, tenantId, query, window),
      presentSchedule,
    ),
  )
}

export function readOneSchedule(ctx: Ctx, scheduleId: string) {
  return inReach(ctx, 'workers.schedules.read', async (tenantId) =>
    presentSchedule(await readSchedule(ctx, tenantId, scheduleId)),
  )
}

/** When a schedule fires next; of a paused one, when it would if it were resumed now. */
export function readNextRuns(ctx: Ctx, scheduleId: string, count: number) {
  return inReach(ctx, 'workers.schedules.read', async (tenantId) =>
    presentRuns(await readSchedule(ctx, tenantId, scheduleId), count, ctx.now()),
  )
}

/** When a schedule with this timing would fire. Throws where it never would. */
export function previewSchedule(ctx: Ctx, { count, ...input }: PreviewInput) {
  reachableTenant(ctx, 'workers.schedules.read')
  const now = ctx.now()
  const timing = timingFrom(input, now)
  firstFiring(timing, now)
  return presentRuns(timing, count, now)
}
