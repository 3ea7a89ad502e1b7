import { END } from '../graph/pieces.js'
import { bodiesOf } from '../graph/regions.js'
import type { GraphNode, NodeOf } from '../graph/schema.js'
import { StepFailure } from '../nodes/step.js'
import {
  type BranchCall,
  type ChannelState,
  channels,
  type Move,
  type OuterScope,
  type Place,
} from './compile.js'
import type { Execution, StepInHand } from './execution.js'
import { loopState, outerOf, type StepState, stepState } from './scope.js'
import { storable } from './values.js'

/** Ends a step well. */
export function succeed(execution: Execution, step: StepInHand, output: unknown, next: string): Move {
  return leave(execution, step, { status: 'succeeded', output, error: null }, next)
}

/** Ends a step that failed as its node has it; throws where that ends the run or the branch. */
export function fail(execution: Execution, step: StepInHand, thrown: unknown, next: string): Move {
  if (!(thrown instanceof StepFailure)) throw thrown
  const { code, message } = thrown
  const state: StepState = { status: 'failed', output: null, error: { code, message } }
  const { on_error: onError } = step.node
  if (onError === 'fail') {
    execution.end(step, state)
    throw new NodeFailed(step.node.id, code, message)
  }
  return leave(execution, step, state, onError === 'continue' ? next : onError.goto)
}

/** A step failed and its node says that this ends the run; in a branch the parallel node has a say first. */
export class NodeFailed extends Error {
  override readonly name = 'NodeFailed'
  constructor(
    readonly step: string,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

function leave(execution: Execution, step: StepInHand, state: StepState, next: string): Move {
  const { id } = step.node
  execution.end(step, state)
  execution.noteMove(step.place.ns, { after: id, next: next === END ? [] : [next] })
  return { update: { [channels.out(id)]: state, [channels.last]: id }, goto: next }
}

/** Takes the first case whose condition is true. */
export async function runBranch(execution: Execution, node: NodeOf<'branch'>, place: Place): Promise<Move> {
  const step = execution.begin(node, place)
  const { cases, default: otherwise } = node.config
  try {
    for (const [index, { when, next }] of cases.entries()) {
      if (isTrue(await execution.evaluate(place, when)))
        return succeed(execution, step, { case: index, next }, next)
    }
    return succeed(execution, step, { case: null, next: otherwise }, otherwise)
  } catch (error) {
    return fail(execution, step, error, otherwise)
  }
}

/** Begins a loop, or the next of its repetitions, or ends it. */
export async function runLoop(execution: Execution, node: NodeOf<'loop'>, place: Place): Promise<Move> {
  const step = execution.begin(node, place)
  const { id, config } = node
  try {
    const isBack = loopState(place.state, id)?.isOn === true
    const before = isBack ? await collected(execution, node, place) : { index: -1, results: [] }
    const items = isBack ? place.state[channels.items(id)] : await itemsOf(execution, node, place)
    const at = { isOn: true, index: before.index + 1, results: before.results }
    const update = { [channels.loop(id)]: at, ...(isBack ? {} : { [channels.items(id)]: items }) }
    if (await hasMore(execution, node, place, { ...at, items, update })) {
      execution.noteMove(place.ns, { next: [config.body] })
      return { update, goto: config.body }
    }
    const output = config.collect === undefined ? { iterations: at.index } : storable(at.results)
    const move = succeed(execution, step, output, node.next)
    return { ...move, update: { ...move.update, ...over(id) } }
  } catch (error) {
    const move = fail(execution, step, error, node.next)
    return { ...move, update: { ...move.update, ...over(id) } }
  }
}

function over(id: string): Record<string, unknown> {
  return { [channels.loop(id)]: { isOn: false, index: 0, results: [] }, [channels.items(id)]: null }
}

/** Where the loop is after a repetition, with what is collected of it. */
async function collected(execution: Execution, node: NodeOf<'loop'>, place: Place) {
  const { index = 0, results = [] } = loopState(place.state, node.id) ?? {}
  const { collect } = node.config
  if (collect === undefined) return { index, results }
  const result = await execution.evaluate({ ...place, loops: [...place.loops, node] }, collect)
  return { index, results: storable([...results, result]) as unknown[] }
}

async function itemsOf(
  execution: Execution,
  { config }: NodeOf<'loop'>,
  place: Place,
): Promise<unknown[] | null> {
  if (config.over === undefined) return null
  return listOf(await execution.evaluate(place, config.over), config.max)
}

function listOf(value: unknown, max: number): unknown[] {
  const items = Array.isArray(value) ? value : value === null ? [] : [value]
  if (items.length > max)
    throw new StepFailure('loop_limit', `There are ${items.length} items, and ${max} are the most it takes.`)
  return items
}

async function hasMore(
  execution: Execution,
  node: NodeOf<'loop'>,
  place: Place,
  at: { index: number; items: unknown; update: Record<string, unknown> },
): Promise<boolean> {
  const { max, while: condition } = node.config
  if (Array.isArray(at.items)) return at.index < at.items.length
  if (condition === undefined) return at.index < max
  const inside = { ...place, loops: [...place.loops, node], state: { ...place.state, ...at.update } }
  if (!isTrue(await execution.evaluate(inside, condition))) return false
  if (at.index >= max)
    throw new StepFailure('loop_limit', `The condition is still true after ${max} repetitions.`)
  return true
}

/** What JSONata takes for true. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTrue)
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

/** What a branch came to. */
type BranchResult = { output: unknown } | { error: { code: string; message: string; step: string } }

/** Begins the branches of a parallel node; each goes on by itself. */
export async function fanOut(
  execution: Execution,
  node: NodeOf<'parallel'>,
  place: Place,
): Promise<{ update: Record<string, unknown>; calls: BranchCall[] }> {
  const { over: list, max } = node.config
  const bodies = bodiesOf(node)
  execution.noteMove(place.ns, { next: bodies.map(({ start }) => start) })
  const anew = { [channels.join(node.id)]: null }
  if (list === undefined)
    return { update: anew, calls: bodies.map(({ key }) => ({ slot: key, key, item: null, index: null })) }
  try {
    const items = listOf(await execution.evaluate(place, list), max)
    const calls = items.map((item, index) => ({ slot: String(index), key: 'body', item, index }))
    return { update: { ...anew, [channels.items(node.id)]: items.length }, calls }
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    // It is the node's own failure: told where the branches meet, as theirs are.
    const { code, message } = error
    return { update: { ...anew, [channels.items(node.id)]: { code, message } }, calls: [] }
  }
}

/** Runs one branch to its end. That a step of it failed is a result: the others go on. */
export async function inBranch(
  node: NodeOf<'parallel'>,
  call: BranchCall,
  place: Place,
  invoke: (outer: OuterScope) => Promise<ChannelState>,
): Promise<Record<string, unknown>> {
  const keep = (result: BranchResult) => ({ [channels.join(node.id)]: { [call.slot]: result } })
  try {
    const state = await invoke(outerOf(place, call))
    return keep({ output: stepState(state, String(state[channels.last]))?.output ?? null })
  } catch (error) {
    if (!(error instanceof NodeFailed)) throw error
    return keep({ error: { code: error.code, message: error.message, step: error.step } })
  }
}

/** Goes on when all branches are over. */
export async function join(execution: Execution, node: NodeOf<'parallel'>, place: Place): Promise<Move> {
  const step = execution.begin(node, place)
  try {
    const results = place.state[channels.join(node.id)] as Record<string, BranchResult>
    const items = place.state[channels.items(node.id)]
    if (typeof items === 'object' && items !== null)
      throw failureOf(items as { code: string; message: string })
    for (const [slot, result] of Object.entries(results)) {
      if ('error' in result)
        throw new StepFailure(
          'branch_failed',
          `Branch ${slot} failed at "${result.error.step}": ${result.error.message}`,
        )
    }
    return succeed(execution, step, storable(outputOf(node, results, items)), node.next)
  } catch (error) {
    return fail(execution, step, error, node.next)
  }
}

function failureOf({ code, message }: { code: string; message: string }): StepFailure {
  return new StepFailure(code, message)
}

function outputOf(node: GraphNode, results: Record<string, BranchResult>, count: unknown): unknown {
  const outputAt = (slot: string) => (results[slot] as { output: unknown } | undefined)?.output ?? null
  if (typeof count === 'number') return Array.from({ length: count }, (_, index) => outputAt(String(index)))
  return Object.fromEntries(bodiesOf(node).map(({ key }) => [key, outputAt(key)]))
}
