import { tellParents } from '../../../jobs/settle.js'
import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { workerErrors } from '../errors.js'
import { findDeadLetter, listDeadLetters, markRedriven, takeOpenDeadLetters } from '../models/dead-letter.js'
import {
  askToStop,
  cancelUnbegun,
  findJob,
  lockFamily,
  lockJob,
  requeue,
  type StoredJob,
} from '../models/job.js'
import { presentDeadLetter, presentJob } from '../present.js'
import { inReach } from '../reach.js'
import type { ListDeadLettersQuery, RedriveInput } from '../schemas/jobs.js'

/**
 * Cancels a job with all below it: what has not begun never will, what runs is told to stop and settles itself as
 * cancelled. Safe to repeat.
 */
export function cancelJob(ctx: Ctx, jobId: string) {
  return inReach(ctx, 'workers.jobs.manage', async (tenantId) => {
    await lockFamily(ctx, tenantId, jobId)
    const job = await findJob(ctx, tenantId, jobId)
    if (!job) throw new workerErrors.NotFound()
    if (job.status === 'succeeded' || job.status === 'failed')
      throw new workerErrors.Settled({ status: job.status })
    const cancelled = await cancelUnbegun(ctx, tenantId, jobId)
    const asked = await askToStop(ctx, tenantId, jobId)
    if (cancelled.includes(jobId) && job.parentId) {
      const freed = await tellParents(ctx.db, [{ tenantId, id: job.parentId, hasFailed: true }])
      ctx.afterCommit(() => ctx.resources.jobs.offerAll(freed))
    }
    ctx.afterCommit(() => {
      for (const id of asked) ctx.resources.jobs.cancel(id)
      ctx.resources.jobs.changed(cancelled.map((id) => ({ tenantId, id })))
    })
    return presentJob((await findJob(ctx, tenantId, jobId)) as StoredJob)
  })
}

/** Runs a failed or cancelled job again, with all its attempts. */
export function retryJob(ctx: Ctx, jobId: string) {
  return inReach(ctx, 'workers.jobs.manage', async (tenantId) => {
    const job = await lockJob(ctx, tenantId, jobId)
    if (!job) throw new workerErrors.NotFound()
    if (job.status !== 'failed' && job.status !== 'cancelled')
      throw new workerErrors.NotSettled({ status: job.status })
    await runAgain(ctx, tenantId, [jobId])
    return presentJob((await findJob(ctx, tenantId, jobId)) as StoredJob)
  })
}

export function readDeadLetterPage(ctx: Ctx, query: ListDeadLettersQuery) {
  const filter = {
    kind: query.kind,
    queue: query.queue,
    isOpen: query.open === undefined ? undefined : query.open === 'true',
  }
  return inReach(ctx, 'workers.jobs.read', (tenantId) =>
    paginate(
      ctx,
      'dead-letters',
      query,
      (window) => listDeadLetters(ctx, tenantId, filter, window),
      presentDeadLetter,
    ),
  )
}

export function readDeadLetter(ctx: Ctx, id: string) {
  return inReach(ctx, 'workers.jobs.read', async (tenantId) =>
    presentDeadLetter(await letterOf(ctx, tenantId, id)),
  )
}

/** Runs the job of a dead letter again. Safe to repeat: a letter is redriven once. */
export function redriveOne(ctx: Ctx, id: string) {
  return inReach(ctx, 'workers.jobs.manage', async (tenantId) => {
    const letter = await letterOf(ctx, tenantId, id)
    if (!letter.redrivenAt) await runAgain(ctx, tenantId, [letter.jobId])
    return presentDeadLetter(await letterOf(ctx, tenantId, id))
  })
}

/** Runs the jobs of up to `limit` open dead letters again, oldest first; answers how many. */
export function redriveMany(ctx: Ctx, input: RedriveInput) {
  return inReach(ctx, 'workers.jobs.manage', async (tenantId) => {
    const jobIds = await takeOpenDeadLetters(ctx, tenantId, input)
    return { redriven: await runAgain(ctx, tenantId, jobIds) }
  })
}

async function letterOf(ctx: Ctx, tenantId: string, id: string) {
  const letter = await findDeadLetter(ctx, tenantId, id)
  if (!letter) throw new workerErrors.DeadLetterNotFound()
  return letter
}

async function runAgain(ctx: Ctx, tenantId: string, jobIds: readonly string[]): Promise<number> {
  const again = await requeue(ctx, tenantId, jobIds)
  await markRedriven(ctx, tenantId, jobIds, `${ctx.principal.kind}:${ctx.principal.id}`)
  ctx.afterCommit(() => {
    for (const { id, kind, status } of again) {
      if (status === 'queued') ctx.resources.jobs.offer(kind, [{ tenantId, id }])
    }
    ctx.resources.jobs.changed(again.map(({ id }) => ({ tenantId, id })))
  })
  return again.length
}
