import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import { JobLost } from '../../../../kernel/job-handle.js'
import { EvaluationError, evaluator } from '../expressions/evaluator.js'
import { parseExpression } from '../expressions/parse-expression.js'
import { expressionsOf, fillTemplates, findTemplates } from '../expressions/template.js'
import type { Plan } from '../graph/regions.js'
import type { GraphNode, NodeOf } from '../graph/schema.js'
import { readCheckpoint, type StoredCheckpoint } from '../models/checkpoint.js'
import type { CheckpointRow, Guard, ValueRow, WriteRow } from '../models/progress.js'
import { holdRun, type WorkflowRun } from '../models/run.js'
import { openSteps } from '../models/step.js'
import { insertWait, openWaits, type Wait } from '../models/wait.js'
import { StepFailure, type WaitRequest } from '../nodes/step.js'
import { runAction } from './action.js'
import type { CheckpointStore } from './checkpointer.js'
import type { BranchCall, ChannelState, Move, NodeRunner, OuterScope, Place } from './compile.js'
import { fanOut, inBranch, join, runBranch, runLoop } from './control.js'
import { enqueueWake } from './enqueue.js'
import { RunFailure } from './failures.js'
import type { Journal } from './journal.js'
import { iterationAt, type StepState, scopeText } from './scope.js'
import { showable, storable } from './values.js'

/** A step in hand: one execution of a node. */
export interface StepInHand {
  node: GraphNode
  place: Place
  id: string
  iteration: string
  attempts: number
  startedAt: string
  tokens: number
  input: unknown
  /** Waits whose answers it has taken. */
  taken: string[]
}

interface ExecutionInit {
  ctx: Ctx
  run: WorkflowRun
  plan: Plan
  guard: Guard
  journal: Journal
  signal: AbortSignal
  /** Leaves the step to wait: LangGraph's interrupt, which does not return here. */
  interrupt: (value: unknown) => unknown
}

/**
 * One job's worth of a run: what its nodes need to be executed, and what they leave. It holds nothing that is not in
 * the database too; another execution goes on from there.
 */
export class Execution implements CheckpointStore, NodeRunner {
  readonly ctx: Ctx
  readonly run: WorkflowRun
  readonly plan: Plan
  readonly signal: AbortSignal
  /** Whether a step was left to wait, since this was last set to false. */
  isSuspended = false
  /** Nothing of the run was kept yet, so that there is nothing to look for. */
  isFresh: boolean
  readonly #guard: Guard
  readonly #journal: Journal
  readonly #interrupt: (value: unknown) => unknown
  readonly #used: { steps: number; tokens: number; bytes: number }
  /** Channels of each namespace as they were last kept or read. */
  readonly #states = new Map<string, ChannelState>()
  readonly #moves = new Map<string, { after: string[]; next: string[] }>()
  /** What is noted when LangGraph hands over what a task wrote: both are then kept together or not at all. */
  readonly #ends = new Map<string, () => void>()
  readonly #begun = new Map<string, Pick<StepInHand, 'id' | 'attempts' | 'startedAt'>>()
  readonly #waits = new Map<string, Wait>()
  /** The newest checkpoint of the workflow itself when it was last looked. */
  #newest: StoredCheckpoint | null = null

  constructor({ ctx, run, plan, guard, journal, signal, interrupt }: ExecutionInit) {
    this.ctx = ctx
    this.run = run
    this.plan = plan
    this.signal = signal
    this.#guard = guard
    this.#journal = journal
    this.#interrupt = interrupt
    // The first event is that it was queued; a replay comes with a checkpoint.
    this.isFresh = run.eventCount === 1 && run.replayedCheckpoint === null
    this.#used = { steps: run.stepsUsed, tokens: run.tokensUsed, bytes: run.bytesUsed }
  }

  get runId(): string {
    return this.run.id
  }

  /** The channels of a namespace as they were last kept. */
  stateOf(ns: string): ChannelState {
    return this.#states.get(ns) ?? {}
  }

  /** Looks how far the run is: its newest checkpoint, what steps were begun, and what has been answered. */
  async refresh(): Promise<void> {
    if (this.isFresh) return
    await this.ctx.transaction(() => this.#look())
  }

  async #look(): Promise<void> {
    this.#newest = await this.#read('', undefined)
    const waits = await openWaits(this.ctx, this.runId)
    this.#waits.clear()
    for (const wait of waits) this.#waits.set(keyOf(wait.step, wait.iteration), wait)
    for (const { id, step, iteration, attempts, startedAt } of await openSteps(this.ctx, this.runId))
      this.#begun.set(keyOf(step, iteration), { id, attempts, startedAt: startedAt.toISOString() })
  }

  execute(node: GraphNode, place: Place): Promise<Move> {
    this.#checkBounds(node)
    if (node.type === 'branch') return runBranch(this, node, place)
    if (node.type === 'loop') return runLoop(this, node, place)
    if (node.type === 'parallel') throw new TypeError('a parallel node is executed in parts')
    return runAction(this, node, place)
  }

  async fanOut(node: NodeOf<'parallel'>, place: Place) {
    this.#checkBounds(node)
    return fanOut(this, node, place)
  }

  inBranch(
    node: NodeOf<'parallel'>,
    call: BranchCall,
    place: Place,
    invoke: (outer: OuterScope) => Promise<ChannelState>,
  ): Promise<Record<string, unknown>> {
    return inBranch(node, call, { ...place, state: this.stateOf(place.ns) }, invoke)
  }

  join(node: NodeOf<'parallel'>, place: Place): Promise<Move> {
    return join(this, node, place)
  }

  /** The result of an expression at a place. */
  async evaluate(place: Place, expression: string): Promise<unknown> {
    const parsed = await parseExpression(expression)
    if ('problem' in parsed) throw new StepFailure('expression_failed', parsed.problem)
    const scope = scopeText(this.run, this.plan.graph, place, parsed.references)
    try {
      const json = await this.ctx.state(evaluator).evaluate(this.ctx.tenant.id, expression, scope)
      return storable(JSON.parse(json))
    } catch (error) {
      if (error instanceof EvaluationError) throw new StepFailure(error.code, error.message)
      throw error
    }
  }

  /** A value with its templates filled in. */
  async fill(place: Place, value: unknown): Promise<unknown> {
    const results = new Map<string, unknown>()
    for (const expression of findTemplates(value).flatMap(({ parts }) => expressionsOf(parts))) {
      if (!results.has(expression)) results.set(expression, await this.evaluate(place, expression))
    }
    return fillTemplates(value, (expression) => results.get(expression))
  }

  tokensLeft(): number {
    return this.plan.graph.limits.max_tokens - this.#used.tokens
  }

  useTokens(step: StepInHand, count: number): void {
    step.tokens += count
    this.#used.tokens += count
    this.#journal.noteUse({ tokens: count })
  }

  /** The execution of a node that is due, or that was begun before. */
  begin(node: GraphNode, place: Place): StepInHand {
    const iteration = iterationAt(place)
    const before = this.#begun.get(keyOf(node.id, iteration))
    return {
      ...(before ?? { id: newId(), attempts: 0, startedAt: this.ctx.now().toISOString() }),
      node,
      place,
      iteration,
      tokens: 0,
      input: undefined,
      taken: [],
    }
  }

  /** Keeps that an attempt begins, before it does. */
  async tellStart(step: StepInHand): Promise<void> {
    this.#begun.set(keyOf(step.node.id, step.iteration), step)
    this.#noteStep(step, 'running', null)
    this.#noteEvent(step, step.attempts > 1 ? 'step.retried' : 'step.started', { attempt: step.attempts })
    await this.#journal.keep()
  }

  /**
   * Ends a step. It is kept together with what LangGraph makes of it, so that a step is over and counted exactly if it
   * will not be executed again.
   */
  end(step: StepInHand, state: StepState): void {
    const { node, place } = step
    this.#ends.set(place.taskId, () => {
      this.#begun.delete(keyOf(node.id, step.iteration))
      this.#waits.delete(keyOf(node.id, step.iteration))
      for (const waitId of step.taken) this.#journal.noteTaken(waitId)
      this.#noteStep(step, state.status, state)
      this.#noteEvent(step, `step.${state.status}`, state.error ?? {})
      this.#journal.noteUse({ steps: 1 })
    })
    this.#used.steps += 1
  }

  /** Remembers where a node leads, for the list of checkpoints. */
  noteMove(ns: string, move: { after?: string; next: readonly string[] }): void {
    const known = this.#moves.get(ns) ?? { after: [], next: [] }
    if (move.after) known.after.push(move.after)
    known.next = [...new Set([...known.next, ...move.next])]
    this.#moves.set(ns, known)
  }

  takeMoves(ns: string): { after: string[]; next: string[] } {
    const moves = this.#moves.get(ns) ?? { after: [], next: [] }
    this.#moves.delete(ns)
    return moves
  }

  /** What a step waits for, where it does. */
  waitOf(step: StepInHand): Wait | undefined {
    return this.#waits.get(keyOf(step.node.id, step.iteration))
  }

  /** Lets go of a wait that its step has the answer of. */
  takeAnswer(step: StepInHand, wait: Wait): void {
    step.taken.push(wait.id)
    this.#waits.delete(keyOf(step.node.id, step.iteration))
  }

  /** Stores a wait with whatever begins it, and that the step waits. */
  async openWait(step: StepInHand, request: WaitRequest): Promise<void> {
    const id = newId()
    await this.#journal.keepWith(async () => {
      if (!(await holdRun(this.ctx, this.#guard)))
        throw new JobLost('the run belongs to another execution by now')
      const begun = (await request.begin?.(id)) ?? {}
      const { dueAt = null, kind, spec } = request
      const wakeId = dueAt && (await enqueueWake(this.ctx, { runId: this.runId, waitId: id }, dueAt))
      await insertWait(this.ctx, {
        ...{ id, runId: this.runId, step: step.node.id, iteration: step.iteration, kind, dueAt, spec },
        ...{ jobId: begun.jobId ?? wakeId, childRunId: begun.childRunId ?? null },
      })
      if (kind === 'approval')
        await this.ctx.emit('workers.workflow_run.asked', {
          ...{ runId: this.runId, template: this.run.templateName, waitId: id, step: step.node.id },
        })
      this.#noteStep(step, 'waiting', null)
      this.#noteEvent(step, 'step.waiting', { wait_id: id, kind, until: dueAt?.toISOString() ?? null })
    })
  }

  /** Leaves the step; it is executed again when there is an answer. */
  suspend(step: StepInHand): never {
    this.isSuspended = true
    this.#interrupt({ step: step.node.id, iteration: step.iteration })
    throw new TypeError('a step that waits must not go on')
  }

  /** Whether the run came to a checkpoint before. */
  get hasBegun(): boolean {
    return this.#newest !== null
  }

  async read(ns: string, id: string | undefined): Promise<StoredCheckpoint | null> {
    if (this.isFresh) return null
    if (ns === '' && id === undefined) return this.#newest
    return this.ctx.transaction(() => this.#read(ns, id))
  }

  async #read(ns: string, id: string | undefined): Promise<StoredCheckpoint | null> {
    const stored = await readCheckpoint(this.ctx, { runId: this.runId, ns, id })
    if (stored) this.#states.set(ns, stored.values)
    return stored
  }

  /**
   * Checkpoints from before the first step are kept with what comes after them, and the last one of a step that acted
   * on nothing with the end of the run: a crash in between costs no more than computing that once more.
   */
  async keepCheckpoint(
    row: CheckpointRow,
    values: readonly ValueRow[],
    all: Record<string, unknown>,
  ): Promise<void> {
    this.#states.set(row.ns, all)
    const bytes = values.reduce((sum, { value }) => sum + JSON.stringify(value).length, 0)
    this.#used.bytes += bytes
    this.#journal.noteCheckpoint(row, values, bytes)
    const isLast = row.ns === '' && row.after.length > 0 && row.next.length === 0
    const waits = row.step < 1 || (isLast && row.after.every((id) => !actsOn(this.plan.nodes.get(id))))
    if (waits) this.#journal.keepLater()
    else await this.#journal.keep()
  }

  /** Keeps what is left with the open transaction, when nothing is executed any more. */
  keepRest(): Promise<void> {
    return this.#journal.keepHere()
  }

  async keepWrites(rows: readonly WriteRow[]): Promise<void> {
    for (const taskId of new Set(rows.map((row) => row.task_id))) {
      this.#ends.get(taskId)?.()
      this.#ends.delete(taskId)
    }
    this.#journal.noteWrites(rows)
    await this.#journal.keepSoon()
  }

  #checkBounds(node: GraphNode): void {
    this.signal.throwIfAborted()
    const { limits } = this.plan.graph
    if (this.ctx.now() >= this.run.deadlineAt)
      throw new RunFailure('timed_out', `The run took longer than ${limits.timeout_s} s.`, node.id)
    if (this.#used.steps >= limits.max_steps)
      throw new RunFailure(
        'step_limit',
        `The run took ${limits.max_steps} steps, which is all it may.`,
        node.id,
      )
    if (this.#used.bytes > limits.max_bytes)
      throw new RunFailure(
        'byte_limit',
        `The run's steps put out more than ${limits.max_bytes} bytes.`,
        node.id,
      )
  }

  #noteStep(
    step: StepInHand,
    status: 'running' | 'waiting' | StepState['status'],
    end: StepState | null,
  ): void {
    this.#journal.noteStep({
      ...{ id: step.id, step: step.node.id, iteration: step.iteration, type: step.node.type, status },
      ...{ attempts: Math.max(1, step.attempts), tokens: step.tokens, started_at: step.startedAt },
      input: step.input === undefined ? null : showable(step.input),
      output: end ? showable(end.output) : null,
      error_code: end?.error?.code ?? null,
      error_message: end?.error?.message.slice(0, 2_000) ?? null,
      finished_at: end ? this.ctx.now().toISOString() : null,
    })
  }

  #noteEvent(step: StepInHand, type: string, data: Record<string, unknown>): void {
    this.#journal.noteEvent({ type, step: step.node.id, iteration: step.iteration, data })
  }
}

/** Whether a node does something besides computing. */
function actsOn(node: GraphNode | undefined): boolean {
  return !['transform', 'branch', 'loop', 'parallel'].includes(node?.type ?? '')
}

function keyOf(step: string, iteration: string): string {
  return `${step} ${iteration}`
}
