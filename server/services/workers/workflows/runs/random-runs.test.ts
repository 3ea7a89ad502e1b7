import { expect } from 'chai'
import fc from 'fast-check'
import { useServer } from '../../../../../test/server.js'
import { checkGraph } from '../graph/check-graph.js'
import { soundGraph, walk } from '../graph/test-support.js'
import { Author } from '../test-support.js'

const nothing = { hasSecret: () => false, hasJob: () => false, subWorkflow: () => null }

describe('a workflow run of any sound graph', function () {
  this.timeout(60_000)
  const server = useServer()

  it('takes the steps that the graph says, and no more than was promised', async () => {
    const author = await Author.build(server)
    await fc.assert(
      fc.asyncProperty(soundGraph, async (graph) => {
        const checked = await checkGraph(graph, nothing)
        const run = await author.run(graph)
        expect(run.error).to.equal(null)
        expect(run.usage.steps).to.equal(walk(graph, () => 0, Number.POSITIVE_INFINITY))
        expect(run.usage.steps).to.be.at.most('stepBound' in checked ? checked.stepBound : 0)
      }),
      { numRuns: 8, endOnFailure: true },
    )
  })
})
