import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { useServer } from '../../../../test/server.js'
import { Author } from './test-support.js'

/** The graph of docs/workflows.md, run as a reader would. */
describe('the documented workflow', function () {
  this.timeout(60_000)
  const server = useServer()

  it('is sound, and does what its words say', async () => {
    const text = await readFile('docs/workflows.md', 'utf8')
    const [, graph = ''] = /```json\n(.*?)```/s.exec(text) ?? []
    const author = await Author.build(server)
    const short = await author.run(JSON.parse(graph), { text: 'three short words' })
    expect(short).to.include({ status: 'succeeded', output: 3 })
    const long = await author.run(JSON.parse(graph), { text: 'a '.repeat(200) })
    expect(long.status).to.equal('waiting')
    expect(long.waiting_for[0].title).to.equal('Take 201 words?')
  })
})
