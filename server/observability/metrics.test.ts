import { expect } from 'chai'
import { useNotes } from '../../test/notes-service.js'
import { FreshCache } from '../storage/fresh-cache.js'

const METRICS_TOKEN = '5c'.repeat(32)

describe('the metrics', () => {
  const notes = useNotes({ settings: { RATE_LIMIT_FACTOR: '1', METRICS_TOKEN } })
  const read = async () => (await notes.anonymous.get('/metrics')).text
  const figure = (text: string, line: string) =>
    Number(
      text
        .split('\n')
        .find((one) => one.startsWith(`${line} `))
        ?.split(' ')
        .at(-1),
    )

  it('count and time requests by route and status, never by address or id', async () => {
    const caller = notes.caller()
    const { body } = await caller.post('/notes/v1/notes', { body: 'x' })
    await caller.get(`/notes/v1/notes/${body.id}`)
    await caller.get('/notes/v1/notes/01970000-0000-7000-8000-000000000000')
    const text = await read()
    const series = (status: number) =>
      `vetrai_http_request_duration_seconds_count{method="get",route="/notes/v1/notes/:noteId",status="${status}"}`
    expect(figure(text, series(200))).to.equal(1)
    expect(figure(text, series(404))).to.equal(1)
    expect(text).to.match(/vetrai_http_request_duration_seconds_bucket\{le="0\.01",method="post"/)
    expect(text).not.to.contain(body.id).and.not.to.contain(String(caller.tenantId))
    expect(figure(text, 'vetrai_http_requests_in_flight')).to.equal(0)
  })

  it('show how the connections are used, those of transactions and of single reads', async () => {
    await notes.caller().get('/notes/v1/notes')
    const text = await read()
    for (const role of ['app', 'system']) {
      for (const pool of ['transactions', 'reads']) {
        for (const state of ['total', 'idle', 'waiting']) {
          const line = `vetrai_database_connections{role="${role}",pool="${pool}",state="${state}"}`
          expect(figure(text, line), line).to.be.at.least(0)
        }
      }
    }
    const used = 'vetrai_database_connections{role="app",pool="transactions",state="total"}'
    expect(figure(text, used)).to.be.above(0)
  })

  it('count refusals by limits, bad credentials, and limits counted without Redis', async () => {
    const caller = notes.caller()
    await Promise.all(Array.from({ length: 31 }, () => caller.get('/notes/v1/me')))
    await notes.anonymous.with({ authorization: 'Bearer test:bad' }).get('/notes/v1/notes')
    const text = await read()
    expect(figure(text, 'vetrai_rate_limited_total{policy="auth"}')).to.equal(1)
    expect(figure(text, 'vetrai_authentications_total{outcome="refused"}')).to.equal(1)
    expect(figure(text, 'vetrai_limiter_fallback_total')).to.equal(0)
  })

  it('show what the caches of identities save', async () => {
    const cache = new FreshCache<number>({ name: 'people', metrics: notes.server.resources.metrics })
    for (let i = 0; i < 3; i += 1) await cache.get('1', async () => 1)
    const text = await read()
    expect(figure(text, 'vetrai_cache_lookups{cache="people",outcome="hit"}')).to.equal(2)
    expect(figure(text, 'vetrai_cache_lookups{cache="people",outcome="miss"}')).to.equal(1)
  })

  it('are for the same host without a proxy, and else for the operator only', async () => {
    const far = notes.anonymous.with({ 'x-forwarded-for': '203.0.113.7' })
    expect((await far.get('/metrics')).status).to.equal(401)
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    expect((await notes.caller().with(forwarded).get('/metrics')).status).to.equal(403)
    expect((await notes.caller(null, 'super_admin').with(forwarded).get('/metrics')).status).to.equal(200)
  })

  it('are for a scraper elsewhere that sends the token of metrics, which opens nothing else', async () => {
    const far = { 'x-forwarded-for': '203.0.113.7' }
    const send = (token: string) => notes.anonymous.with({ ...far, authorization: `Bearer ${token}` })
    const answer = await send(METRICS_TOKEN).get('/metrics')
    expect(answer.status, answer.text).to.equal(200)
    expect(answer.text).to.contain('vetrai_http_requests_in_flight')
    expect((await send(METRICS_TOKEN).get('/notes/v1/notes')).status).to.equal(401)
    for (const wrong of [
      METRICS_TOKEN.slice(0, -1),
      `${METRICS_TOKEN}0`,
      METRICS_TOKEN.replace('5', '6'),
      '',
    ])
      expect((await send(wrong).get('/metrics')).status, wrong).to.equal(401)
    expect(notes.server.logs.join()).not.to.contain(METRICS_TOKEN)
  })

  it('hold the process’s own figures in a real server', () => {
    const { metrics } = notes.server.resources
    metrics.collectProcess()
    const names = metrics.registry.getMetricsAsArray().map(({ name }) => name)
    expect(names).to.include.members([
      'nodejs_eventloop_lag_seconds',
      'process_resident_memory_bytes',
      'nodejs_gc_duration_seconds',
    ])
  })
})
