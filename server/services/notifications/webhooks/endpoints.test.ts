import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { type BuiltUser, buildKey, buildMember } from '../../../../test/build.js'
import type { Answer } from '../../../../test/caller.js'
import { answers, useReceivers } from '../../../../test/receiver.js'
import { useServer } from '../../../../test/server.js'
import { ENDPOINTS_MAX } from './operations/create-endpoint.js'
import { buildEndpoint, made, RECEIVER_SETTINGS, sendApp } from './test-support.js'

const BASE = '/notifications/v1'
const ENDPOINTS = `${BASE}/webhook-endpoints`
/** An address that is on the public internet. Nothing is sent there: nobody sends what is subscribed to. */
const PUBLIC = { url: 'https://93.184.215.14/hook' }

describe('webhook endpoints', function () {
  this.timeout(60_000)
  const server = useServer({ settings: RECEIVER_SETTINGS })
  const receivers = useReceivers()
  let owner: BuiltUser

  beforeEach(async () => {
    server.now = undefined
    owner = await buildMember(server)
  })

  const create = (body: object): Promise<Answer> =>
    owner.api.post(ENDPOINTS, { ...PUBLIC, event_types: ['app.never'], ...body })

  it('are made with a secret that is shown this once', async () => {
    const created = await create({ description: 'The shop', event_types: ['keys.*', 'keys.*'] })
    expect([created.status, created.headers.get('location')]).to.deep.equal([
      201,
      `${ENDPOINTS}/${created.body.id}`,
    ])
    expect(created.body).to.deep.include({
      description: 'The shop',
      event_types: ['keys.*'],
      enabled: true,
      headers: [],
      rate_per_minute: null,
    })
    expect(created.body.secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const shown = await owner.api.get(`${ENDPOINTS}/${created.body.id}`)
    const { secret, ...rest } = created.body
    expect(shown.body).to.deep.equal(rest)
    expect((await made(owner.api.get(ENDPOINTS))).data).to.deep.equal([rest])
    expect(secret).to.be.a('string')
  })

  it('take every type of event that is offered, and all of each service', async () => {
    const { data } = await made(owner.api.get(`${BASE}/event-types`))
    const types = data.map(({ type }: { type: string }) => type)
    for (const eventTypes of [types, types.map((type: string) => `${type.split('.')[0]}.*`)]) {
      const { status, text } = await create({ event_types: eventTypes, enabled: false })
      expect(status, text).to.equal(201)
    }
  })

  it('take a secret of the receiver’s own', async () => {
    const receiver = await receivers()
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    await buildEndpoint(owner, receiver, { secret, signing: ['v1', 'v1a'] })
    await sendApp(owner)
    await server.work()
    const { body, headers } = receiver.last
    new Webhook(secret).verify(body, headers as Record<string, string>)
    expect((await create({ secret, signing: ['v1a'] })).status).to.equal(422)
    expect((await create({ secret: 'whsec_short' })).status).to.equal(422)
  })

  it('are refused where nothing may be sent', async () => {
    const refused = [
      ...[
        'http://93.184.215.14/',
        'http://127.0.0.2/',
        'https://10.0.0.1/',
        'https://169.254.169.254/latest',
      ],
      ...['https://[::1]/', 'https://[::ffff:127.0.0.2]/', 'https://0x7f.2/', 'https://localhost.:1/x'],
      ...['https://user:pass@93.184.215.14/', 'https://93.184.215.14:6379/', 'https://no-such-host.invalid/'],
    ]
    for (const url of refused) {
      const { status, body } = await create({ url })
      expect([status, body.code], url).to.deep.equal([422, 'notifications.webhook_url_refused'])
    }
    for (const url of ['ftp://example.com/', '/hook', 'https://93.184.215.14/#part', 'x'.repeat(3_000)])
      expect((await create({ url })).body.code, url).to.equal('request.invalid')
    const { body } = await create({})
    const moved = await owner.api.patch(`${ENDPOINTS}/${body.id}`, { url: 'https://10.0.0.1/' })
    expect(moved.body.code).to.equal('notifications.webhook_url_refused')
  })

  it('are refused with subscriptions that nothing can ever match, and with headers of ours', async () => {
    const unknown = await create({
      event_types: ['keys.*', 'keys.key.revokd', 'auth.token.requested', 'no.*'],
    })
    expect([unknown.status, unknown.body.detail]).to.deep.equal([
      422,
      'There is no such event type: keys.key.revokd, auth.token.requested, no.*.',
    ])
    const headers = [
      ...[
        'Webhook-Signature',
        'webhook-id',
        'HOST',
        'Content-Length',
        'transfer-encoding',
        'a b',
        '__proto__:',
      ],
    ]
    for (const name of headers)
      expect((await create({ headers: { [name]: 'x' } })).status, name).to.equal(422)
    expect((await create({ headers: { ok: 'a\r\nb: c' } })).status).to.equal(422)
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`x-${i}`, 'y']))
    expect((await create({ headers: many })).status).to.equal(422)
  })

  it('change by the version that was read', async () => {
    const { body } = await create({})
    const path = `${ENDPOINTS}/${body.id}`
    const etag = (await owner.api.get(path)).headers.get('etag') ?? ''
    const change = (headers: Record<string, string>) =>
      owner.api
        .with(headers)
        .patch(path, { description: 'changed', event_types: ['app.*'], rate_per_minute: 60 })
    const changed = await change({ 'if-match': etag })
    expect(changed.body).to.deep.include({
      description: 'changed',
      event_types: ['app.*'],
      rate_per_minute: 60,
    })
    expect((await change({ 'if-match': etag })).status).to.equal(412)
    expect((await owner.api.with({ 'if-match': etag }).delete(path)).status).to.equal(412)
    expect((await owner.api.delete(path)).status).to.equal(204)
    expect((await owner.api.get(path)).status).to.equal(404)
  })

  it('keep their version while messages are delivered', async () => {
    const receiver = await receivers()
    receiver.behave = (response, n) => answers(n % 2 ? 500 : 200)(response, n)
    const { id } = await buildEndpoint(owner, receiver)
    const etag = async () => (await owner.api.get(`${ENDPOINTS}/${id}`)).headers.get('etag')
    const before = await etag()
    await sendApp(owner)
    await sendApp(owner)
    await server.work()
    expect(receiver.requests).to.have.length(2)
    expect(await etag()).to.equal(before)
  })

  it('are fifty at most, also when many are made at once', async () => {
    const some = await Promise.all(Array.from({ length: ENDPOINTS_MAX + 5 }, () => create({})))
    const statuses = some.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).to.have.length(ENDPOINTS_MAX)
    expect(statuses.filter((status) => status === 409)).to.have.length(5)
  })

  it('get new keys of other kinds, and eight at most', async () => {
    const { body } = await create({})
    const rotate = (more: object) => owner.api.post(`${ENDPOINTS}/${body.id}/rotate`, more)
    const changed = await made(rotate({ signing: ['v1a'] }))
    expect(changed.secret).to.equal(null)
    const kinds = changed.signing.map((key: { scheme: string; expires_at: string | null }) => [
      key.scheme,
      key.expires_at === null,
    ])
    expect(kinds).to.deep.equal([
      ['v1a', true],
      ['v1', false],
    ])
    for (let n = 0; n < 6; n += 1) await made(rotate({}))
    expect((await rotate({})).body.code).to.equal('notifications.webhook_too_many_keys')
    expect((await made(rotate({ overlap_s: 0 }))).signing).to.have.length(1)
  })

  it('are tested by an example that says it is one, also while disabled', async () => {
    const receiver = await receivers()
    receiver.behave = answers(500)
    const { id } = await buildEndpoint(owner, receiver, { enabled: false })
    const test = (body?: object) => owner.api.post(`${ENDPOINTS}/${id}/test`, body)
    const plain = await test()
    expect([plain.status, plain.headers.get('location')]).to.deep.equal([
      202,
      `${BASE}/webhook-messages/${plain.body.id}`,
    ])
    await made(test({ type: 'keys.key.revoked' }))
    await server.work()
    const bodies = receiver.requests.map(({ body }) => JSON.parse(body))
    expect(bodies.map(({ type, test: isTest }) => [type, isTest])).to.have.deep.members([
      ['webhook.test', true],
      ['keys.key.revoked', true],
    ])
    const [delivery] = (await made(owner.api.get(`${BASE}/webhook-messages/${plain.body.id}`))).deliveries
    expect(delivery).to.include({ status: 'failed', attempts: 1 })
    expect((await made(owner.api.get(`${ENDPOINTS}/${id}/stats`))).failures).to.equal(0)
    expect((await test({ type: 'keys.key.nonsense' })).status).to.equal(422)
  })

  it('are for administrators to change, for staff to see, and hidden from others', async () => {
    const { body } = await create({})
    const member = await buildMember(server, { tenant: owner.tenant, role: 'user' })
    const stranger = await buildMember(server)
    const path = `${ENDPOINTS}/${body.id}`
    expect((await server.anonymous.get(path)).status).to.equal(401)
    expect((await member.api.get(path)).status).to.equal(403)
    expect((await stranger.api.get(path)).status).to.equal(404)
    const reader = server.as((await buildKey(owner, ['webhooks:read'])).key)
    const sender = server.as((await buildKey(owner, ['webhooks:send'])).key)
    expect((await reader.get(path)).status).to.equal(200)
    expect((await reader.post(`${path}/rotate`, {})).status).to.equal(403)
    expect((await sender.get(path)).status).to.equal(403)
    expect((await sender.post(`${BASE}/webhook-messages`, { type: 'app.a', data: {} })).status).to.equal(201)
  })
})
