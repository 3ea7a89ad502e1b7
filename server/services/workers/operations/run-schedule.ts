import { overlapRule } from '../../../jobs/fire-schedules.js'
import { INSTALLATION } from '../../../jobs/job-row.js'
import type { Ctx } from '../../../kernel/context.js'
import type { JobRecord } from '../../../kernel/define-job.js'
import { workerErrors } from '../errors.js'
import type { Schedule } from '../models/schedule.js'
import { inReach } from '../reach.js'
import { openKind, parsePayload } from './create-jobs.js'
import { readSchedule } from './find-schedule.js'

/** Makes a schedule's job now, paused or not; its own times stay as they are. */
export function runSchedule(ctx: Ctx, scheduleId: string) {
  return inReach(ctx, 'workers.schedules.manage', async (tenantId) => {
    const schedule = await readSchedule(ctx, tenantId, scheduleId)
    const job = kindOf(ctx, schedule)
    parsePayload(job, schedule.payload, ['payload'])
    const make = () => ctx.enqueue(job, schedule.payload, { tenantId, scheduleId, ...overlapRule(schedule) })
    const isBuiltIn = tenantId === INSTALLATION
    const { id, isNew } = await (isBuiltIn ? ctx.system('a job of the installation', make) : make())
    ctx.auditDetail = { name: schedule.name, job_id: id }
    return { job_id: id, is_new: isNew }
  })
}

/** The kind of job a schedule makes, where the caller may enqueue it; schedules of the installation make any. */
export function kindOf(ctx: Ctx, { tenantId, kind }: Schedule): JobRecord {
  if (tenantId !== INSTALLATION) return openKind(ctx, kind)
  const job = ctx.resources.jobs.kinds.get(kind)
  if (!job) throw new workerErrors.UnknownKind({ kind })
  return job
}
