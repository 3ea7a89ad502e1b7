import { END } from './pieces.js'
import { bodiesOf, edgesOf, type Plan, planOf, type Region } from './regions.js'
import type { Graph, GraphNode } from './schema.js'

/** A picture of a graph as Mermaid text; loops and branches are boxes. */
export function drawMermaid(graph: Graph): string {
  const plan = planOf(graph)
  const lines = ['flowchart TD', ...regionLines(plan, plan.root, '  '), '  __end([end])']
  return [...lines, ...graph.nodes.flatMap((node) => arrowsOf(plan, node))].join('\n')
}

function regionLines(plan: Plan, region: Region, indent: string): string[] {
  return region.nodes.flatMap((node) => [
    `${indent}${node.id}${shapeOf(node)}`,
    ...(plan.bodies.get(node.id) ?? []).flatMap((body) => [
      `${indent}subgraph ${node.id}__${body.key}["${quoted(boxTitle(node, body.key))}"]`,
      ...regionLines(plan, body, `${indent}  `),
      `${indent}end`,
    ]),
  ])
}

function shapeOf(node: GraphNode): string {
  const text = quoted(`${node.name ?? node.id}\n(${node.type})`)
  if (node.type === 'branch') return `{"${text}"}`
  if (node.type === 'loop' || node.type === 'parallel') return `[/"${text}"/]`
  return node.type === 'approval' || node.type === 'wait' ? `(["${text}"])` : `["${text}"]`
}

function boxTitle(node: GraphNode, key: string): string {
  if (node.type === 'loop') return `${node.id}: at most ${node.config.max} times`
  return key === 'body' ? `${node.id}: for each item` : `${node.id}: ${key}`
}

function arrowsOf(plan: Plan, node: GraphNode): string[] {
  const owner = plan.regionOf.get(node.id)?.owner?.id
  const name = (to: string) => (to === END ? '__end' : to)
  return [
    ...edgesOf(node).map(({ to, field }) => {
      const words = labelOf(node, field)
      const arrow = to === owner ? '-.->' : '-->'
      return `  ${node.id} ${arrow}${words ? `|"${quoted(words)}"|` : ''} ${name(to)}`
    }),
    ...bodiesOf(node).map(({ key, start }) => `  ${node.id} ==>${key === 'body' ? '' : `|${key}|`} ${start}`),
  ]
}

function labelOf(node: GraphNode, field: string): string {
  if (field === '/on_error/goto') return 'on error'
  if (node.type !== 'branch') return ''
  const at = /^\/config\/cases\/(\d+)/.exec(field)?.[1]
  const when = at === undefined ? 'otherwise' : (node.config.cases[Number(at)]?.when ?? '')
  return when.length > 40 ? `${when.slice(0, 39)}…` : when
}

/** Mermaid takes entities for what would end a text. */
function quoted(text: string): string {
  return text
    .replaceAll('#', '#35;')
    .replaceAll('"', '#quot;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;')
    .replaceAll('\n', '<br/>')
}
