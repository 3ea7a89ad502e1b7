import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Metrics } from '../../../server/observability/metrics.js'
import type { Deployment } from '../../deployment/deployment.js'
import { parseCondition, type RollbackCondition } from './rollback-conditions.js'
import { watchAnswers } from './watch.js'

describe('the watch over an upgrade', () => {
  let server: Server
  let metrics: Metrics
  let deployment: Deployment
  /** What happens between two looks. */
  let traffic: () => void

  beforeEach(async () => {
    metrics = new Metrics()
    traffic = () => undefined
    server = createServer(async (_request, response) => {
      response.end(await metrics.registry.metrics())
      traffic()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    deployment = {
      localUrl: `http://127.0.0.1:${port}`,
      secret: async () => 'token',
    } as unknown as Deployment
  })
  afterEach(() => server.close())

  it('finds answers that take too long, by the share that was named and the routes together', async () => {
    answered(100, { seconds: 0.02 })
    traffic = once(() => {
      answered(90, { seconds: 0.02 })
      answered(10, { seconds: 2, route: '/slow' })
    })
    const error = await watch('latency:p95>1500ms')
    expect(error).to.include({ code: 'upgrade_latency' })
    expect(error?.message).to.match(
      /^Of 100 answers of the new version the p95 is 1750 ms, more than 1500 ms/,
    )
  })

  it('lets those pass that keep to it, and what took long before it began', async () => {
    answered(100, { seconds: 9 })
    traffic = once(() => {
      answered(96, { seconds: 0.02 })
      answered(4, { seconds: 9 })
    })
    expect(await watch('latency:p95>1500ms', 'error-rate')).to.equal(undefined)
  })

  it('tells of what is beyond every bound that it is', async () => {
    traffic = once(() => answered(30, { seconds: 60 }))
    expect((await watch('latency:p50>2s'))?.message).to.include('the p50 is over 10000 ms')
  })

  it('counts on where the server starts anew in the middle', async () => {
    answered(1_000, { seconds: 0.02 })
    traffic = once(() => {
      metrics = new Metrics()
      answered(30, { seconds: 0.02, status: '5xx' })
    })
    expect(await watch('error-rate>50%')).to.include({ code: 'upgrade_error_rate' })
  })

  it('finds more failures than may be, and says nothing of too few requests', async () => {
    traffic = once(() => {
      answered(94, { seconds: 0.02 })
      answered(6, { seconds: 0.02, status: '5xx' })
    })
    expect((await watch('error-rate'))?.message).to.equal(
      'Of 100 requests to the new version 6 failed, more than 5 %.',
    )
    expect(await watch('error-rate>10%')).to.equal(undefined)
    metrics = new Metrics()
    traffic = once(() => answered(19, { seconds: 5, status: '5xx' }))
    expect(await watch('error-rate', 'latency:p50>1s')).to.equal(undefined)
  })

  it('knows a condition by its notation, and no other', () => {
    expect(parseCondition('error-rate')).to.deep.equal({ kind: 'error-rate', above: 0.05 })
    expect(parseCondition('error-rate>2.5%')).to.deep.equal({ kind: 'error-rate', above: 0.025 })
    expect(parseCondition('latency:p99.9>2s')).to.deep.equal({
      kind: 'latency',
      percentile: 99.9,
      aboveMs: 2_000,
    })
    for (const text of [
      'latency',
      'latency:p95',
      'latency:p0>1s',
      'latency:p95>10s',
      'latency:p95>0ms',
      'error-rate>',
      'slow',
    ])
      expect(parseCondition(text), text).to.equal(undefined)
  })

  function answered(
    times: number,
    { seconds, route = '/a', status = '2xx' }: { seconds: number; route?: string; status?: string },
  ): void {
    for (let n = 0; n < times; n++) metrics.requests.labels({ method: 'GET', route, status }).observe(seconds)
  }

  function watch(...texts: string[]): Promise<(Error & { code: string }) | undefined> {
    const conditions = texts.map((text) => parseCondition(text) as RollbackCondition)
    return watchAnswers(deployment, { watchS: 0.3, conditions }, { update: () => undefined }).then(
      () => undefined,
      (error: Error & { code: string }) => error,
    )
  }

  function once(work: () => void): () => void {
    let isDone = false
    return () => {
      if (!isDone) work()
      isDone = true
    }
  }
})
