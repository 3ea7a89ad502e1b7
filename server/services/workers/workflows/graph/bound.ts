import { END } from './pieces.js'
import { edgesOf, type Plan, type Region } from './regions.js'

/** Most steps that a run of a sound graph can take, repetitions and branches counted. */
export function stepBound(plan: Plan): number {
  return boundOf(plan, plan.root)
}

/** The longest way through a region, which leads nowhere twice. */
function boundOf(plan: Plan, region: Region): number {
  const known = new Map<string, number>()
  const from = (id: string): number => {
    if (id === END || id === region.owner?.id) return 0
    const before = known.get(id)
    if (before !== undefined) return before
    const node = plan.nodes.get(id)
    if (!node) return 0
    const rest = Math.max(...edgesOf(node).map(({ to }) => from(to)))
    const bound = weightOf(plan, id) + rest
    known.set(id, bound)
    return bound
  }
  return from(region.start)
}

function weightOf(plan: Plan, id: string): number {
  const node = plan.nodes.get(id)
  const inner = (plan.bodies.get(id) ?? []).map((body) => boundOf(plan, body))
  if (node?.type === 'loop') return 1 + node.config.max * (inner[0] ?? 0)
  if (node?.type !== 'parallel') return 1
  if (node.config.body !== undefined) return 1 + node.config.max * (inner[0] ?? 0)
  return 1 + inner.reduce((sum, bound) => sum + bound, 0)
}
