import { END } from './pieces.js'
import { edgesOf, type Plan, type Region } from './regions.js'

/** Steps whose outputs an expression of this node may find: those that can have run before it. */
export function stepsBefore(plan: Plan, id: string): Set<string> {
  const found = new Set<string>()
  for (let at: string | undefined = id; at !== undefined; ) {
    const region: Region | undefined = plan.regionOf.get(at)
    if (!region) break
    // In a loop everything may have run the time before.
    if (region.owner?.type === 'loop') for (const node of region.nodes) addVisible(plan, node.id, found)
    else for (const one of ancestorsIn(plan, region, at)) addVisible(plan, one, found)
    at = region.owner?.id
  }
  return found
}

/** Steps that the loop's own `while` and `collect`, or the workflow's output, may find besides. */
export function stepsInside(plan: Plan, loopId: string): Set<string> {
  const found = stepsBefore(plan, loopId)
  addVisible(plan, loopId, found)
  return found
}

/** Steps that can be seen when everything is over. */
export function stepsOfAll(plan: Plan): Set<string> {
  const found = new Set<string>()
  for (const node of plan.root.nodes) addVisible(plan, node.id, found)
  return found
}

/** A step and, for a loop, what it repeats: branches of a parallel node are seen through its output only. */
function addVisible(plan: Plan, id: string, found: Set<string>): void {
  found.add(id)
  if (plan.nodes.get(id)?.type !== 'loop') return
  for (const body of plan.bodies.get(id) ?? [])
    for (const node of body.nodes) addVisible(plan, node.id, found)
}

function ancestorsIn(plan: Plan, region: Region, id: string): Set<string> {
  const before = new Map<string, string[]>()
  for (const node of region.nodes) {
    for (const { to } of edgesOf(node)) {
      if (to === END || plan.regionOf.get(to) !== region) continue
      before.set(to, [...(before.get(to) ?? []), node.id])
    }
  }
  const found = new Set<string>()
  const open = [...(before.get(id) ?? [])]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (found.has(one)) continue
    found.add(one)
    open.push(...(before.get(one) ?? []))
  }
  return found
}
