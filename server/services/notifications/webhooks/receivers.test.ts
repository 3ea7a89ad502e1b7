import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember, buildStaff } from '../../../../test/build.js'
import { answers, useReceivers } from '../../../../test/receiver.js'
import { startTwin, useServer } from '../../../../test/server.js'
import { readMailbox } from '../../../outbound/read-mailbox.js'
import { createSafeFetch } from '../../../outbound/safe-fetch.js'
import { buildEndpoint, made, RECEIVER_SETTINGS, sendApp, timePasses } from './test-support.js'

const BASE = '/notifications/v1'
const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR

describe('receivers of webhooks', function () {
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
    // The mail to the administrators has events of its own.
    const told = listener.requests.map(({ body }) => JSON.parse(body))
    expect(told.filter(({ type }) => type === 'notifications.webhook.disabled')).to.have.length(1)
    expect(told.find(({ type }) => type === 'notifications.webhook.disabled')).to.deep.include({
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
})

async function mailTo(mailbox: string, address: string): Promise<string> {
  const mails = await readMailbox(mailbox)
  const mail = mails.findLast(({ to }) => to.includes(address))
  return `${mail?.subject}\n${mail?.text}`
}
