import type { References } from '../expressions/references.js'
import type { Graph, NodeOf } from '../graph/schema.js'
import type { WorkflowRun } from '../models/run.js'
import { type ChannelState, channels, type OuterScope, type Place } from './compile.js'

/** What a step came to, as it is kept in the run's state and seen by expressions. */
export interface StepState {
  status: 'succeeded' | 'failed'
  output: unknown
  error: { code: string; message: string } | null
}

/** How far a loop is. */
export interface LoopState {
  isOn: boolean
  index: number
  results: unknown[]
}

/** Indices of the loops and branches around a node, outermost first. */
export function iterationAt({ state, outer, loops }: Place): string {
  const own = loops.map(({ id }) => String(loopState(state, id)?.index ?? 0))
  return [outer?.iteration ?? '', ...own].filter((index) => index !== '').join('.')
}

export function loopState(state: ChannelState, id: string): LoopState | undefined {
  return state[channels.loop(id)] as LoopState | undefined
}

export function stepState(state: ChannelState, id: string): StepState | undefined {
  return state[channels.out(id)] as StepState | undefined
}

/** Everything that is around a branch which begins at this place, with the branch's own item. */
export function outerOf(place: Place, branch: { item: unknown; index: number | null }): OuterScope {
  const { item, index } = currentItem(place)
  const inner = iterationAt(place)
  return {
    steps: { ...place.outer?.steps, ...stepsIn(place.state) },
    loops: loopsAt(place),
    item: branch.index === null ? item : branch.item,
    index: branch.index ?? index,
    iteration: branch.index === null ? inner : [inner, branch.index].filter((part) => part !== '').join('.'),
  }
}

/** What an expression at a place sees, as JSON text; of the steps only those that it refers to. */
export function scopeText(
  run: WorkflowRun,
  graph: Graph,
  place: Place,
  references: Pick<References, 'steps' | 'isOpen'>,
): string {
  const wanted = references.isOpen ? graph.nodes.map(({ id }) => id) : [...references.steps]
  const steps = wanted.flatMap((id) => {
    const step = stepState(place.state, id) ?? place.outer?.steps[id]
    return step ? [[id, step] as const] : []
  })
  return JSON.stringify({
    input: run.input,
    steps: Object.fromEntries(steps),
    ...currentItem(place),
    loops: loopsAt(place),
    run: {
      id: run.id,
      template: run.templateName,
      version: run.version,
      started_at: run.startedAt?.toISOString() ?? null,
    },
  })
}

/** The item of the innermost loop or branch that has one. */
function currentItem({ state, outer, loops }: Place): { item: unknown; index: number | null } {
  const innermost = loops.at(-1)
  const withItems = loops.filter(({ config }) => config.over !== undefined).at(-1)
  return {
    item: withItems ? itemOf(state, withItems) : (outer?.item ?? null),
    index: innermost ? (loopState(state, innermost.id)?.index ?? 0) : (outer?.index ?? null),
  }
}

function itemOf(state: ChannelState, { id }: NodeOf<'loop'>): unknown {
  const items = state[channels.items(id)] as unknown[] | null | undefined
  return items?.[loopState(state, id)?.index ?? 0] ?? null
}

function loopsAt({ state, outer, loops }: Place): Record<string, unknown> {
  return {
    ...outer?.loops,
    ...Object.fromEntries(
      loops.map((loop) => [
        loop.id,
        { index: loopState(state, loop.id)?.index ?? 0, item: itemOf(state, loop) },
      ]),
    ),
  }
}

function stepsIn(state: ChannelState): Record<string, StepState> {
  const prefix = channels.out('')
  return Object.fromEntries(
    Object.entries(state)
      .filter(([channel, value]) => channel.startsWith(prefix) && value !== undefined && value !== null)
      .map(([channel, value]) => [channel.slice(prefix.length), value as StepState]),
  )
}
