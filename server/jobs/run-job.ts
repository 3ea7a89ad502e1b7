import { backgroundContext, type Ctx } from '../kernel/context.js'
import type { JobRecord } from '../kernel/define-job.js'
import { type ChildOutcome, GiveUp, type JobHandle, JobLost, RunLater } from '../kernel/job-handle.js'
import type { Resources } from '../kernel/resources.js'
import { scrub } from '../observability/logger.js'
import type { ClaimedJob } from './claim.js'
import { INSTALLATION } from './job-row.js'
import { type Notes, readChildren } from './notes.js'
import { type Outcome, settleWhole } from './settle.js'

/** Why a run was asked to stop. */
export type StopReason = 'timeout' | 'cancelled' | 'lost' | 'shutdown'

/** A run in progress. */
export interface Run {
  job: ClaimedJob
  stop(reason: StopReason): void
  /** Never rejects. */
  ended: Promise<RunEnd>
}

/** How a run ended. `settled`: it settled its job itself. `lost`: the job belongs to another run. */
export type RunEnd = Outcome | 'settled' | 'lost'

/** How long a run that was told to stop may take before it is left to itself, in milliseconds. */
export const STOP_GRACE_MS = 5_000

/** Longest that a timer can be set for. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** Longest pause a run may ask for. */
const PAUSE_MAX_MS = 365 * 86_400_000

/** Longest error text kept. */
const ERROR_MAX = 2_000

/** Begins a claimed job. */
export function startRun(
  resources: Resources,
  record: JobRecord,
  job: ClaimedJob,
  { notes, stopGraceMs }: { notes: Notes; stopGraceMs: number },
): Run {
  // Its end was asked for while it waited.
  if (job.isCancelled)
    return { job, stop: () => undefined, ended: Promise.resolve({ status: 'cancelled', error: null }) }
  const controller = new AbortController()
  let reason: StopReason | undefined
  let abandon: () => void = () => undefined
  const abandoned = new Promise<'abandoned'>((resolve) => {
    abandon = () => resolve('abandoned')
  })
  const stop = (why: StopReason): void => {
    if (reason) return
    reason = why
    controller.abort(new Error(`the job was stopped: ${why}`))
    setTimeout(abandon, stopGraceMs).unref()
  }
  const timer = setTimeout(() => stop('timeout'), Math.min(record.timeoutMs, TIMER_MAX_MS))
  const work = execute(resources, record, job, notes, controller.signal)
  const ended = Promise.race([work, abandoned]).then(async (end) => {
    clearTimeout(timer)
    await notes.completeFor(job)
    return outcomeOf(record, job, end, reason)
  })
  return { job, stop, ended }
}

type End = { result: unknown } | { isSettled: true } | { error: unknown } | 'abandoned'

async function execute(
  resources: Resources,
  record: JobRecord,
  job: ClaimedJob,
  notes: Notes,
  signal: AbortSignal,
): Promise<End> {
  try {
    const payload = record.payload.safeParse(job.payload)
    if (!payload.success) throw new BadPayload(payload.error.issues[0]?.message ?? 'bad payload')
    const ctx = contextOf(resources, job)
    const handle = new Handle(ctx, record, job, notes, signal)
    if (job.hasChildren) handle.children = await readChildren(resources.db, job)
    const run = () => record.run(ctx, payload.data, handle)
    if (record.transaction === 'manual') {
      const result = await run()
      return handle.isSettled ? { isSettled: true } : { result }
    }
    await handle.finish(run)
    return { isSettled: true }
  } catch (error) {
    return { error }
  }
}

class BadPayload extends Error {}

function contextOf(resources: Resources, job: ClaimedJob): Ctx {
  const tenant =
    job.tenantId === INSTALLATION ? null : { id: job.tenantId, slug: '', status: 'active' as const }
  return backgroundContext(resources, `job:${job.kind}`, tenant, job.requestId ?? undefined)
}

class Handle implements JobHandle {
  readonly id: string
  readonly kind: string
  readonly tenantId: string | null
  readonly attempt: number
  readonly attempts: number
  readonly fence: number
  readonly signal: AbortSignal
  children: ChildOutcome[] = []
  isSettled = false
  readonly #ctx: Ctx
  readonly #record: JobRecord
  readonly #job: ClaimedJob
  readonly #notes: Notes

  constructor(ctx: Ctx, record: JobRecord, job: ClaimedJob, notes: Notes, signal: AbortSignal) {
    this.id = job.id
    this.kind = job.kind
    this.tenantId = job.tenantId === INSTALLATION ? null : job.tenantId
    this.attempt = job.attempt
    this.attempts = job.maxAttempts
    this.fence = job.fence
    this.signal = signal
    this.#ctx = ctx
    this.#record = record
    this.#job = job
    this.#notes = notes
  }

  progress(share: number, words?: string): void {
    this.#notes.progress(this.#job, Math.min(1, Math.max(0, share || 0)), words)
  }

  log(line: string): void {
    this.#notes.log(this.#job, line)
  }

  async finish<T>(work: () => Promise<T>): Promise<T> {
    const { db, jobs } = this.#ctx.resources
    const isSystem = this.#record.transaction === 'system' || this.tenantId === null
    const scope = { role: isSystem ? 'system' : 'app', tenantId: this.tenantId } as const
    return db.transaction(scope, async () => {
      const result = await work()
      await this.#notes.completeFor(this.#job)
      const settlement = { job: this.#job, outcome: { status: 'succeeded', result } as const }
      const { accepted, freed } = await settleWhole(db, [settlement])
      if (accepted.length === 0) throw new JobLost('the job belongs to another run by now')
      db.afterCommit(() => {
        this.isSettled = true
        jobs.settled([settlement], freed)
      })
      return result
    })
  }
}

/** What a run's end means for its job. */
function outcomeOf(record: JobRecord, job: ClaimedJob, end: End, reason: StopReason | undefined): RunEnd {
  if (end !== 'abandoned' && 'isSettled' in end) return 'settled'
  if (end !== 'abandoned' && 'result' in end) return { status: 'succeeded', result: end.result }
  if (reason === 'lost') return 'lost'
  if (reason === 'shutdown') return { status: 'released' }
  const thrown = end === 'abandoned' ? new Error('it did not stop when told to') : end.error
  if (thrown instanceof JobLost) return 'lost'
  const error = errorText(thrown)
  if (reason === 'cancelled') return { status: 'cancelled', error: null }
  if (thrown instanceof BadPayload)
    return { status: 'failed', reason: 'bad_payload', error, attemptOutcome: 'failed' }
  if (thrown instanceof GiveUp)
    return { status: 'failed', reason: 'gave_up', error, attemptOutcome: 'failed' }
  if (thrown instanceof RunLater && thrown.free)
    return {
      status: 'later',
      error,
      afterMs: askedMs(record, job, thrown),
      isFree: true,
      attemptOutcome: 'later',
    }
  const isTimeout = reason === 'timeout'
  const attemptOutcome = isTimeout ? 'timed_out' : 'failed'
  const words = isTimeout ? `it took longer than ${record.timeoutMs} ms` : error
  if (job.attempt >= job.maxAttempts)
    return { status: 'failed', reason: 'attempts', error: words, attemptOutcome }
  const afterMs = thrown instanceof RunLater ? askedMs(record, job, thrown) : pauseMs(record, job.attempt)
  return { status: 'later', error: words, afterMs, isFree: false, attemptOutcome }
}

/** Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", 2015), in milliseconds. */
export function pauseMs({ backoff }: Pick<JobRecord, 'backoff'>, attempt: number): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt - 1, 40))
  return Math.floor(Math.random() * ceiling)
}

/** The pause a run asked for, a year at most; its back-off where that is no number, as of a header misread. */
function askedMs(record: JobRecord, { attempt }: ClaimedJob, { afterMs }: RunLater): number {
  return Number.isNaN(afterMs) ? pauseMs(record, attempt) : Math.min(PAUSE_MAX_MS, Math.max(0, afterMs))
}

function errorText(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  // PostgreSQL holds no null characters.
  return scrub(text).replaceAll('\0', '').slice(0, ERROR_MAX)
}
