import { END } from './pieces.js'
import type { Graph, GraphNode, NodeOf } from './schema.js'

/**
 * A part of a graph that begins at one node and ends where it began from: the whole, the body of a loop, or a branch
 * of a parallel node. Regions lie within each other and never cross.
 */
export interface Region {
  /** The loop or parallel node it belongs to; null for the whole. */
  owner: NodeOf<'loop' | 'parallel'> | null
  parent: Region | null
  /** Name of the branch; `body` for what is repeated. */
  key: string
  start: string
  nodes: GraphNode[]
}

/** A graph with its parts told apart, and what is wrong with how they hang together. */
export interface Plan {
  graph: Graph
  nodes: ReadonlyMap<string, GraphNode>
  root: Region
  /** Region of each node that can be reached. */
  regionOf: ReadonlyMap<string, Region>
  /** Regions that belong to a loop or parallel node. */
  bodies: ReadonlyMap<string, Region[]>
  problems: StructureProblem[]
}

export interface StructureProblem {
  node: string
  /** Where within the node, as a JSON pointer. */
  field: string
  code: string
  message: string
}

/** Where a node may lead to, with the field that says so. */
export function edgesOf(node: GraphNode): { to: string; field: string }[] {
  const edges =
    node.type === 'branch'
      ? [
          ...node.config.cases.map(({ next }, i) => ({ to: next, field: `/config/cases/${i}/next` })),
          { to: node.config.default, field: '/config/default' },
        ]
      : [{ to: node.next, field: '/next' }]
  const { on_error: onError } = node
  return typeof onError === 'object' ? [...edges, { to: onError.goto, field: '/on_error/goto' }] : edges
}

/** What a loop or parallel node repeats or runs side by side. */
export function bodiesOf(node: GraphNode): { key: string; start: string; field: string }[] {
  if (node.type === 'loop') return [{ key: 'body', start: node.config.body, field: '/config/body' }]
  if (node.type !== 'parallel') return []
  const { branches, body } = node.config
  if (body !== undefined) return [{ key: 'body', start: body, field: '/config/body' }]
  return Object.entries(branches ?? {}).map(([key, start]) => ({
    key,
    start,
    field: `/config/branches/${key}`,
  }))
}

/** Tells the regions of a graph apart. Never fails: what is wrong is in `problems`. */
export function planOf(graph: Graph): Plan {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const plan = {
    graph,
    nodes,
    root: newRegion(null, null, 'root', graph.start),
    regionOf: new Map<string, Region>(),
    bodies: new Map<string, Region[]>(),
    problems: [] as StructureProblem[],
  }
  fillRegion(plan, plan.root)
  findCycles(plan)
  return plan
}

type Draft = Omit<Plan, 'regionOf' | 'bodies'> & {
  regionOf: Map<string, Region>
  bodies: Map<string, Region[]>
}

function newRegion(owner: Region['owner'], parent: Region | null, key: string, start: string): Region {
  return { owner, parent, key, start, nodes: [] }
}

function fillRegion(plan: Draft, region: Region): void {
  const open = [region.start]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = plan.nodes.get(id)
    if (!node || plan.regionOf.has(id)) continue
    plan.regionOf.set(id, region)
    region.nodes.push(node)
    for (const { to, field } of edgesOf(node)) {
      const problem = edgeProblem(plan, region, to)
      if (problem) plan.problems.push({ node: id, field, ...problem })
      else if (to !== END && to !== region.owner?.id) open.push(to)
    }
    if (node.type === 'loop' || node.type === 'parallel') fillBodies(plan, region, node)
  }
}

function fillBodies(plan: Draft, parent: Region, owner: NodeOf<'loop' | 'parallel'>): void {
  const bodies: Region[] = []
  plan.bodies.set(owner.id, bodies)
  for (const { key, start, field } of bodiesOf(owner)) {
    const problem = bodyProblem(plan, owner, start)
    if (problem) {
      plan.problems.push({ node: owner.id, field, ...problem })
      continue
    }
    const body = newRegion(owner, parent, key, start)
    bodies.push(body)
    fillRegion(plan, body)
  }
}

type Words = Pick<StructureProblem, 'code' | 'message'>

function edgeProblem(plan: Draft, region: Region, to: string): Words | undefined {
  if (to === END) {
    if (region.owner === null) return undefined
    return {
      code: 'ends_inside',
      message: `is inside of "${region.owner.id}" and must lead back to it, not to the end`,
    }
  }
  if (!plan.nodes.has(to)) return { code: 'unknown_node', message: `there is no node "${to}"` }
  const other = plan.regionOf.get(to)
  if (to === region.owner?.id || other === undefined || other === region) return undefined
  return { code: 'crosses', message: `"${to}" belongs to another part of the workflow` }
}

function bodyProblem(plan: Draft, owner: GraphNode, start: string): Words | undefined {
  if (!plan.nodes.has(start)) return { code: 'unknown_node', message: `there is no node "${start}"` }
  if (start === owner.id || plan.regionOf.has(start))
    return { code: 'crosses', message: `"${start}" belongs to another part of the workflow` }
  return undefined
}

/** Within a region nothing may lead back: only loop nodes repeat, and they count. */
function findCycles(plan: Draft): void {
  const done = new Set<string>()
  const trail = new Set<string>()
  const visit = (id: string): void => {
    const node = plan.nodes.get(id)
    const region = plan.regionOf.get(id)
    if (!node || !region || done.has(id)) return
    trail.add(id)
    for (const { to, field } of edgesOf(node)) {
      if (to === END || to === region.owner?.id || plan.regionOf.get(to) !== region) continue
      if (trail.has(to))
        plan.problems.push({
          node: id,
          field,
          code: 'cycle',
          message: `leads back to "${to}"; only a loop node may repeat`,
        })
      else visit(to)
    }
    trail.delete(id)
    done.add(id)
  }
  for (const region of [plan.root, ...[...plan.bodies.values()].flat()]) visit(region.start)
}
