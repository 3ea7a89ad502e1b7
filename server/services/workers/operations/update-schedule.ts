import type { Timing } from '../../../jobs/schedule-timing.js'
import { tellSchedulers } from '../../../jobs/scheduler.js'
import type { Ctx } from '../../../kernel/context.js'
import { workerErrors } from '../errors.js'
import {
  isNameTaken,
  type Schedule,
  type ScheduleChanges,
  updateSchedule as storeChanges,
} from '../models/schedule.js'
import type { UpdateScheduleInput } from '../schemas/schedules.js'
import { openKind, parsePayload } from './create-jobs.js'
import { lockedSchedule, readSchedule } from './find-schedule.js'
import { firstFiring } from './first-firing.js'
import { timeFrom } from './timing-from.js'

const TIMING = ['cron', 'every_s', 'time_zone', 'starts_at', 'ends_at'] as const

/**
 * Changes the fields given and no others. Only who may enqueue such a job may change what makes it; a change of
 * its times counts from now on, and firings missed before are not made up for.
 */
export async function updateSchedule(
  ctx: Ctx,
  scheduleId: string,
  input: UpdateScheduleInput,
): Promise<Schedule> {
  const schedule = await lockedSchedule(ctx, ctx.tenant.id, scheduleId)
  const job = openKind(ctx, schedule.kind)
  if (input.payload) parsePayload(job, input.payload, ['payload'])
  if (input.name !== undefined && (await isNameTaken(ctx, input.name, scheduleId)))
    throw new workerErrors.ScheduleNameTaken({ name: input.name })

  const changes = { ...changesFrom(input), ...newTimes(ctx, schedule, input) }
  await storeChanges(ctx, ctx.tenant.id, scheduleId, changes)
  if (changes.nextAt) tellSchedulers(ctx, changes.nextAt)
  const fields = Object.keys(input)
  await ctx.emit('workers.schedule.updated', { scheduleId, fields })
  ctx.auditDetail = { fields }
  return readSchedule(ctx, ctx.tenant.id, scheduleId)
}

function changesFrom({ name, payload, catch_up, overlap }: UpdateScheduleInput): ScheduleChanges {
  return {
    ...(name === undefined ? {} : { name }),
    ...(payload === undefined ? {} : { payload, lastError: null }),
    ...(catch_up === undefined ? {} : { catchUp: catch_up }),
    ...(overlap === undefined ? {} : { overlap }),
  }
}

/** The whole timing and the next time, where any of it changes. */
function newTimes(ctx: Ctx, schedule: Schedule, input: UpdateScheduleInput): ScheduleChanges {
  if (TIMING.every((field) => input[field] === undefined)) return {}
  const { cron, every_s, time_zone = schedule.timeZone, starts_at, ends_at } = input
  const keeps = cron === undefined && every_s === undefined
  const timing: Timing = {
    cron: keeps ? schedule.cron : (cron ?? null),
    everyS: keeps ? schedule.everyS : (every_s ?? null),
    timeZone: time_zone,
    startsAt: starts_at === undefined ? schedule.startsAt : timeFrom(starts_at),
    endsAt: ends_at === undefined ? schedule.endsAt : timeFrom(ends_at),
    createdAt: schedule.createdAt,
  }
  const next = firstFiring(timing, ctx.now())
  const { createdAt: _, ...stored } = timing
  return { ...stored, nextAt: schedule.pausedAt ? null : next, lastError: null }
}
