import { expect } from 'chai'
import { useNotes } from '../../test/notes-service.js'
import { rawRequest } from '../../test/raw-request.js'

const ORIGIN = 'https://app.example.com'

describe('headers', () => {
  const notes = useNotes({
    settings: {
      CORS_ORIGINS: `${ORIGIN},http://localhost:3000`,
      TRUST_PROXY: '127.0.0.1,10.0.0.0/8',
      VETRAI_PUBLIC_URL: 'https://api.example.com',
    },
  })
  const echo = (headers: Record<string, string>) => notes.anonymous.post('/notes/v1/echo', {}, { headers })

  it('of security are on every answer, also of errors and pages', async () => {
    const caller = notes.caller()
    const answers = await Promise.all([
      caller.get('/notes/v1/notes'),
      caller.get('/notes/v1/nowhere'),
      caller.delete('/notes/v1/notes'),
      caller.post('/notes/v1/notes', '{'),
      notes.anonymous.get('/notes/v1/notes'),
      notes.anonymous.get('/nowhere'),
      notes.anonymous.get('/healthz'),
      notes.anonymous.get('/openapi.json'),
      notes.anonymous.get('/docs'),
      caller.post('/notes/v1/failures', { how: 'error' }),
    ])
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).to.equal('nosniff')
      expect(headers.get('content-security-policy')).to.contain("default-src 'none'")
      expect(headers.get('referrer-policy')).to.equal('no-referrer')
      expect(headers.get('strict-transport-security')).to.match(/max-age=\d{8}/)
      expect(headers.get('x-request-id')).to.match(/^[0-9a-f]{32}$/)
      expect(headers.get('cache-control')).to.be.a('string')
      expect(headers.get('x-powered-by')).to.equal(null)
    }
  })

  it('keep a caller’s fit request id in the answer, the error and the log, and replace an unfit one', async () => {
    const res = await notes.anonymous.with({ 'x-request-id': 'my-request.0001' }).get('/notes/v1/notes')
    expect(res.headers.get('x-request-id')).to.equal('my-request.0001')
    expect(res.body.request_id).to.equal('my-request.0001')
    expect(notes.server.logs.some((line) => line.includes('my-request.0001'))).to.equal(true)
    for (const unfit of ['short', 'x'.repeat(65), 'has spaces in it', '<script>alert(1)</script>']) {
      expect((await echo({ 'x-request-id': unfit })).headers.get('x-request-id')).to.match(/^[0-9a-f]{32}$/)
    }
  })

  it('carry a W3C trace id into the context and the log, and make one where it is missing or malformed', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const res = await echo({ traceparent: `00-${trace}-00f067aa0ba902b7-01` })
    expect(res.body.trace).to.equal(trace)
    const line = notes.server.logs.find((one) => one.includes(String(res.headers.get('x-request-id'))))
    expect(JSON.parse(line ?? '{}').trace_id).to.equal(trace)
    for (const traceparent of [
      '',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      'nonsense',
    ]) {
      expect((await echo({ traceparent })).body.trace)
        .to.match(/^[0-9a-f]{32}$/)
        .and.not.to.equal(trace)
    }
  })

  describe('for browsers', () => {
    const preflight = (origin: string) =>
      rawRequest(
        notes.url,
        `OPTIONS /notes/v1/notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: POST\r\n\r\n`,
      )

    it('let an origin on the list in, and echo no other', async () => {
      const allowed = await echo({ origin: ORIGIN })
      expect(allowed.headers.get('access-control-allow-origin')).to.equal(ORIGIN)
      expect(allowed.headers.get('access-control-expose-headers')).to.contain('ETag')
      expect(allowed.headers.get('access-control-allow-credentials')).to.equal(null)
      for (const origin of [
        'https://evil.example.com',
        'null',
        `${ORIGIN}.evil.com`,
        ORIGIN.toUpperCase(),
        '*',
      ]) {
        const res = await echo({ origin })
        expect(res.headers.get('access-control-allow-origin'), origin).to.equal(null)
      }
    })

    it('say that the answer depends on the origin, also to those not on the list', async () => {
      for (const headers of [{ origin: ORIGIN }, { origin: 'https://evil.example.com' }, {}]) {
        expect((await echo(headers)).headers.get('vary')).to.equal('Origin')
      }
    })

    it('answer a preflight, also with an error inside', async () => {
      const answer = await preflight(ORIGIN)
      expect(answer).to.match(/^HTTP\/1\.1 204 /)
      expect(answer.toLowerCase()).to.contain(`access-control-allow-origin: ${ORIGIN}`)
      for (const name of ['idempotency-key', 'if-match', 'x-tenant', 'authorization']) {
        expect(answer.toLowerCase()).to.match(new RegExp(`access-control-allow-headers:.*${name}`))
      }
      expect((await preflight('https://evil.example.com')).toLowerCase()).not.to.contain(
        'access-control-allow',
      )
      const refused = await notes.anonymous.with({ origin: ORIGIN }).get('/notes/v1/notes')
      expect(refused.headers.get('access-control-allow-origin')).to.equal(ORIGIN)
    })
  })

  it('name the methods an address has, and answer HEAD like GET without a body', async () => {
    const caller = notes.caller()
    const res = await caller.put('/notes/v1/notes', {})
    expect([res.status, res.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD, POST'])
    expect((await caller.delete('/notes/v1/echo')).headers.get('allow')).to.equal('POST')
    expect((await caller.call('OPTIONS', '/notes/v1/echo', {})).headers.get('allow')).to.equal('POST')
    expect((await caller.call('PROPFIND', '/notes/v1/notes', {})).headers.get('allow')).to.equal(
      'GET, HEAD, POST',
    )
    const { body } = await caller.post('/notes/v1/notes', { body: 'x' })
    const [get, head] = [
      await caller.get(`/notes/v1/notes/${body.id}`),
      await caller.call('HEAD', `/notes/v1/notes/${body.id}`, {}),
    ]
    expect(head.text).to.equal('')
    for (const name of ['content-length', 'etag', 'content-type']) {
      expect(head.headers.get(name), name).to.equal(get.headers.get(name))
    }
    expect((await caller.call('HEAD', '/notes/v1/echo', {})).status).to.equal(405)
  })

  it('of proxies are believed from trusted ones only, from the right, as canonical addresses', async () => {
    const seen = async (forwarded: string) => (await echo({ 'x-forwarded-for': forwarded })).body.ip
    expect(await seen('203.0.113.7')).to.equal('203.0.113.7')
    expect(await seen('1.1.1.1, 203.0.113.7, 10.1.2.3')).to.equal('203.0.113.7')
    expect(await seen('2001:DB8:0:0::1')).to.equal('2001:db8::1')
    expect(await seen('::ffff:203.0.113.7')).to.equal('203.0.113.7')
    expect(await seen('nonsense')).to.equal('127.0.0.1')
    expect(await seen('203.0.113.7, nonsense')).to.equal('127.0.0.1')
    expect(await seen('')).to.equal('127.0.0.1')
  })
})

describe('headers of a server without proxies', () => {
  const notes = useNotes()

  it('that claim another address are not believed', async () => {
    const headers = {
      'x-forwarded-for': '203.0.113.7',
      forwarded: 'for=203.0.113.7',
      'x-real-ip': '203.0.113.7',
    }
    expect((await notes.anonymous.post('/notes/v1/echo', {}, { headers })).body.ip).to.equal('127.0.0.1')
  })

  it('let no origin in where none is configured', async () => {
    const res = await notes.anonymous.with({ origin: 'https://app.example.com' }).post('/notes/v1/echo', {})
    expect(res.headers.get('access-control-allow-origin')).to.equal(null)
    expect(res.headers.get('vary')).to.equal(null)
  })
})
