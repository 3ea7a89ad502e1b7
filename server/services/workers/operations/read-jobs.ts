import { z } from 'zod'
import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { workerErrors } from '../errors.js'
import { findJob, listAttempts, listJobs, listLogLines } from '../models/job.js'
import { presentAttempts, presentJob, presentKind, presentLine } from '../present.js'
import { inReach, reachableTenant } from '../reach.js'
import type { ListJobsQuery } from '../schemas/jobs.js'

/** Lines one answer shows: all that a job keeps. */
const LINES_MAX = 1_000

export function readJobPage(ctx: Ctx, query: ListJobsQuery) {
  return inReach(ctx, 'workers.jobs.read', (tenantId) =>
    paginate(
      ctx,
      'jobs',
      query,
      ({ after, limit }) => listJobs(ctx, tenantId, query, { afterId: after?.id ?? null, limit }),
      presentJob,
    ),
  )
}

export function readOneJob(ctx: Ctx, jobId: string) {
  return inReach(ctx, 'workers.jobs.read', async (tenantId) => presentJob(await jobOf(ctx, tenantId, jobId)))
}

export function readAttempts(ctx: Ctx, jobId: string) {
  return inReach(ctx, 'workers.jobs.read', async (tenantId) => {
    const job = await jobOf(ctx, tenantId, jobId)
    return { data: presentAttempts(job, await listAttempts(ctx, tenantId, jobId)) }
  })
}

export async function readLines(ctx: Ctx, jobId: string) {
  const tenantId = reachableTenant(ctx, 'workers.jobs.read')
  await ctx.transactionIn(tenantId, () => jobOf(ctx, tenantId, jobId))
  const lines = await listLogLines(ctx.db, tenantId, jobId, { after: 0, limit: LINES_MAX })
  return { data: lines.map(presentLine) }
}

/** Kinds that tenants may enqueue, with what their payload has to be. */
export function readKinds(ctx: Ctx) {
  const open = [...ctx.resources.jobs.kinds.values()].filter(
    ({ exposed }) => exposed && ctx.may(exposed.permission).allowed,
  )
  return {
    data: open.map((kind) =>
      presentKind(kind, z.toJSONSchema(kind.payload, { io: 'input', unrepresentable: 'any' })),
    ),
  }
}

async function jobOf(ctx: Ctx, tenantId: string, jobId: string) {
  const job = await findJob(ctx, tenantId, jobId)
  if (!job) throw new workerErrors.NotFound()
  return job
}
