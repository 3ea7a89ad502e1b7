import fc from 'fast-check'
import { graphOf, node } from '../test-support.js'
import { type Graph, type GraphNode, graphDocument } from './schema.js'

/** Graphs that hang together: repaired until each node leads to a later one, or back to what it is in. */
export const soundGraph: fc.Arbitrary<Graph> = fc
  .array(fc.constantFrom('transform', 'branch', 'loop', 'parallel'), { minLength: 1, maxLength: 6 })
  .map((types) => graphDocument.parse(graphOf(chain(types, 'n', 'end') as never)))

/** A chain of nodes; loops and parallel nodes hold shorter chains, which lead back to them. */
function chain(types: readonly string[], prefix: string, end: string): ReturnType<typeof node>[] {
  return types.flatMap((type, i) => {
    const own = `${prefix}${i}`
    const next = i === types.length - 1 ? end : `${prefix}${i + 1}`
    const inner = types.slice(i + 1, i + 3)
    const body = inner.length > 0 ? inner : ['transform']
    if (type === 'loop')
      return [node(own, 'loop', { body: `${own}_b0`, max: 2 }, { next }), ...chain(body, `${own}_b`, own)]
    if (type === 'parallel')
      return [
        node(own, 'parallel', { branches: { p: `${own}_p0`, q: `${own}_q0` } }, { next }),
        ...chain(body, `${own}_p`, own),
        ...chain(['transform'], `${own}_q`, own),
      ]
    if (type === 'branch') return [node(own, 'branch', { cases: [{ when: 'true', next }], default: next })]
    return [node(own, 'transform', { expression: '1' }, { next })]
  })
}

/** Executes a graph without LangGraph: takes any way, repeats loops as often as they may; the steps it took. */
export function walk(graph: Graph, choose: (count: number) => number, most: number): number {
  const nodes = new Map(graph.nodes.map((one) => [one.id, one]))
  let steps = 0
  const run = (start: string, owner: string | null): void => {
    for (let id = start; id !== 'end' && id !== owner; ) {
      steps += 1
      if (steps > most) return
      const one = nodes.get(id) as GraphNode
      if (one.type === 'loop') for (let i = 0; i < one.config.max; i += 1) run(one.config.body, one.id)
      if (one.type === 'parallel')
        for (const start of Object.values(one.config.branches ?? {})) run(start, one.id)
      const ways =
        one.type === 'branch' ? [...one.config.cases.map(({ next }) => next), one.config.default] : [one.next]
      id = ways[choose(ways.length)] ?? 'end'
    }
  }
  run(graph.start, null)
  return steps
}
