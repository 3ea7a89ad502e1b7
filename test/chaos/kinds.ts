import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Ctx } from '../../server/kernel/context.js'
import { defineJob, type JobSpec } from '../../server/kernel/define-job.js'
import { defineService } from '../../server/kernel/define-service.js'
import { GiveUp, type JobHandle } from '../../server/kernel/job-handle.js'

/** How long a job stays with a process that died, in milliseconds. */
export const LEASE_MS = 1_000

const payload = z.strictObject({
  /** Names the order it came from, so that one taken back can be looked for. */
  order: z.int(),
  failures: z.int().optional(),
  children: z.int().optional(),
})
type Payload = z.infer<typeof payload>

function kindOf(name: string, spec: Partial<JobSpec<Payload>>) {
  return defineJob<Payload>({
    name: `chaos.${name}`,
    payload,
    // More than there are strikes: whatever is struck, each but the poisonous one succeeds in the end.
    attempts: 60,
    timeoutMs: 30_000,
    backoff: { baseMs: 10, capMs: 500 },
    safeToRepeat: 'its effect is written with its success, or it has none',
    run: async () => undefined,
    ...spec,
  })
}

/** Leaves a row for each time it is committed: one is right, two are a job done twice. */
async function leaveEffect(ctx: Ctx, { id }: JobHandle): Promise<void> {
  await ctx.db.execute({ name: 'effect', text: 'insert into effects (job_id) values ($1)', values: [id] })
}

export const plain = kindOf('plain', {})
export const auto = kindOf('auto', {
  transaction: 'auto',
  run: (ctx, _payload, job) => leaveEffect(ctx, job),
})
export const finish = kindOf('finish', {
  run: async (ctx, _payload, job) => {
    if (job.id.endsWith('0')) job.progress(0.5, 'half way')
    await ctx.transaction(() => ctx.db.query({ text: 'select 1' }))
    return job.finish(() => leaveEffect(ctx, job))
  },
})
export const flaky = kindOf('flaky', {
  run: async (ctx, { failures = 1 }, job) => {
    job.log(`attempt ${job.attempt}`)
    if (job.attempt <= failures) throw new Error(`fails ${failures} times`)
    return job.finish(() => leaveEffect(ctx, job))
  },
})
/** Runs longer than a lease. */
export const slow = kindOf('slow', {
  run: async (ctx, _payload, job) => {
    await sleep(LEASE_MS * 1.5, undefined, { signal: job.signal })
    return job.finish(() => leaveEffect(ctx, job))
  },
})
export const scarce = kindOf('scarce', {
  transaction: 'auto',
  concurrency: { total: 6, perTenant: 2 },
  run: (ctx, _payload, job) => leaveEffect(ctx, job),
})
export const parent = kindOf('parent', {
  transaction: 'auto',
  run: async (ctx, { children }, job) => {
    const succeeded = job.children.filter(({ status }) => status === 'succeeded')
    if (succeeded.length !== children) throw new GiveUp(`sees ${succeeded.length} children of ${children}`)
    await leaveEffect(ctx, job)
  },
})
export const poison = kindOf('poison', {
  attempts: 3,
  run: () => {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => undefined)
  },
})

/** Kinds whose every success leaves one effect. */
export const EFFECTIVE = [auto, finish, flaky, slow, scarce, parent]

export const chaosService = defineService({
  name: 'chaos',
  summary: 'Kinds of jobs that are run while everything dies.',
  prefix: '/chaos',
  needs: [],
  routes: [],
  jobs: [plain, ...EFFECTIVE, poison],
})
