import type { Ctx } from '../../../../kernel/context.js'
import {
  type CheckpointRow,
  type EventRow,
  type Guard,
  keepProgress,
  type Progress,
  type StepRow,
  type ValueRow,
  type WriteRow,
} from '../models/progress.js'
import { tellFollowers } from './wake.js'

/** How long writes of a finished task wait for the checkpoint that makes them superfluous, in milliseconds. */
const WRITES_DELAY_MS = 10

/**
 * What one execution of a run has to keep. Everything noted since the last time goes into one statement, under the
 * run's fencing token; one is under way at a time, and what comes meanwhile goes into the next. After it was refused
 * once, nothing is kept any more: another execution is in charge.
 */
export class Journal {
  readonly #ctx: Ctx
  readonly #guard: Guard
  #next = emptyProgress()
  readonly #steps = new Map<string, StepRow>()
  #writing: Promise<void> = Promise.resolve()
  #soon: Later | undefined
  #timer: NodeJS.Timeout | undefined
  #refusal: unknown

  constructor(ctx: Ctx, guard: Guard) {
    this.#ctx = ctx
    this.#guard = guard
  }

  noteStep(row: StepRow): void {
    this.#steps.set(`${row.step} ${row.iteration}`, row)
  }

  noteEvent(event: EventRow): void {
    this.#next.events.push(event)
  }

  noteTaken(waitId: string): void {
    this.#next.takenWaits.push(waitId)
  }

  noteUse(use: { steps?: number; tokens?: number }): void {
    this.#next.steps_used += use.steps ?? 0
    this.#next.tokens_used += use.tokens ?? 0
  }

  /** A checkpoint takes the place of what its parent's tasks wrote. */
  noteCheckpoint(row: CheckpointRow, values: readonly ValueRow[], bytes: number): void {
    const { checkpoints, writes } = this.#next
    checkpoints.push(row)
    this.#next.values.push(...values)
    this.#next.bytes_used += bytes
    this.#next.writes = writes.filter((write) => write.ns !== row.ns || write.checkpoint_id !== row.parent_id)
  }

  noteWrites(rows: readonly WriteRow[]): void {
    this.#next.writes.push(...rows)
  }

  /** Keeps everything noted so far. */
  keep(): Promise<void> {
    const turn = this.#writing.then(() => this.#write())
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  /** Keeps everything noted so far in a moment, or with what is kept before that. */
  keepSoon(): Promise<void> {
    this.#soon ??= newPromise()
    this.#timer ??= setTimeout(() => void this.keep().catch(() => undefined), WRITES_DELAY_MS)
    return this.#soon.promise
  }

  /** Keeps what is left with the open transaction. Nothing else of the run may be under way. */
  async keepHere(): Promise<void> {
    await this.#writing
    await this.#write()
  }

  /** Lets what is noted wait for the next time, unless a task's writes are among it: they must not be lost. */
  keepLater(): void {
    if (this.#next.writes.length > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#soon?.resolve()
    this.#soon = undefined
  }

  /** Does something in one transaction with keeping everything noted so far, what `work` notes included. */
  keepWith(work: () => Promise<void>): Promise<void> {
    let hasWritten = false
    const turn = this.#writing.then(() =>
      this.#ctx.transaction(async () => {
        await work()
        hasWritten = true
        await this.#write()
      }),
    )
    // That `work` failed is nobody else's concern; that it could not be kept is.
    this.#writing = turn.catch((error: unknown) => {
      if (hasWritten) this.#refusal ??= error
    })
    return turn
  }

  async #write(): Promise<void> {
    const soon = this.#soon
    this.#soon = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      await this.#writeNoted()
      soon?.resolve()
    } catch (error) {
      this.#refusal ??= error
      soon?.reject(error)
      throw error
    }
  }

  async #writeNoted(): Promise<void> {
    if (this.#refusal) throw this.#refusal
    const progress = { ...this.#next, steps: [...this.#steps.values()] }
    if (isEmpty(progress)) return
    this.#next = emptyProgress()
    this.#steps.clear()
    await this.#ctx.transaction(async () => {
      await keepProgress(this.#ctx, this.#guard, progress)
      this.#ctx.afterCommit(() => countSteps(this.#ctx.metrics, progress.steps))
    })
    if (progress.events.length > 0) tellFollowers(this.#ctx, this.#guard.runId)
  }
}

function countSteps(metrics: Ctx['metrics'], steps: readonly StepRow[]): void {
  for (const { type, status: outcome, started_at, finished_at } of steps) {
    if (finished_at === null) continue
    const tookMs = Date.parse(finished_at) - Date.parse(started_at)
    metrics.workflowSteps.observe({ type, outcome }, Math.max(0, tookMs) / 1_000)
  }
}

interface Later {
  promise: Promise<void>
  resolve(): void
  reject(reason: unknown): void
}

function newPromise(): Later {
  let [resolve, reject]: [() => void, (reason: unknown) => void] = [() => undefined, () => undefined]
  const promise = new Promise<void>((onDone, onFail) => {
    resolve = onDone
    reject = onFail
  })
  // Whoever waits for it hears of a failure; that nobody does is no reason to end the process.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

function emptyProgress(): Progress {
  return {
    checkpoints: [],
    values: [],
    writes: [],
    steps: [],
    events: [],
    takenWaits: [],
    steps_used: 0,
    tokens_used: 0,
    bytes_used: 0,
  }
}

function isEmpty(progress: Progress): boolean {
  return Object.values(progress).every(
    (part: number | unknown[]) => part === 0 || (Array.isArray(part) && part.length === 0),
  )
}
