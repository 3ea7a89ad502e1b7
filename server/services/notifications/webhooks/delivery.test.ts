import { createPublicKey, verify } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { type BuiltUser, buildKey, buildMember, buildStaff } from '../../../../test/build.js'
import { answers, useReceivers } from '../../../../test/receiver.js'
import { startTwin, useServer } from '../../../../test/server.js'
import { backgroundContext } from '../../../kernel/context.js'
import type { StoredEvent } from '../../../kernel/events.js'
import { readMailbox } from '../../../outbound/read-mailbox.js'
import { createSafeFetch } from '../../../outbound/safe-fetch.js'
import { tellEndpoints } from './operations/tell-endpoints.js'
import { buildEndpoint, made, RECEIVER_SETTINGS, sendApp, timePasses } from './test-support.js'

const BASE = '/notifications/v1'
const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR

describe('delivering webhooks', function () {
  this.timeout(30_000)
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
    await timePasses(server, 4 * SECOND)
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

  it('gives up on a receiver that hangs, and takes the time for a failure', async () => {
    const receiver = await receivers()
    receiver.behave = () => undefined
    await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    await server.work()
    expect((await attempts(id))[0]).to.include({
      outcome: 'failed',
      status_code: null,
      error_code: 'timeout',
    })
  })

  it('sends nothing more to an endpoint that answers 410, and tells its administrators', async () => {
    const receiver = await receivers()
    receiver.behave = answers(410)
    const { id: endpointId } = await buildEndpoint(owner, receiver, { description: 'The shop' })
    const listener = await receivers()
    await buildEndpoint(owner, listener, { event_types: ['notifications.*'] })
    const first = await sendApp(owner)
    await server.work()
    const second = await sendApp(owner)
    await server.work()
    expect(receiver.requests).to.have.length(1)
    expect(await endpoint(endpointId)).to.include({ enabled: false, disabled_reason: 'gone' })
    expect((await message(first.id)).deliveries[0].status).to.equal('failed')
    expect((await message(second.id)).deliveries[0]).to.include({
      status: 'skipped',
      reason: 'the endpoint is disabled',
    })
    expect(JSON.parse(listener.last.body)).to.deep.include({
      type: 'notifications.webhook.disabled',
      data: { endpoint_id: endpointId, reason: 'gone' },
    })
    const mail = await mailTo(server.mailbox, owner.email)
    expect(mail).to.include('The shop').and.include(endpointId).and.include('410')
    expect(mail).to.not.include(receiver.url)
    const { data } = await made(owner.api.get('/tenancy/v1/audit-logs'))
    expect(data.map(({ action }: { action: string }) => action)).to.include('webhook_endpoint.disabled')
  })

  it('disables an endpoint after five days of nothing but failures, and what it misses is kept for later', async () => {
    const receiver = await receivers()
    receiver.behave = answers(500)
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    const path = `${BASE}/webhook-endpoints/${endpointId}`
    await sendApp(owner)
    for (let day = 0; day < 10 && (await endpoint(endpointId)).enabled; day += 1) {
      await server.work()
      if (day === 2) await sendApp(owner)
      await timePasses(server, DAY)
    }
    expect(await endpoint(endpointId)).to.include({ enabled: false, disabled_reason: 'failing' })
    expect((await stats(endpointId)).failures).to.be.at.least(10)
    await server.work()
    const sent = receiver.requests.length
    const missed = await sendApp(owner, { missed: true })
    await server.work()
    expect(receiver.requests).to.have.length(sent)

    receiver.behave = answers(200)
    const since = new Date(Date.now() - DAY).toISOString()
    expect((await owner.api.post(`${path}/replay`, { since })).status).to.equal(409)
    await made(owner.api.patch(path, { enabled: true }))
    const replay = await owner.api.post(`${path}/replay`, { since })
    expect([replay.status, replay.headers.get('location')]).to.deep.equal([
      202,
      `/workers/v1/jobs/${replay.body.job_id}`,
    ])
    await server.work()
    expect(receiver.ids).to.include(missed.id)
    const { data } = await made(owner.api.get(`${path}/deliveries`))
    expect(data.map(({ status }: { status: string }) => status)).to.deep.equal(data.map(() => 'delivered'))
    expect(await stats(endpointId)).to.deep.include({ failures: 0, failing_since: null })
  })

  it('forgets earlier failures after one success', async () => {
    const receiver = await receivers()
    receiver.behave = (response, n) => answers(n === 3 ? 200 : 500)(response, n)
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    await sendApp(owner)
    for (let day = 0; day < 6; day += 1) {
      await server.work()
      await timePasses(server, 2 * DAY)
      await sendApp(owner)
    }
    expect((await endpoint(endpointId)).enabled).to.equal(true)
  })

  it('follows no redirect, and never calls where one points', async () => {
    const [receiver, inside] = [await receivers(), await receivers()]
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.behave = answers(status, { location: inside.url })
      await buildEndpoint(owner, receiver)
      const { id } = await sendApp(owner)
      await server.work()
      const [attempt] = await attempts(id)
      expect(attempt).to.include({ outcome: 'failed', status_code: status })
    }
    expect(inside.requests).to.deep.equal([])
  })

  it('does as a receiver says that asks for time, and sends it nothing else meanwhile', async () => {
    const receiver = await receivers()
    receiver.behave = (response, n) => answers(n === 1 ? 429 : 200, { 'retry-after': '120' })(response, n)
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    const first = await sendApp(owner)
    await server.work()
    const second = await sendApp(owner)
    await timePasses(server, 60 * SECOND)
    await server.work()
    expect(receiver.ids).to.deep.equal([first.id])
    expect((await stats(endpointId)).paused_until).to.be.a('string')
    await timePasses(server, 65 * SECOND)
    await server.work()
    expect(receiver.ids.slice(1).sort()).to.deep.equal([first.id, second.id].sort())
    const all = await attempts(second.id)
    expect(all).to.have.length(1)
  })

  it('spaces deliveries evenly where the endpoint takes so many a minute', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver, { rate_per_minute: 2 })
    const messages = [await sendApp(owner), await sendApp(owner), await sendApp(owner), await sendApp(owner)]
    const counts: number[] = []
    for (let round = 0; round < 4; round += 1) {
      await server.work()
      counts.push(receiver.requests.length)
      await timePasses(server, 33 * SECOND)
    }
    expect(counts).to.deep.equal([1, 2, 3, 4])
    expect([...receiver.ids].sort()).to.deep.equal(messages.map(({ id }) => id).sort())
  })

  it('does not let one slow receiver delay others', async () => {
    const [slow, fast] = [await receivers(), await receivers()]
    const held: ServerResponse[] = []
    slow.behave = (response) => void held.push(response)
    fast.behave = (response, n) => {
      answers(204)(response, n)
      if (n < 10) return
      slow.behave = answers(204)
      for (const one of held) answers(204)(one, 0)
    }
    const { id } = await buildEndpoint(owner, slow)
    await buildEndpoint(owner, fast)
    for (let n = 0; n < 10; n += 1) await sendApp(owner, { n })
    await server.work()
    expect([slow.requests.length, fast.requests.length]).to.deep.equal([10, 10])
    expect(held).to.have.length.within(1, 2)
    expect(await stats(id)).to.deep.include({ attempts: { succeeded: 10, failed: 0 } })
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

  it('reads no more than the beginning of an answer, however large or endless it is', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver)
    const seen = async () => {
      const { id } = await sendApp(owner)
      await server.work()
      return (await attempts(id))[0]
    }
    receiver.behave = answers(
      200,
      { 'content-length': String(1e12), 'content-type': 'text/plain' },
      'x'.repeat(50_000),
    )
    expect(await seen()).to.include({ outcome: 'succeeded', response: 'x'.repeat(1_024) })
    receiver.behave = (response) => {
      const timer = setInterval(() => response.write('drip'), 50)
      response.on('close', () => clearInterval(timer))
    }
    const dripping = await seen()
    expect(dripping).to.include({ outcome: 'succeeded', status_code: 200 })
    expect(dripping.response).to.match(/^(drip)+$/)
    receiver.behave = (response) => void response.writeHead(200).write('then silence')
    expect(await seen()).to.include({ outcome: 'succeeded', response: 'then silence' })
    receiver.behave = answers(500, { 'content-type': 'image/png' }, '\x89PNG')
    expect(await seen()).to.include({ outcome: 'failed', response: null })
  })

  it('shows what a receiver answered to those only who may change endpoints', async () => {
    const receiver = await receivers()
    receiver.behave = answers(500, { 'content-type': 'text/plain' }, 'inside of a network')
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    await sendApp(owner)
    await server.work()
    const agent = (await buildStaff(server, 'support_agent')).api.in(owner.tenant.id)
    const reader = server.as((await buildKey(owner, ['webhooks:read'])).key)
    const writer = server.as((await buildKey(owner, ['webhooks:*'])).key)
    const path = `${BASE}/webhook-endpoints/${endpointId}/attempts`
    for (const caller of [agent, reader])
      expect((await made(caller.get(path))).data[0].response).to.equal(null)
    for (const caller of [owner.api, writer])
      expect((await made(caller.get(path))).data[0].response).to.equal('inside of a network')
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

  it('calls no private address, also one that a name leads to only when it is called', async () => {
    const inside = await receivers()
    let leadsTo = '93.184.215.14'
    const { resources } = server
    const own = resources.fetch
    const fetch = createSafeFetch({ resolve: async () => [{ address: leadsTo, family: 4 }] })
    Object.assign(resources, { fetch })
    try {
      const url = `https://rebinding.example:${inside.port}/hook`
      await buildEndpoint(owner, { url })
      leadsTo = '127.0.0.1'
      const { id } = await sendApp(owner)
      await server.work()
      expect((await attempts(id))[0]).to.include({ outcome: 'failed', error_code: 'refused_address' })
      expect((await attempts(id))[0].error).to.not.include('127.0.0.1')
      expect(inside.requests).to.deep.equal([])
    } finally {
      Object.assign(resources, { fetch: own })
      fetch.close()
    }
  })

  it('has the operator’s list judge each time anew', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    const { VETRAI_PUBLIC_URL } = server.resources.config
    const { twin, stop } = await startTwin(server, {
      settings: { VETRAI_PUBLIC_URL: VETRAI_PUBLIC_URL ?? '' },
    })
    await twin.work()
    await stop()
    expect(receiver.requests).to.deep.equal([])
    expect((await attempts(id))[0]).to.include({ error_code: 'refused_address' })
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

async function mailTo(mailbox: string, address: string): Promise<string> {
  const mails = await readMailbox(mailbox)
  const mail = mails.findLast(({ to }) => to.includes(address))
  return `${mail?.subject}\n${mail?.text}`
}
