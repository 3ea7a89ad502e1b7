import { expect } from 'chai'
import { useServer } from '../../../../../test/server.js'
import { Author, graphOf, node } from '../test-support.js'

describe('a workflow run', function () {
  this.timeout(60_000)
  const server = useServer()
  let author: Author

  before(async () => {
    author = await Author.build(server)
  })

  it('goes from its input through its steps to its output', async () => {
    const run = await author.run(
      graphOf(
        [
          node('double', 'transform', { expression: 'input.amount * 2' }, { next: 'size' }),
          node('size', 'branch', {
            cases: [{ when: 'steps.double.output > 100', next: 'large' }],
            default: 'small',
          }),
          node('large', 'transform', { expression: '"large"' }),
          node('small', 'transform', { expression: '"small"' }),
        ],
        { output: { size: '{{steps.large.output ?? steps.small.output}}', text: 'is {{steps.double.output}}' } },
      ),
      { amount: 60 },
    )
    if (run.status !== 'succeeded') console.log(server.logs.slice(-8).join('')); console.log((await server.resources.db.readSystem({text: 'select kind, status, error, attempt from worker_jobs'}))); expect(run).to.include({ status: 'succeeded' })
    expect(run.output).to.deep.equal({ size: 'large', text: 'is 120' })
    console.log(JSON.stringify(run), JSON.stringify(await author.steps(run.id)), JSON.stringify(await author.events(run.id)))
  })
})
