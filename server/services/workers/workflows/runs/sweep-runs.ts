import { z } from 'zod'
import { backgroundContext, type Ctx } from '../../../../kernel/context.js'
import { defineJob } from '../../../../kernel/define-job.js'
import type { EventHandler } from '../../../../kernel/define-service.js'
import {
  findRunOfJob,
  findStrayRuns,
  lockRun,
  queueRun,
  type RunEnd,
  removeOldRuns,
  type StrayRun,
} from '../models/run.js'
import { findStrayWaits, type StrayWait } from '../models/wait.js'
import { enqueueRun, RUN_JOB } from './enqueue.js'
import { finishRun } from './finish-run.js'
import { answerWait } from './wake.js'

/** Runs one look takes care of at most, and one removal removes. */
const BATCH = 200

/** Ends runs whose time is over, and those whose job ended without them: none stays under way for ever. */
export const sweepRuns = defineJob({
  name: 'workflows.sweep',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 60_000,
  period: { everySeconds: 60 },
  safeToRepeat: 'a run that is over is left alone',
  run: async (ctx) => {
    const strays = await ctx.system('finds runs of all tenants', () => findStrayRuns(ctx, BATCH))
    for (const stray of strays) await tend(ctx, stray)
    const waits = await ctx.system('finds waits of all tenants', () => findStrayWaits(ctx, BATCH))
    for (const wait of waits) await giveUp(ctx, wait)
    return { tended: strays.length + waits.length }
  },
})

function inTenant(ctx: Ctx, tenantId: string): Ctx {
  return backgroundContext(ctx.resources, 'workflows.sweep', { id: tenantId, slug: '', status: 'active' })
}

/** The job that was to answer a wait was cancelled or lost: its step is told so. */
async function giveUp(ctx: Ctx, { tenantId, runId, id, jobStatus }: StrayWait): Promise<void> {
  const own = inTenant(ctx, tenantId)
  const answer = { code: 'job_lost', message: `The job it waited for is ${jobStatus} and told nothing.` }
  await own.transaction(() => answerWait(own, { runId, waitId: id }, answer, null))
}

async function tend(ctx: Ctx, stray: StrayRun): Promise<void> {
  const own = inTenant(ctx, stray.tenantId)
  await own.transaction(async () => {
    const run = await lockRun(own, stray.id)
    if (!run) return
    const end = endOf(stray)
    if (end) await finishRun(own, stray.id, end)
    else if (run.status !== 'waiting') {
      const job = await enqueueRun(own, stray.id)
      await queueRun(own, stray.id, job.id)
    }
  })
}

/** Null where the run is well and only wants a job. */
function endOf({ isLate, jobStatus }: StrayRun): RunEnd | { status: 'cancelled' } | null {
  if (isLate) return failure('timed_out', 'The run took longer than it may.')
  if (jobStatus === 'cancelled') return { status: 'cancelled' }
  return jobStatus === 'failed' ? GAVE_UP : null
}

function failure(code: string, message: string): RunEnd {
  return { status: 'failed', code, message, step: null }
}

const GAVE_UP = failure('gave_up', 'Its job failed too often to be tried again.')

/** A run whose job is among the dead letters has failed. */
export const failRunOfJob: EventHandler<'workers.job.failed'> = async (ctx, { payload }) => {
  if (payload.kind !== RUN_JOB) return
  const runId = await findRunOfJob(ctx, payload.jobId)
  if (runId) await finishRun(ctx, runId, GAVE_UP)
}

/** Removes runs that ended longer ago than they are kept, with their steps, events and checkpoints. */
export const pruneRuns = defineJob({
  name: 'workflows.prune',
  payload: z.strictObject({}),
  attempts: 3,
  timeoutMs: 300_000,
  period: { everySeconds: 3_600 },
  safeToRepeat: 'removes what is old enough',
  run: async (ctx, _payload, job) => {
    let removed = 0
    for (let count = BATCH; count === BATCH && !job.signal.aborted; removed += count) {
      const days = ctx.config.WORKFLOWS_RETENTION_DAYS
      count = await ctx.system('removes old runs of all tenants', () => removeOldRuns(ctx, days, BATCH))
    }
    return { removed }
  },
})
