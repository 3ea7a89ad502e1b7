import { InsertGroup } from '../../../jobs/insert-group.js'
import type { Ctx } from '../../../kernel/context.js'
import type { JobRecord } from '../../../kernel/define-job.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { problemsOf } from '../../../kernel/input-problems.js'
import { defineState } from '../../../kernel/resources.js'
import { workerErrors } from '../errors.js'
import { gather } from '../jobs/gather.js'
import { findJob } from '../models/job.js'
import type { CreateBatchInput, CreateJobInput } from '../schemas/jobs.js'

const groups = defineState('workers.inserts', ({ db, jobs }) => new InsertGroup(db, jobs))

type OneJob = Omit<CreateJobInput, 'unique'>

/**
 * Enqueues a job of a kind that is open to tenants. Once this answers it is committed. Requests of one tenant that
 * come together share a statement, unless the call has a transaction of its own (Idempotency-Key) or a unique key.
 */
export async function createJob(ctx: Ctx, input: CreateJobInput) {
  const record = openKind(ctx, input.kind)
  const payload = parsePayload(record, input.payload, ['payload'])
  const { unique } = input
  if (!unique && !ctx.db.inTransaction) {
    const stored = await ctx.state(groups).add(ctx.tenant.id, {
      record,
      payload,
      priority: input.priority ?? record.priority,
      attempts: input.attempts ?? record.attempts,
      ...timing(input),
      createdBy: `${ctx.principal.kind}:${ctx.principal.id}`,
      requestId: ctx.requestId,
    })
    const { id, status, runAt } = stored
    return { id, kind: record.name, status, run_at: runAt.toISOString(), is_new: true }
  }
  return ctx.transaction(async () => {
    const { id, isNew } = await ctx.enqueue(record, payload, {
      ...options(input),
      ...(unique
        ? {
            unique: {
              key: unique.key,
              mode: MODES[unique.mode],
              ...(unique.window_s === undefined ? {} : { windowS: unique.window_s }),
            },
          }
        : {}),
    })
    return enqueued(ctx, id, isNew)
  })
}

const MODES = { until_settled: 'until-settled', window: 'window', debounce: 'debounce' } as const

/** Enqueues up to 100 jobs, all or none; with `gather` a further one that runs when all are settled. */
export function createBatch(ctx: Ctx, { jobs, gather: wantsGather }: CreateBatchInput) {
  const parsed = jobs.map((job, at) => {
    const record = openKind(ctx, job.kind)
    return { job, record, payload: parsePayload(record, job.payload, ['jobs', at, 'payload']) }
  })
  return ctx.transaction(async () => {
    if (!wantsGather) {
      const data = []
      for (const { job, record, payload } of parsed) {
        const { id } = await ctx.enqueue(record, payload, options(job))
        data.push(await enqueued(ctx, id, true))
      }
      return { gather_id: null, data }
    }
    const flow = await ctx.enqueueFlow({
      job: gather as JobRecord<object>,
      payload: {},
      onChildFailure: 'continue',
      children: parsed.map(({ job, record, payload }) => ({
        job: record as JobRecord<never>,
        payload: payload as never,
        options: options(job),
        children: [],
      })),
    })
    const children = await ctx.db.query<{ id: string }>({
      text: 'select id from worker_jobs where tenant_id = $1 and parent_id = $2 order by id',
      values: [ctx.tenant.id, flow.id],
    })
    const data = []
    for (const { id } of children) data.push(await enqueued(ctx, id, true))
    return { gather_id: flow.id, data }
  })
}

/** A kind that the caller may enqueue by REST. */
export function openKind(ctx: Ctx, name: string): JobRecord {
  const record = ctx.resources.jobs.kinds.get(name)
  if (!record?.exposed) throw new workerErrors.UnknownKind({ kind: name })
  ctx.authorize(record.exposed.permission)
  return record
}

/** The payload as its kind wants it; all that is wrong with it is thrown together, with pointers below `at`. */
export function parsePayload(record: JobRecord, payload: unknown, at: readonly PropertyKey[]): unknown {
  const result = record.payload.safeParse(payload)
  if (result.success) return result.data
  throw new kernelErrors.Invalid({ problems: problemsOf(result.error, at) })
}

function timing({ run_at: runAt, delay_s: delayS }: Pick<OneJob, 'run_at' | 'delay_s'>) {
  return { runAt: runAt === undefined ? null : new Date(runAt), delayMs: (delayS ?? 0) * 1000 }
}

function options(job: OneJob) {
  const { runAt, delayMs } = timing(job)
  return {
    delayMs,
    ...(runAt ? { runAt } : {}),
    ...(job.priority === undefined ? {} : { priority: job.priority }),
    ...(job.attempts === undefined ? {} : { attempts: job.attempts }),
  }
}

async function enqueued(ctx: Ctx, id: string, isNew: boolean) {
  const job = await findJob(ctx, ctx.tenant.id, id)
  if (!job) throw new workerErrors.NotFound()
  const { kind, status, runAt } = job
  return { id, kind, status, run_at: runAt.toISOString(), is_new: isNew }
}
