import { expect } from 'chai'
import fc from 'fast-check'
import { graphOf, node } from '../test-support.js'
import { checkGraph, type Surroundings } from './check-graph.js'
import { diffGraphs } from './diff-graphs.js'
import { drawMermaid } from './draw.js'
import { type Graph, graphDocument } from './schema.js'
import { soundGraph, walk } from './test-support.js'

const nothing: Surroundings = { hasSecret: () => false, hasJob: () => false, subWorkflow: () => null }

async function problems(graph: unknown, surroundings = nothing): Promise<string[]> {
  return (await checkGraph(graph, surroundings)).problems.map(({ pointer, code }) => `${pointer} ${code}`)
}

const step = (id: string, next = 'end', expression = '1') => node(id, 'transform', { expression }, { next })

describe('checking a graph', () => {
  it('finds nothing wrong with a sound one, and tells its bound', async () => {
    const checked = await checkGraph(
      graphOf([
        step('a', 'loop'),
        node('loop', 'loop', { body: 'b', max: 10, over: 'steps.a.output' }, { next: 'par' }),
        step('b', 'c'),
        step('c', 'loop'),
        node('par', 'parallel', { branches: { x: 'x', y: 'y' } }, { next: 'end' }),
        step('x', 'par'),
        step('y', 'y2'),
        step('y2', 'par'),
      ]),
      nothing,
    )
    expect(checked.problems).to.deep.equal([])
    expect(checked).to.include({ stepBound: 1 + 1 + 10 * 2 + 1 + 3, depth: 1 })
  })

  it('finds what cannot be read, each with its place, and what else there is at once', async () => {
    const graph = {
      input: { type: 'object', properties: { a: { pattern: '(a+)+' } } },
      start: 'a',
      nodes: [
        node('a', 'transform', { expression: '1 +' }, { next: 'nowhere', colour: 'red' }),
        node('a', 'teleport', {}),
        node('end', 'transform', { expression: '1' }),
        node('b', 'http', { url: '', method: 'TRACE', headers: { 'bad header': 'x' } }),
        node('c', 'transform', { expression: '((' }, { next: 'gone' }),
        node('d', 'loop', { body: 'c' }),
      ],
      limits: { max_steps: 1e9 },
    }
    const found = await problems(graph)
    for (const one of [
      '/nodes/0/colour unknown_field',
      '/nodes/1/type unknown_type',
      '/nodes/1/id duplicate',
      '/nodes/3/config/method invalid_value',
      '/nodes/4/next unknown_node',
      '/nodes/4/config/expression bad_expression',
      '/nodes/5/config/max invalid_type',
      '/limits/max_steps too_big',
    ]) {
      expect(found, one).to.include(one)
    }
    expect(found.some((one) => one.startsWith('/input/properties/a'))).to.equal(true)
    expect(found.some((one) => one.startsWith('/nodes/2/id'))).to.equal(true)
  })

  it('finds how nodes do not hang together', async () => {
    expect(await problems(graphOf([step('a', 'b'), step('b', 'a')]))).to.have.members([
      '/nodes/1/next cycle',
      '/nodes no_end',
    ])
    expect(await problems(graphOf([step('a'), step('lost')]))).to.deep.equal(['/nodes/1 unreachable'])
    expect(await problems(graphOf([step('a')], { start: 'b' }))).to.include('/start unknown_node')
    const loop = (body: string) => node('l', 'loop', { body, max: 2 })
    expect(await problems(graphOf([loop('x'), step('x', 'end')]))).to.deep.equal([
      '/nodes/1/next ends_inside',
    ])
    expect(await problems(graphOf([loop('x'), step('x', 'y'), step('y', 'x')]))).to.deep.equal([
      '/nodes/2/next cycle',
    ])
    expect(await problems(graphOf([step('a', 'l'), loop('x'), step('x', 'a')]))).to.deep.equal([
      '/nodes/2/next crosses',
    ])
    expect(await problems(graphOf([loop('l')]))).to.include('/nodes/0/config/body crosses')
    const twice = node('p', 'parallel', { branches: { one: 'x', two: 'x' } })
    expect(await problems(graphOf([twice, step('x', 'p')]))).to.deep.equal([
      '/nodes/0/config/branches/two crosses',
    ])
    const handled = { ...step('a'), on_error: { goto: 'a' } }
    expect(await problems(graphOf([handled]))).to.deep.equal(['/nodes/0/on_error/goto cycle'])
  })

  it('finds references to what is not, or cannot have run', async () => {
    const of = (expression: string) =>
      problems(graphOf([step('a', 'b'), step('b', 'c', expression), step('c')]))
    expect(await of('steps.a.output')).to.deep.equal([])
    expect(await of('steps.c.output')).to.deep.equal(['/nodes/1/config/expression step_not_run'])
    expect(await of('steps.b.output')).to.deep.equal(['/nodes/1/config/expression step_not_run'])
    expect(await of('steps.z.output')).to.deep.equal(['/nodes/1/config/expression unknown_step'])
    expect(await of('setps.a')).to.deep.equal(['/nodes/1/config/expression unknown_name'])
    expect(await of('item')).to.deep.equal(['/nodes/1/config/expression no_item'])
    expect(await of('$eval("1")')).to.deep.equal(['/nodes/1/config/expression forbidden_function'])
    const input = { input: { type: 'object', properties: { a: {} }, additionalProperties: false } }
    expect(await problems(graphOf([step('x', 'end', 'input.a & input.b')], input))).to.deep.equal([
      '/nodes/0/config/expression unknown_input',
    ])
    expect(await problems(graphOf([step('x')], { output: { y: '{{steps.y.output}}' } }))).to.deep.equal([
      '/output/y unknown_step',
    ])
  })

  it('lets a loop see what ran in it before, and nothing see into branches', async () => {
    const loop = graphOf([
      node('l', 'loop', { body: 'x', max: 3, while: 'steps.y.output < 3', collect: 'item & steps.x.output' }),
      step('x', 'y', 'steps.y.output & index'),
      step('y', 'l'),
    ])
    expect(await problems({ ...loop, output: '{{steps.y.output}}' })).to.deep.equal([])
    const parallel = graphOf([
      node('p', 'parallel', { branches: { one: 'x', two: 'y' } }, { next: 'z' }),
      step('x', 'p'),
      step('y', 'p', 'steps.x.output'),
      step('z', 'end', 'steps.x.output'),
    ])
    expect(await problems(parallel)).to.deep.equal([
      '/nodes/2/config/expression step_not_run',
      '/nodes/3/config/expression step_not_run',
    ])
  })

  it('refuses too many nodes and too many bytes', async () => {
    const many = Array.from({ length: 101 }, (_, i) => step(`n${i}`, i === 100 ? 'end' : `n${i + 1}`))
    expect(await problems(graphOf(many))).to.deep.equal(['/nodes too_big'])
    const large = graphOf([step('a')], { output: 'x'.repeat(300_000) })
    expect(await problems(large)).to.deep.equal([' too_large'])
  })

  it('never throws, whatever it is given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        expect((await checkGraph(value, nothing)).problems).to.not.deep.equal([])
        expect((await checkGraph({ start: 'a', nodes: value }, nothing)).problems).to.not.deep.equal([])
      }),
      { numRuns: 60 },
    )
  })
})

/** Graphs of transforms, branches, loops and parallel nodes whose nodes lead anywhere. */
const anyGraph: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 9 }).chain((size) => {
  const ids = Array.from({ length: size }, (_, i) => `n${i}`)
  const target = fc.constantFrom(...ids, 'end')
  const id = fc.constantFrom(...ids)
  const bodyOf = (own: string): fc.Arbitrary<object> =>
    fc.oneof(
      { weight: 4, arbitrary: target.map((next) => node(own, 'transform', { expression: '1' }, { next })) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(target, target)
          .map(([a, b]) => node(own, 'branch', { cases: [{ when: 'true', next: a }], default: b })),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(id, target, fc.integer({ min: 1, max: 3 }))
          .map(([body, next, max]) => node(own, 'loop', { body, max }, { next })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(id, id, target)
          .map(([a, b, next]) => node(own, 'parallel', { branches: { a, b } }, { next })),
      },
    )
  return fc.tuple(...ids.map(bodyOf)).map((nodes) => graphDocument.parse(graphOf(nodes as never)))
})

/** Nodes that something leads to, by an independent search over all edges there are. */
function reachable(graph: Graph): Set<string> {
  const nodes = new Map(graph.nodes.map((one) => [one.id, one]))
  const found = new Set<string>()
  const open = [graph.start]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const one = nodes.get(id)
    if (!one || found.has(id)) continue
    found.add(id)
    const text = JSON.stringify(one)
    for (const other of nodes.keys()) if (other !== id && text.includes(`"${other}"`)) open.push(other)
  }
  return found
}

describe('a checked graph', () => {
  it('ends within its bound of steps, whichever way it takes', async () => {
    let sound = 0
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(soundGraph, anyGraph),
        fc.infiniteStream(fc.nat()),
        async (graph, choices) => {
          const checked = await checkGraph(graph, nothing)
          if (!('graph' in checked)) return
          sound += 1
          const next = choices[Symbol.iterator]()
          const taken = walk(graph, (count) => (next.next().value ?? 0) % count, checked.stepBound)
          expect(taken).to.be.at.most(checked.stepBound)
        },
      ),
      { numRuns: 400 },
    )
    expect(sound).to.be.above(50)
  })

  it('hangs together where it was made to', async () => {
    await fc.assert(
      fc.asyncProperty(soundGraph, async (graph) => {
        expect((await checkGraph(graph, nothing)).problems).to.deep.equal([])
      }),
      { numRuns: 60 },
    )
  })

  it('has no node that nothing leads to; those reported have none by any search', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async (graph) => {
        const { problems: found } = await checkGraph(graph, nothing)
        const ids = reachable(graph)
        const crossed = found.some(
          ({ code }) => code === 'crosses' || code === 'ends_inside' || code === 'cycle',
        )
        for (const { code, pointer } of found) {
          if (code !== 'unreachable' || crossed) continue
          expect(ids.has(graph.nodes[Number(pointer.split('/')[2])]?.id ?? '')).to.equal(false)
        }
        if (found.length === 0) expect(ids.size).to.equal(graph.nodes.length)
      }),
      { numRuns: 300 },
    )
  })

  it('can be drawn', async () => {
    await fc.assert(
      fc.property(anyGraph, (graph) => {
        const lines = drawMermaid(graph).split('\n')
        expect(lines[0]).to.equal('flowchart TD')
        expect(lines.filter((line) => line.trim() === 'end')).to.have.length(
          lines.filter((line) => line.trim().startsWith('subgraph')).length,
        )
      }),
      { numRuns: 60 },
    )
  })
})

describe('the difference of two graphs', () => {
  const graph = graphOf([step('a', 'b'), step('b')])

  it('is told by node and field, whatever the order of nodes and keys', () => {
    const after = graphOf([{ ...step('b'), name: 'B' }, step('a', 'end')], {
      start: 'a',
      output: '{{steps.a.output}}',
    })
    expect(diffGraphs(graph, after)).to.deep.equal([
      { kind: 'changed', path: '/nodes/a/next', before: 'b', after: 'end' },
      { kind: 'added', path: '/nodes/b/name', before: null, after: 'B' },
      { kind: 'added', path: '/output', before: null, after: '{{steps.a.output}}' },
    ])
    expect(diffGraphs(graph, graphOf([step('a', 'b')]))[0]).to.include({ kind: 'removed', path: '/nodes/b' })
    expect(diffGraphs(graph, { ...graph, nodes: [...graph.nodes].reverse() })).to.deep.equal([])
  })
})
