import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { useServer } from '../../../../../test/server.js'
import { prepareDeployment, startServerProcess } from '../../../../../test/server-process.js'
import { until } from '../../../../../test/until.js'
import { Author, graphOf, node, ok } from '../test-support.js'

/** Somebody else's server, which counts who calls it how often and does what a test says. */
class Remote {
  readonly calls: { path: string; key: string | undefined }[] = []
  onCall: (path: string, count: number) => Promise<void> | void = () => undefined
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  count(path: string): number {
    return this.calls.filter((call) => call.path === path).length
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    this.calls.push({ path, key: request.headers['idempotency-key'] as string | undefined })
    await this.onCall(path, this.count(path))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ path, count: this.count(path) }))
  }
}

function calling(remote: Remote, id: string, next = 'end') {
  return node(id, 'http', { method: 'POST', url: `${remote.url}/${id}` }, { next })
}

describe('a workflow run whose execution is cut off', function () {
  this.timeout(120_000)
  const remote = new Remote()

  before(() => remote.open())
  after(() => remote.close())
  beforeEach(() => {
    remote.calls.length = 0
    remote.onCall = () => undefined
  })

  describe('by another that takes over', () => {
    const server = useServer({ settings: { OUTBOUND_ALLOW: '127.0.0.1' } })

    /** What happens when the process of a running job is gone: its lease ends, and another takes it. */
    const takeOver = async () => {
      await server.resources.db.readSystem({
        text: `update worker_jobs set lease_until = now() - interval '1 s' where status = 'running'`,
      })
      await server.runJobs()
      await server.work({ skipPauses: true })
    }

    it('keeps what the newest execution makes of it, and nothing of the other', async () => {
      const author = await Author.build(server)
      const { id } = await author.publish(graphOf([calling(remote, 'one', 'two'), calling(remote, 'two')]))
      const runId = await author.start(id)
      remote.onCall = async (path, count) => {
        if (path !== '/two' || count > 1) return
        // The first execution hangs in this call; a second takes over and comes to the end before it has its answer.
        await takeOver()
        expect(await author.read(runId)).to.include({ status: 'succeeded' })
      }
      await server.runJobs()
      const run = await author.read(runId)
      expect(run).to.include({ status: 'succeeded' })
      expect(run.output.body).to.deep.equal({ path: '/two', count: 2 })
      expect([remote.count('/one'), remote.count('/two')]).to.deep.equal([1, 2])
      expect((await author.events(runId)).map(({ type, step }) => [type, step])).to.deep.equal([
        ['run.queued', null],
        ['step.started', 'one'],
        ['step.succeeded', 'one'],
        ['step.started', 'two'],
        ['step.retried', 'two'],
        ['step.succeeded', 'two'],
        ['run.succeeded', null],
      ])
    })

    it('gives up a step that never lets its process live', async () => {
      const author = await Author.build(server)
      const { id } = await author.publish(graphOf([calling(remote, 'fatal')]))
      const runId = await author.start(id)
      // What a process leaves that dies in this step each time: its attempts, and nothing else.
      remote.onCall = takeOver
      await server.runJobs()
      // Nobody waits for the last that took over where the one before it was told to stop meanwhile.
      await until(async () => (await author.read(runId)).status === 'failed')
      const run = await author.read(runId)
      expect(run.error).to.include({ code: 'lost', step: 'fatal' })
      expect(remote.count('/fatal')).to.equal(4)
    })
  })

  it('by kill -9 goes on in another process: finished steps are not run again, the one in hand is, under the same key', async () => {
    const deployment = await prepareDeployment()
    const env = { ...deployment.env, OUTBOUND_ALLOW: '127.0.0.1', JOBS_LEASE_MS: '1000', JOBS_LOOK_MS: '200' }
    const first = await startServerProcess(env)
    let last = first
    try {
      const tenant = await ok(first.operator.post('/tenancy/v1/tenants', { slug: 'crash', name: 'Crash' }))
      const graph = graphOf([
        calling(remote, 'first', 'both'),
        node('both', 'parallel', { branches: { quick: 'quick', slow: 'slow1' } }, { next: 'each' }),
        calling(remote, 'quick', 'both'),
        calling(remote, 'slow1', 'slow2'),
        calling(remote, 'slow2', 'both'),
        node('each', 'loop', { over: '[1, 2, 3]', body: 'item', max: 3 }),
        {
          ...calling(remote, 'item', 'each'),
          config: { method: 'POST', url: `${remote.url}/item-{{item}}` },
        },
      ])
      const api = first.operator.in(tenant.id)
      const made = await ok(api.post('/workers/v1/workflow-templates', { name: 'crash', graph }))
      await ok(api.post(`/workers/v1/workflow-templates/${made.id}/publish`, {}))
      const killIn = (path: string, process: { kill(signal: 'SIGKILL'): void }) => {
        remote.onCall = async (called, count) => {
          if (called !== path || count > 1) return
          process.kill('SIGKILL')
          await new Promise(() => undefined)
        }
      }
      killIn('/slow2', first)
      const { id } = await ok(api.post('/workers/v1/workflow-runs', { template: 'crash' }))
      await first.exited
      last = await startServerProcess(env)
      killIn('/item-2', last)
      await last.exited
      last = await startServerProcess(env)
      const stream = await last.operator.in(tenant.id).stream(`/workers/v1/workflow-runs/${id}/events`)
      await stream.rest()
      const run = await ok(last.operator.in(tenant.id).get(`/workers/v1/workflow-runs/${id}`))
      expect(run).to.deep.include({ status: 'succeeded', output: { iterations: 3 } })
      const counts = ['/first', '/quick', '/slow1', '/slow2', '/item-1', '/item-2', '/item-3'].map((path) =>
        remote.count(path),
      )
      expect(counts).to.deep.equal([1, 1, 1, 2, 1, 2, 1])
      const keysOf = (path: string) =>
        new Set(remote.calls.filter((call) => call.path === path).map(({ key }) => key))
      expect([...keysOf('/slow2')]).to.deep.equal([`${id}:slow2`])
      expect([...keysOf('/item-2')]).to.deep.equal([`${id}:item:1`])
    } finally {
      last.kill('SIGKILL')
      await last.exited
      await deployment.remove()
    }
  })
})
