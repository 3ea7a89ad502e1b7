import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { listSchedules as fetchSchedules } from '../models/schedule.js'
import { presentSchedule } from '../present-schedule.js'
import type { ListSchedulesQuery } from '../schedule-schemas.js'

/** A page of the organisation's schedules, newest first. */
export function listSchedules(ctx: Ctx, query: ListSchedulesQuery) {
  return paginate(ctx, 'schedules', query, (window) => fetchSchedules(ctx, query, window), presentSchedule)
}
