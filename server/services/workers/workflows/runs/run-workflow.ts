import { AsyncLocalStorage } from 'node:async_hooks'
import { z } from 'zod'
import type { Ctx } from '../../../../kernel/context.js'
import { defineJob } from '../../../../kernel/define-job.js'
import { type JobHandle, JobLost } from '../../../../kernel/job-handle.js'
import { id } from '../../../../kernel/schema.js'
import type { Guard } from '../models/progress.js'
import { holdRun, lockRun, queueRun, type RunEnd, restRun, takeRun, type WorkflowRun } from '../models/run.js'
import { openWaits } from '../models/wait.js'
import { StepFailure } from '../nodes/step.js'
import { RUN } from './checkpointer.js'
import { channels } from './compile.js'
import { NodeFailed } from './control.js'
import { enqueueRun, RUN_JOB } from './enqueue.js'
import { Execution } from './execution.js'
import { RunFailure } from './failures.js'
import { finishRun } from './finish-run.js'
import { Journal } from './journal.js'
import { loadLangGraph } from './langgraph.js'
import { type PublishedVersion, publishedVersion } from './published.js'
import { stepState } from './scope.js'
import { storable } from './values.js'
import { RUN_STOPPED_TOPIC, tellFollowers } from './wake.js'

/** A run that takes longer lets others have their turn, at the next step. */
const SLICE_MS = 60_000
/** Branches of a run that work at the same time. */
const BRANCHES_AT_ONCE = 8

/**
 * Outside of everything: a run whose job was handed over by a step of another would be taken for a part of that one by
 * LangGraph, which finds what is around a graph by the asynchronous context.
 */
const outside = AsyncLocalStorage.snapshot()

/** Goes on with a run until it is over, waits for something, or has had its turn. */
export const runWorkflow = defineJob({
  name: RUN_JOB,
  payload: z.strictObject({ run_id: id('workflow run') }),
  attempts: 10,
  // A step takes ten minutes at most, and none is begun after the slice.
  timeoutMs: 15 * 60_000,
  backoff: { baseMs: 250, capMs: 60_000 },
  retention: { succeededS: 3_600, failedS: 7 * 86_400 },
  safeToRepeat:
    'finished steps are checkpointed and never run again; calls carry a key by which a repeat is told',
  run: (ctx, { run_id: runId }, job) => goOn(ctx, runId, job),
})

const VERSION_GONE: RunEnd = {
  status: 'failed',
  code: 'version_gone',
  message: 'Its version is gone.',
  step: null,
}

type Turn = { kind: 'over'; end: RunEnd } | { kind: 'waits' } | { kind: 'had its turn' }

async function goOn(ctx: Ctx, runId: string, job: JobHandle): Promise<{ status: string }> {
  const guard: Guard = { runId, jobId: job.id, fence: job.fence }
  const run = await ctx.transaction(() => takeRun(ctx, guard))
  if (!run) return { status: 'not in charge' }
  const version = await publishedVersion(ctx, run.templateId, run.version)
  if (!version) return settle(ctx, run, guard, job, { kind: 'over', end: VERSION_GONE })
  const stopped = new AbortController()
  const forget = ctx.bus.subscribe(RUN_STOPPED_TOPIC, (id) => {
    if (id === runId) stopped.abort(new JobLost('the run is over'))
  })
  const { langgraph } = await loadLangGraph()
  const execution = new Execution({
    ...{ ctx, run, guard, plan: version.plan, interrupt: langgraph.interrupt },
    journal: new Journal(ctx, guard),
    signal: AbortSignal.any([job.signal, stopped.signal]),
  })
  try {
    for (;;) {
      const turn = await takeTurn(execution, version)
      const settled = await settle(ctx, run, guard, job, turn, () => execution.keepRest())
      if (settled.status !== 'answered meanwhile') return settled
    }
  } catch (error) {
    if (stopped.signal.aborted || (error instanceof JobLost && !job.signal.aborted))
      return { status: 'stopped' }
    throw error
  } finally {
    forget()
  }
}

/** Lets LangGraph run what can run; answers why it stopped. */
async function takeTurn(execution: Execution, version: PublishedVersion): Promise<Turn> {
  const { langgraph } = await loadLangGraph()
  const control = new langgraph.RunControl()
  const slice = setTimeout(() => control.requestDrain('it had its turn'), SLICE_MS)
  await execution.refresh()
  execution.isSuspended = false
  try {
    const workflow = await version.workflow()
    const invoke = () =>
      workflow.invoke(execution.hasBegun ? null : { go: true }, {
        configurable: { thread_id: execution.runId, [RUN]: execution },
        recursionLimit: 3 * version.stepBound + 10,
        maxConcurrency: BRANCHES_AT_ONCE,
        ...{ durability: 'sync', control, outputKeys: [channels.last] },
      })
    await outside(invoke)
    execution.isFresh = false
    if (execution.isSuspended) return { kind: 'waits' }
    return { kind: 'over', end: { status: 'succeeded', output: await outputOf(execution) } }
  } catch (error) {
    return turnOf(error)
  } finally {
    clearTimeout(slice)
  }
}

function turnOf(error: unknown): Turn {
  if (error instanceof Error && error.name === 'GraphDrained') return { kind: 'had its turn' }
  if (error instanceof NodeFailed || error instanceof RunFailure) {
    const { code, message, step } = error
    return { kind: 'over', end: { status: 'failed', code, message, step } }
  }
  if (error instanceof StepFailure) {
    const { code, message } = error
    return { kind: 'over', end: { status: 'failed', code, message, step: null } }
  }
  // Several branches met the same end.
  if (error instanceof AggregateError) return turnOf(error.errors.find(isRunFailure) ?? error.errors[0])
  throw error
}

function isRunFailure(error: unknown): boolean {
  return error instanceof RunFailure
}

/** What the workflow says is its output, or that of its last step. */
async function outputOf(execution: Execution): Promise<unknown> {
  const state = execution.stateOf('')
  const { output } = execution.plan.graph
  if (output === undefined) return stepState(state, String(state[channels.last]))?.output ?? null
  const place = { state, outer: null, loops: [], ns: '', taskId: '' }
  return storable(await execution.fill(place, output))
}

/** Keeps what came of a turn, and that the job is done, in one transaction. */
async function settle(
  ctx: Ctx,
  run: WorkflowRun,
  guard: Guard,
  job: JobHandle,
  turn: Turn,
  keepRest: () => Promise<void> = async () => undefined,
): Promise<{ status: string }> {
  if (turn.kind === 'waits' && (await hasAnswers(ctx, guard))) return { status: 'answered meanwhile' }
  return job.finish(async () => {
    // Whoever is above is always locked first.
    if (turn.kind === 'over' && run.parentRunId) await lockRun(ctx, run.parentRunId)
    if (!(await holdRun(ctx, guard))) throw new JobLost('the run belongs to another execution by now')
    await keepRest()
    if (turn.kind === 'over') {
      await finishRun(ctx, run.id, turn.end)
      return { status: turn.end.status }
    }
    if (turn.kind === 'had its turn' || (await hasAnswers(ctx, guard))) {
      const next = await enqueueRun(ctx, run.id)
      await queueRun(ctx, run.id, next.id)
      return { status: 'queued' }
    }
    await restRun(ctx, run.id)
    tellFollowers(ctx, run.id)
    return { status: 'waiting' }
  })
}

/** Whether something that was waited for is there. Asked again under the lock, where no answer can come in between. */
async function hasAnswers(ctx: Ctx, { runId }: Guard): Promise<boolean> {
  const waits = await ctx.transaction(() => openWaits(ctx, runId))
  return waits.some(({ status }) => status === 'answered')
}
