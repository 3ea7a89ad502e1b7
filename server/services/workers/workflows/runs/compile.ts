import { setMaxListeners } from 'node:events'
import type { RunnableConfig } from '@langchain/core/runnables'
import { END } from '../graph/pieces.js'
import { bodiesOf, edgesOf, type Plan, type Region } from '../graph/regions.js'
import type { GraphNode, NodeOf } from '../graph/schema.js'
import { RUN } from './checkpointer.js'
import type { LangGraph, LoadedLangGraph } from './langgraph.js'

/** The channels of a region, by name. */
export type ChannelState = Readonly<Record<string, unknown>>

/** What the steps of a branch see of what is around them. */
export interface OuterScope {
  steps: Readonly<Record<string, unknown>>
  loops: Readonly<Record<string, unknown>>
  item: unknown
  index: number | null
  iteration: string
}

/** Where a node is executed. */
export interface Place {
  state: ChannelState
  outer: OuterScope | null
  /** Loops around it within its region's graph, outermost first. */
  loops: readonly NodeOf<'loop'>[]
  /** LangGraph's namespace of the graph it is in, and its task. */
  ns: string
  taskId: string
}

/** What a node changes, and where to go from it. */
export interface Move {
  update: Record<string, unknown>
  goto: string
}

/** One branch of a parallel node: which, and with what item. */
export interface BranchCall {
  /** Where its result is kept. */
  slot: string
  key: string
  item: unknown
  index: number | null
}

/** What executes the nodes of a run; LangGraph decides when. */
export interface NodeRunner {
  execute(node: GraphNode, place: Place): Promise<Move>
  fanOut(
    node: NodeOf<'parallel'>,
    place: Place,
  ): Promise<{ update: Record<string, unknown>; calls: BranchCall[] }>
  inBranch(
    node: NodeOf<'parallel'>,
    call: BranchCall,
    place: Place,
    invoke: (outer: OuterScope) => Promise<ChannelState>,
  ): Promise<Record<string, unknown>>
  join(node: NodeOf<'parallel'>, place: Place): Promise<Move>
}

/** A workflow as LangGraph runs it. */
export interface CompiledWorkflow {
  invoke(input: ChannelState | null, config: RunnableConfig): Promise<ChannelState>
}

/** Names of channels. What tenants write is always inside of an object of ours, so that LangGraph reads no meaning into it. */
export const channels = {
  out: (id: string) => `out.${id}`,
  loop: (id: string) => `loop.${id}`,
  items: (id: string) => `items.${id}`,
  join: (id: string) => `join.${id}`,
  last: 'last',
} as const

type NodeFunction = (state: ChannelState, config: RunnableConfig) => Promise<unknown>
interface Builder {
  addNode(name: string, run: NodeFunction, options?: { ends: string[] }): unknown
  addEdge(from: string, to: string): unknown
  compile(options: object): CompiledWorkflow
}

/** Where a configuration carries what is around a branch. */
const OUTER = '__outer'

/**
 * Makes a LangGraph state graph of a checked graph: a node each, loops as cycles, the branches of a parallel node as
 * subgraphs that go on independently of each other. Each finished step is a checkpoint of its own.
 */
export function compileWorkflow({ langgraph, checkpointer }: LoadedLangGraph, plan: Plan): CompiledWorkflow {
  return new Compiler(langgraph, plan).compile(plan.root, { checkpointer })
}

class Compiler {
  readonly #langgraph: LangGraph
  readonly #plan: Plan

  constructor(langgraph: LangGraph, plan: Plan) {
    this.#langgraph = langgraph
    this.#plan = plan
  }

  /** @param options the checkpointer of the whole; branches have it from whoever invokes them. */
  compile(region: Region, options: object): CompiledWorkflow {
    const nodes = this.#nodesIn(region, [])
    const { StateGraph, START } = this.#langgraph
    const spec = Object.fromEntries(nodes.flatMap(({ node }) => channelsOf(node)))
    const builder = new StateGraph({
      channels: { go: null, last: null, ...spec },
    } as never) as unknown as Builder
    for (const { node, loops } of nodes) {
      if (node.type === 'parallel') this.#addParallel(builder, node, loops)
      else this.#addNode(builder, node, loops)
    }
    builder.addEdge(START, region.start)
    return builder.compile(options)
  }

  /** The nodes of a region and of its loops, which are part of the same graph. */
  #nodesIn(
    region: Region,
    loops: readonly NodeOf<'loop'>[],
  ): { node: GraphNode; loops: readonly NodeOf<'loop'>[] }[] {
    return region.nodes.flatMap((node) => [
      { node, loops },
      ...(node.type === 'loop'
        ? (this.#plan.bodies.get(node.id) ?? []).flatMap((body) => this.#nodesIn(body, [...loops, node]))
        : []),
    ])
  }

  #addNode(builder: Builder, node: GraphNode, loops: readonly NodeOf<'loop'>[]): void {
    const ends = [...edgesOf(node).map(({ to }) => to), ...bodiesOf(node).map(({ start }) => start)]
    builder.addNode(
      node.id,
      async (state, config) =>
        this.#command(node, await runnerOf(config).execute(node, placeOf(state, config, loops))),
      { ends: ends.map((to) => this.#name(node, to)) },
    )
  }

  #addParallel(builder: Builder, node: NodeOf<'parallel'>, loops: readonly NodeOf<'loop'>[]): void {
    const { Command, Send } = this.#langgraph
    const bodies = this.#plan.bodies.get(node.id) ?? []
    const nameOf = (key: string) => `${node.id}.${key}`
    const join = nameOf('join')
    builder.addNode(
      node.id,
      async (state, config) => {
        const { update, calls } = await runnerOf(config).fanOut(node, placeOf(state, config, loops))
        const sends = calls.map((call) => new Send(nameOf(`branch.${call.key}`), call))
        return new Command({ update, goto: sends.length > 0 ? sends : join })
      },
      { ends: [join, ...bodies.map(({ key }) => nameOf(`branch.${key}`))] },
    )
    for (const body of bodies) {
      const branch = this.compile(body, {})
      const name = nameOf(`branch.${body.key}`)
      builder.addNode(name, async (args, config) => {
        const call = args as unknown as BranchCall
        const invoke = (outer: OuterScope) => branch.invoke({ go: true }, withOuter(config, outer))
        return runnerOf(config).inBranch(node, call, placeOf({}, config, loops), invoke)
      })
      builder.addEdge(name, join)
    }
    builder.addNode(
      join,
      async (state, config) =>
        this.#command(node, await runnerOf(config).join(node, placeOf(state, config, loops))),
      { ends: edgesOf(node).map(({ to }) => this.#name(node, to)) },
    )
  }

  #command(node: GraphNode, { update, goto }: Move): unknown {
    return new this.#langgraph.Command({ update, goto: this.#name(node, goto) })
  }

  /** A target as LangGraph knows it: the end of a branch is where its region returns to its owner. */
  #name(node: GraphNode, to: string): string {
    const owner = this.#plan.regionOf.get(node.id)?.owner
    const isEnd = to === END || (owner?.type === 'parallel' && to === owner.id)
    return isEnd ? this.#langgraph.END : to
  }
}

/** Channels of a node: null keeps the last value; results of branches are put together. */
function channelsOf(node: GraphNode): [string, unknown][] {
  const out: [string, unknown] = [channels.out(node.id), null]
  if (node.type === 'loop') return [out, [channels.loop(node.id), null], [channels.items(node.id), null]]
  if (node.type === 'parallel')
    return [
      out,
      [channels.items(node.id), null],
      [channels.join(node.id), { reducer: gather, default: () => ({}) }],
    ]
  return [out]
}

/** Null begins anew. */
function gather(known: object, more: object | null): object {
  return more === null ? {} : { ...known, ...more }
}

function runnerOf({ configurable }: RunnableConfig): NodeRunner {
  return configurable?.[RUN] as NodeRunner
}

function placeOf(state: ChannelState, config: RunnableConfig, loops: readonly NodeOf<'loop'>[]): Place {
  const task = String(config.configurable?.checkpoint_ns ?? '')
  return {
    state,
    loops,
    outer: (config.configurable?.[OUTER] as OuterScope | undefined) ?? null,
    ns: task.slice(0, Math.max(0, task.lastIndexOf('|'))),
    taskId: task.slice(task.lastIndexOf(':') + 1),
  }
}

function withOuter(config: RunnableConfig, outer: OuterScope): RunnableConfig {
  // Each branch listens to the signals of the whole; Node would take many for a leak.
  const known = Object.values((config.configurable?.__pregel_abort_signals as object | undefined) ?? {})
  for (const signal of [config.signal, ...known])
    if (signal instanceof AbortSignal) setMaxListeners(0, signal)
  return { ...config, configurable: { ...config.configurable, [OUTER]: outer } }
}
