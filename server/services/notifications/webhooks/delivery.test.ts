import { createPublicKey, verify } from 'node:crypto'
import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { type BuiltUser, buildKey, buildMember } from '../../../../test/build.js'
import { figure } from '../../../../test/figures.js'
import { answers, useReceivers } from '../../../../test/receiver.js'
import { useServer } from '../../../../test/server.js'
import { backgroundContext } from '../../../kernel/context.js'
import type { StoredEvent } from '../../../kernel/events.js'
import { tellEndpoints } from './operations/tell-endpoints.js'
import { buildEndpoint, made, RECEIVER_SETTINGS, sendApp, timePasses } from './test-support.js'

const BASE = '/notifications/v1'
const SECOND = 1_000
const HOUR = 3_600 * SECOND

describe('delivering webhooks', function () {
  this.timeout(60_000)
  const server = useServer({ settings: RECEIVER_SETTINGS })
  const receivers = useReceivers()
  let owner: Pick<BuiltUser, 'id' | 'email' | 'tenant' | 'api'>

  before(async () => {
    const member = await buildMember(server)
    // A key does not expire while the clock is set forward.
    owner = { ...member, api: server.as((await buildKey(member, ['*'])).key) }
    await server.work()
  })
  beforeEach(async () => {
    server.now = undefined
    const { data } = await made(owner.api.get(`${BASE}/webhook-endpoints?limit=200`))
    for (const { id } of data) await made(owner.api.delete(`${BASE}/webhook-endpoints/${id}`))
  })

  const message = (id: string) => made(owner.api.get(`${BASE}/webhook-messages/${id}`))
  const attempts = async (id: string) =>
    (await made(owner.api.get(`${BASE}/webhook-messages/${id}/attempts`))).data
  const endpoint = (id: string) => made(owner.api.get(`${BASE}/webhook-endpoints/${id}`))
  const stats = (id: string) => made(owner.api.get(`${BASE}/webhook-endpoints/${id}/stats`))

  it('sends an event of the organisation, signed, with its ids and its time', async () => {
    const receiver = await receivers()
    const { secret } = await buildEndpoint(owner, receiver, { event_types: ['keys.key.created'] })
    const key = await buildKey(owner, ['tenancy:read'])
    await server.work()
    expect(receiver.requests).to.have.length(1)
    const { body, headers } = receiver.last
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).to.deep.include({
      type: 'keys.key.created',
      data: { key_id: key.id },
    })
    expect(Date.parse(JSON.parse(body).timestamp)).to.be.closeTo(Date.now(), 60_000)
    expect(headers).to.include({ 'content-type': 'application/json' })
    expect(headers['user-agent']).to.match(/^VetrAI-Webhooks\//)
  })

  it('sends to who subscribes, of the same organisation, and to nobody else', async () => {
    const other = await buildMember(server)
    const subscribed = async (to: typeof owner, eventTypes: string[], more: object = {}) => {
      const receiver = await receivers()
      await buildEndpoint(to, receiver, { event_types: eventTypes, ...more })
      return receiver
    }
    const told = [
      await subscribed(owner, ['*']),
      await subscribed(owner, ['keys.*', 'keys.key.created']),
      await subscribed(owner, ['keys.key.created']),
    ]
    const untold = [
      await subscribed(owner, ['tenancy.*', 'app.*', 'keys.key.deleted']),
      await subscribed(owner, ['*'], { enabled: false }),
      await subscribed(other, ['*']),
    ]
    await server.work()
    for (const receiver of [...told, ...untold]) receiver.requests.length = 0
    await buildKey(owner, ['tenancy:read'])
    await server.work()
    expect(told.map(({ requests }) => requests.length)).to.deep.equal([1, 1, 1])
    expect(untold.map(({ requests }) => requests.length)).to.deep.equal([0, 0, 0])
  })

  it('makes one message of an event, however often it is handed over', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver, { event_types: ['keys.*'] })
    await buildKey(owner, ['tenancy:read'])
    await server.work()
    const { db } = server.resources
    await db.readSystem({
      text: `update outbox set delivered_at = null, delivered_to = '{}', next_attempt_at = now()
        where created_at = (select max(created_at) from outbox)`,
    })
    await server.work()
    expect(receiver.requests).to.have.length(1)
  })

  it('keeps plumbing between services to itself', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver, { event_types: ['*'] })
    const ctx = backgroundContext(server.resources, 'test')
    const requestId = owner.id
    await ctx.system('a test', () => ctx.emit('auth.token.requested', { requestId }, owner.tenant.id))
    await server.work()
    expect(receiver.requests).to.deep.equal([])
  })

  it('signs with ed25519 so that the key shown at the endpoint verifies it', async () => {
    const receiver = await receivers()
    const { id, secret } = await buildEndpoint(owner, receiver, { signing: ['v1a'] })
    expect(secret).to.equal(null)
    await sendApp(owner)
    await server.work()
    const [{ public_key }] = (await endpoint(id)).signing
    const raw = Buffer.from(public_key.replace('whpk_', ''), 'base64')
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
    const { headers, body } = receiver.last
    const [scheme, signature] = String(headers['webhook-signature']).split(',')
    const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    expect(scheme).to.equal('v1a')
    expect(verify(null, signed, key, Buffer.from(signature ?? '', 'base64'))).to.equal(true)
  })

  it('signs with old and new keys while a rotation overlaps, and with the new one only afterwards', async () => {
    const receiver = await receivers()
    const old = await buildEndpoint(owner, receiver)
    const rotate = (body: object) => made(owner.api.post(`${BASE}/webhook-endpoints/${old.id}/rotate`, body))
    const fresh = await rotate({ overlap_s: 600 })
    expect(fresh.secret)
      .to.match(/^whsec_/)
      .and.not.equal(old.secret)
    const received = async () => {
      await sendApp(owner)
      await server.work()
      const { headers, body } = receiver.last
      return { body, headers: headers as Record<string, string> }
    }
    const during = await received()
    for (const secret of [old.secret, fresh.secret]) new Webhook(secret).verify(during.body, during.headers)
    expect(during.headers['webhook-signature']?.split(' ')).to.have.length(2)

    await timePasses(server, 601 * SECOND)
    const after = await received()
    expect(after.headers['webhook-signature']?.split(' ')).to.have.length(1)
    server.now = undefined
    const leaked = await rotate({ overlap_s: 0 })
    const last = await received()
    new Webhook(leaked.secret).verify(last.body, last.headers)
    expect(last.headers['webhook-signature']?.split(' ')).to.have.length(1)
  })

  it('tries again by the schedule until the receiver takes it, under one id and fresh timestamps', async () => {
    const receiver = await receivers()
    receiver.behave = (response, n) => answers(n <= 3 ? 500 : 200)(response, n)
    const { id: endpointId, secret } = await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    for (const pause of [0, 5.5 * SECOND, 331 * SECOND, 1_981 * SECOND]) {
      await timePasses(server, pause)
      await server.work()
    }
    expect(receiver.ids).to.deep.equal([id, id, id, id])
    const times = receiver.requests.map(({ headers }) => Number(headers['webhook-timestamp']))
    expect(times).to.deep.equal([...new Set(times)].sort((a, b) => a - b))
    expect(new Set(receiver.requests.map(({ body }) => body)).size).to.equal(1)
    expect(receiver.requests[0]?.headers['webhook-signature']).to.not.equal(
      receiver.requests[1]?.headers['webhook-signature'],
    )
    const [delivery] = (await message(id)).deliveries
    expect(delivery).to.include({ status: 'delivered', attempts: 4, next_attempt_at: null, reason: null })
    const outcomes = (await attempts(id)).map((one: { outcome: string }) => one.outcome)
    expect(outcomes).to.deep.equal(['succeeded', 'failed', 'failed', 'failed'])
    expect(await stats(endpointId)).to.deep.include({ failures: 0, failing_since: null })
    expect(secret).to.match(/^whsec_/)
  })

  it('does not try again before the pause is over', async () => {
    const receiver = await receivers()
    receiver.behave = answers(500)
    await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    await server.work()
    await timePasses(server, 2 * SECOND)
    await server.work()
    expect(receiver.requests).to.have.length(1)
    const [delivery] = (await message(id)).deliveries
    expect(delivery).to.include({ status: 'pending', attempts: 1 })
    expect(delivery.next_attempt_at).to.be.a('string')
  })

  it('gives up after ten attempts, and says so', async () => {
    const receiver = await receivers()
    receiver.behave = answers(404, { 'content-type': 'text/plain' }, 'no such page')
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    for (let round = 0; round < 12; round += 1) {
      await server.work()
      await timePasses(server, 27 * HOUR)
    }
    expect(receiver.requests).to.have.length(10)
    const [delivery] = (await message(id)).deliveries
    expect(delivery).to.include({ status: 'failed', attempts: 10, reason: 'The receiver answered 404.' })
    expect((await attempts(id))[0]).to.include({
      number: 10,
      status_code: 404,
      error_code: 'http_404',
      response: 'no such page',
    })
    expect((await stats(endpointId)).failures).to.equal(10)
  })

  it('counts attempts by what the receiver answered, and deliveries by how they ended', async () => {
    const figures = async () => [
      await figure(server, 'vetrai_webhook_attempt_duration_seconds_count', { outcome: 'http_5xx' }),
      await figure(server, 'vetrai_webhook_attempt_duration_seconds_count', { outcome: 'delivered' }),
      await figure(server, 'vetrai_webhook_deliveries_total', { outcome: 'delivered' }),
      await figure(server, 'vetrai_webhook_deliveries_total', { outcome: 'skipped' }),
      await figure(server, 'vetrai_webhook_endpoints_disabled_total', { reason: 'gone' }),
      await figure(server, 'vetrai_webhook_attempt_duration_seconds_count', { outcome: 'http_4xx' }),
      await figure(server, 'vetrai_webhook_deliveries_total', { outcome: 'failed' }),
    ]
    const before = await figures()
    const [well, gone] = [await receivers(), await receivers()]
    well.behave = answers(500)
    gone.behave = answers(410)
    await buildEndpoint(owner, well)
    await buildEndpoint(owner, gone)
    await sendApp(owner)
    await server.work()
    well.behave = answers(200)
    await timePasses(server, HOUR)
    await sendApp(owner)
    await server.work()
    const after = await figures()
    expect(after.map((count, i) => count - (before[i] ?? 0))).to.deep.equal([1, 2, 2, 1, 1, 1, 1])
  })

  it('cuts an event that is too large down to its ids', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver, { event_types: ['keys.key.updated'] })
    const ctx = backgroundContext(server.resources, 'test')
    const fields = Array.from({ length: 5_000 }, (_, i) => `field ${i}`)
    const event = { keyId: owner.id, fields }
    await ctx.system('a test', () => ctx.emit('keys.key.updated', event, owner.tenant.id))
    await server.work()
    expect(JSON.parse(receiver.last.body).data).to.deep.equal({ key_id: owner.id })
  })

  it('tells nobody that its own jobs failed: that would make the next', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver, { event_types: ['*'] })
    const ctx = backgroundContext(server.resources, 'test', { ...owner.tenant, status: 'active' })
    const event = {
      id: owner.id,
      name: 'keys.key.updated',
      tenantId: owner.tenant.id,
      occurredAt: new Date(),
    }
    const about = (kind: string) =>
      ({ ...event, payload: { keyId: owner.id, fields: [], kind } }) as StoredEvent
    await ctx.transaction(() => tellEndpoints(ctx, about('notifications.deliver-webhook')))
    await server.work()
    expect(receiver.requests).to.deep.equal([])
    await ctx.transaction(() => tellEndpoints(ctx, about('keys.prune-usage')))
    await server.work()
    expect(receiver.requests).to.have.length(1)
  })

  it('sends custom headers, which cannot take the place of its own, and keeps their values to itself', async () => {
    const receiver = await receivers()
    receiver.behave = (response) =>
      answers(200, { 'content-type': 'text/plain' }, 'token-of-ours, thanks')(response, 1)
    const headers = { Authorization: 'token-of-ours', 'X-Shop': '7' }
    const { id: endpointId, headers: names } = await buildEndpoint(owner, receiver, { headers })
    expect(names).to.deep.equal(['authorization', 'x-shop'])
    const { id } = await sendApp(owner)
    await server.work()
    expect(receiver.last.headers).to.include({ authorization: 'token-of-ours', 'x-shop': '7' })
    expect((await attempts(id))[0].response).to.equal('[removed], thanks')
    expect(JSON.stringify(await endpoint(endpointId))).to.not.include('token-of-ours')
  })

  it('skips what waits for an endpoint that is disabled or deleted', async () => {
    const receiver = await receivers()
    receiver.behave = answers(500)
    const { id: one } = await buildEndpoint(owner, receiver)
    const { id: two } = await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    await server.work()
    await made(owner.api.patch(`${BASE}/webhook-endpoints/${one}`, { enabled: false }))
    await made(owner.api.delete(`${BASE}/webhook-endpoints/${two}`))
    await timePasses(server, 10 * SECOND)
    await server.work()
    expect(receiver.requests).to.have.length(2)
    const reasons = (await message(id)).deliveries.map((one: { reason: string }) => one.reason)
    expect(reasons.sort()).to.deep.equal(['the endpoint is disabled', 'the endpoint was deleted'])
  })
})
