/** One difference between two graphs. Nodes are told apart by their ids, not by their places. */
export interface Difference {
  kind: 'added' | 'removed' | 'changed'
  /** JSON pointer; nodes stand as `/nodes/ID`. */
  path: string
  before: unknown
  after: unknown
}

/** Differences that are listed at most. */
const DIFFERENCES_MAX = 500

/** What changed from one graph to another, field by field. Moving a node in the list changes nothing. */
export function diffGraphs(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = []
  compare(byId(before), byId(after), '', found)
  return found.slice(0, DIFFERENCES_MAX)
}

function compare(before: unknown, after: unknown, path: string, found: Difference[]): void {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (!Object.hasOwn(before, key))
        found.push({ kind: 'added', path: at, before: null, after: after[key] })
      else if (!Object.hasOwn(after, key))
        found.push({ kind: 'removed', path: at, before: before[key], after: null })
      else compare(before[key], after[key], at, found)
    }
  } else if (canonical(before) !== canonical(after)) found.push({ kind: 'changed', path, before, after })
}

function byId(graph: unknown): unknown {
  if (!isObject(graph) || !Array.isArray(graph.nodes)) return graph
  return {
    ...graph,
    nodes: Object.fromEntries(
      graph.nodes.map((node: unknown, i) => [isObject(node) ? String(node.id) : String(i), node]),
    ),
  }
}

/** JSON text in which the order of keys does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
