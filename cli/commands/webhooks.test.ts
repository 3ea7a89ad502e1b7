import { expect } from 'chai'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

const URL = 'https://example.com/webhooks'
const BASE = '/notifications/v1/webhook-endpoints'
const ENDPOINT = {
  id: '01990f6e-5f0e-7000-8000-000000000001',
  url: URL,
  description: 'The shop',
  event_types: ['keys.*', 'app.*'],
  headers: ['authorization'],
  rate_per_minute: null,
  enabled: true,
  disabled_reason: null,
  signing: [{ scheme: 'v1a', public_key: 'whpk_abc', created_at: '2026-11-25T10:00:00Z', expires_at: null }],
  created_at: '2026-11-25T10:00:00.000Z',
}
const ISSUED = { ...ENDPOINT, secret: 'whsec_shownonce' }
const DELIVERY = {
  message_id: 'm1',
  endpoint_id: ENDPOINT.id,
  status: 'delivered',
  reason: null,
  attempts: 1,
}
const MESSAGE = { id: 'm1', type: 'webhook.test', source: 'test', occurred_at: '', deliveries: [DELIVERY] }
const page = (...data: object[]) => ({ body: { data, next_cursor: null, has_more: false } })
const withStatus = (status: string, reason: string | null = null) => ({
  ...MESSAGE,
  deliveries: [{ ...DELIVERY, status, reason }],
})

describe('webhooks commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => {
    bed.stub.reset()
    bed.stub.on(`GET ${BASE}`, page(ENDPOINT))
  })
  after(() => bed.remove())

  it('list endpoints, all or those in one state', async () => {
    const run = await bed.run('webhooks list --tenant acme --state disabled')
    expect(run.stdout)
      .to.match(/URL +EVENTS/)
      .and.include('keys.*,app.*')
    expect(bed.stub.seen[0]?.query).to.deep.equal({ enabled: 'false', limit: '50' })
    expect(bed.stub.seen[0]?.headers['x-tenant']).to.equal('acme')
    bed.stub.on(`GET ${BASE}`, page())
    expect((await bed.run('webhooks list --tenant acme')).stdout).to.include('vetrai webhooks create')
  })

  it('make one, show its secret this once, and take headers from standard input only', async () => {
    bed.stub.on(`POST ${BASE}`, { status: 201, body: ISSUED })
    const run = await bed.run(
      `webhooks create ${URL} --tenant acme --events keys.*,app.* --signing v1,v1a --rate-per-minute 60 --headers-stdin`,
      'authorization: Bearer abc: def\n\nx-shop: 7\n',
    )
    expect(run.stdout).to.include('whsec_shownonce').and.include('not shown again')
    expect(bed.stub.seen[0]?.body).to.deep.equal({
      url: URL,
      event_types: ['keys.*', 'app.*'],
      signing: ['v1', 'v1a'],
      rate_per_minute: 60,
      headers: { authorization: 'Bearer abc: def', 'x-shop': '7' },
    })
    const odd = await bed.run(
      `webhooks create ${URL} --tenant acme --events * --headers-stdin`,
      'Bearer-abcdef',
    )
    expect(odd.code).to.equal(2)
    expect(odd.stdout + odd.stderr).to.not.include('abcdef')
    expect((await bed.run(`webhooks create ${URL} --tenant acme`)).code).to.equal(2)
  })

  it('find one by id or by its URL, and say what to do where several have it', async () => {
    bed.stub.on(`GET ${BASE}/${ENDPOINT.id}`, { body: ENDPOINT })
    expect((await bed.run(`webhooks info ${ENDPOINT.id} --tenant acme --json`)).json()).to.deep.equal(
      ENDPOINT,
    )
    const byUrl = await bed.run(`webhooks info ${URL} --tenant acme`)
    expect(byUrl.stdout).to.include('whpk_abc').and.include('The shop')
    expect(bed.stub.seen.at(-1)?.query).to.deep.equal({ url: URL, limit: '10' })
    bed.stub.on(`GET ${BASE}`, page(ENDPOINT, { ...ENDPOINT, id: 'other' }))
    const several = await bed.run(`webhooks info ${URL} --tenant acme --json`)
    expect(several.json<{ error: object }>().error).to.include({ code: 'webhook_url_ambiguous' })
    bed.stub.on(`GET ${BASE}`, page())
    for (const unknown of [URL, 'the-shop']) {
      const run = await bed.run(`webhooks info ${unknown} --tenant acme --json`)
      expect(run.json<{ error: object }>().error).to.include({ code: 'webhook_not_found' })
    }
  })

  it('change what is given, and refuse to change nothing', async () => {
    bed.stub.on(`PATCH ${BASE}/${ENDPOINT.id}`, {
      body: { ...ENDPOINT, enabled: false, disabled_reason: 'manual' },
    })
    const run = await bed.run(`webhooks update ${URL} --tenant acme --state disabled --rate-per-minute 0`)
    expect(run.stdout).to.include('disabled (manual)')
    expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ enabled: false, rate_per_minute: null })
    expect((await bed.run(`webhooks update ${URL} --tenant acme`)).code).to.equal(2)
  })

  it('delete one only when its URL is repeated', async () => {
    bed.stub.on(`DELETE ${BASE}/${ENDPOINT.id}`, { status: 204 })
    const [asked, wrong] = [
      await bed.run(`webhooks delete ${URL} --tenant acme`),
      await bed.run(`webhooks delete ${URL} --tenant acme --confirm https://example.org/`),
    ]
    expect([asked.code, wrong.code]).to.deep.equal([2, 4])
    expect(bed.stub.seen.map(({ method }) => method)).to.not.include('DELETE')
    const right = await bed.run(`webhooks delete ${URL} --tenant acme --confirm ${URL} --json`)
    expect(right.json()).to.deep.equal({ id: ENDPOINT.id, url: URL, deleted: true })
  })

  it('rotate keys with an overlap, a day unless it is said', async () => {
    bed.stub.on(`POST ${BASE}/${ENDPOINT.id}/rotate`, { body: { ...ISSUED, secret: null } })
    const run = await bed.run(`webhooks rotate ${URL} --tenant acme --signing v1a`)
    expect(run.stdout).to.include('whpk_abc').and.not.include('not shown again')
    expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ overlap_s: 86_400, signing: ['v1a'] })
    await bed.run(`webhooks rotate ${URL} --tenant acme --overlap 0`)
    expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ overlap_s: 0 })
  })

  it('test one, wait for what comes of it, and exit 1 unless the receiver took it', async () => {
    const states = ['pending', 'delivered']
    bed.stub.on(`POST ${BASE}/${ENDPOINT.id}/test`, { status: 202, body: withStatus('pending') })
    bed.stub.on('GET /notifications/v1/webhook-messages/m1', () => ({
      body: withStatus(states.shift() ?? 'failed', 'The receiver answered 500.'),
    }))
    const good = await bed.run(`webhooks test ${URL} --tenant acme --type keys.key.revoked`)
    expect([good.code, good.stdout]).to.deep.equal([0, '✓ The receiver took message m1.\n'])
    const bad = await bed.run(`webhooks test ${URL} --tenant acme`)
    expect(bad.code).to.equal(1)
    expect(bad.stdout).to.include('The receiver answered 500.')
    const late = await bed.run(`webhooks test ${URL} --tenant acme --wait 0 --json`)
    expect([late.code, late.json()]).to.deep.equal([1, withStatus('pending')])
  })

  it('list attempts, start a replay and list event types', async () => {
    const attempt = {
      id: 'a1',
      message_id: 'm1',
      number: 2,
      outcome: 'failed',
      status_code: null,
      error: 'The other server did not answer in time.',
      duration_ms: 20_000,
      response: null,
      created_at: '2026-11-25T10:00:00Z',
    }
    bed.stub.on(`GET ${BASE}/${ENDPOINT.id}/attempts`, page(attempt))
    const list = await bed.run(`webhooks attempts ${URL} --tenant acme --outcome failed --message m1`)
    expect(list.stdout).to.include('did not answer in time').and.include('20000')
    expect(bed.stub.seen.at(-1)?.query).to.deep.equal({ outcome: 'failed', message_id: 'm1', limit: '50' })

    bed.stub.on(`POST ${BASE}/${ENDPOINT.id}/replay`, { status: 202, body: { job_id: 'j1' } })
    const since = '2026-11-25T00:00:00Z'
    expect((await bed.run(`webhooks replay ${URL} --tenant acme --since ${since}`)).stdout).to.include('j1')
    expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ since })

    const type = { type: 'keys.key.revoked', service: 'keys', description: 'Revoked.', example: {} }
    bed.stub.on('GET /notifications/v1/event-types', page(type))
    expect((await bed.run('webhooks events --tenant acme')).stdout).to.include('keys.key.revoked')
  })
})
