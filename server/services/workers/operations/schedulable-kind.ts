import type { Ctx } from '../../../kernel/context.js'
import type { JobRecord } from '../../../kernel/define-job.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { problemsOf } from '../../../kernel/input-problems.js'
import { scheduleErrors } from '../schedule-errors.js'

type ExposedJob = JobRecord & Required<Pick<JobRecord, 'exposed'>>

/** The kind of job by this name that the caller may have made: a schedule is no way around a permission. */
export function schedulableKind(ctx: Ctx, kind: string): ExposedJob {
  const exposed = [...ctx.resources.jobs.kinds.values()].filter(isExposed)
  const job = exposed.find(({ name }) => name === kind)
  if (!job) {
    const kinds = exposed.filter((one) => ctx.may(one.exposed.permission).allowed).map(({ name }) => name)
    throw new scheduleErrors.UnknownKind({ kind, kinds })
  }
  ctx.authorize(job.exposed.permission)
  return job
}

/** Throws 422, with what is wrong in `/payload`, unless jobs of this kind take it. */
export function checkPayload(job: JobRecord, payload: unknown): void {
  const checked = job.payload.safeParse(payload)
  if (!checked.success) throw new kernelErrors.Invalid({ problems: problemsOf(checked.error, ['payload']) })
}

function isExposed(job: JobRecord): job is ExposedJob {
  return job.exposed !== undefined
}
