import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../../test/build.js'
import { answers, useReceivers } from '../../../../test/receiver.js'
import { useServer } from '../../../../test/server.js'
import { buildEndpoint, made, RECEIVER_SETTINGS, sendApp, timePasses } from './test-support.js'

const BASE = '/notifications/v1'
const ENDPOINTS = `${BASE}/webhook-endpoints`

describe('webhook messages', function () {
  this.timeout(60_000)
  const server = useServer({ settings: RECEIVER_SETTINGS })
  const receivers = useReceivers()
  const MESSAGES = `${BASE}/webhook-messages`
  let owner: BuiltUser

  beforeEach(async () => {
    server.now = undefined
    owner = await buildMember(server)
  })

  it('of the app’s own are kept and sent as they were given', async () => {
    const receiver = await receivers()
    const { id: endpoint_id } = await buildEndpoint(owner, receiver)
    const given = { type: 'app.order.paid', data: { order_id: 'o1', lines: [1, { é: null }] } }
    const occurred_at = '2026-11-25T11:00:00.000Z'
    const sent = await owner.api.post(MESSAGES, { ...given, occurred_at })
    expect([sent.status, sent.headers.get('location')]).to.deep.equal([201, `${MESSAGES}/${sent.body.id}`])
    await server.work()
    expect(JSON.parse(receiver.last.body)).to.deep.equal({ ...given, timestamp: occurred_at })
    const kept = await made(owner.api.get(`${MESSAGES}/${sent.body.id}`))
    expect(kept).to.deep.include({ source: 'app', payload: { ...given, timestamp: occurred_at } })
    expect(kept.deliveries[0]).to.include({ endpoint_id, status: 'delivered' })
    const { data } = await made(owner.api.get(`${MESSAGES}?type=app.order.paid&source=app`))
    expect(data[0].deliveries).to.deep.equal({ pending: 0, delivered: 1, failed: 0, skipped: 0 })
    expect((await made(owner.api.get(`${MESSAGES}?type=app.other`))).data).to.deep.equal([])
  })

  it('of the app’s own have types of its own and no more than 20 KiB', async () => {
    const send = (body: object) => owner.api.post(MESSAGES, { type: 'app.x', data: {}, ...body })
    for (const type of ['keys.key.revoked', 'app', 'app.', 'app.a b', 'app.a-b', 'App.a', 'webhook.test'])
      expect((await send({ type })).status, type).to.equal(422)
    const large = await send({ data: { text: 'x'.repeat(20_450) } })
    expect(large.body.code).to.equal('notifications.webhook_payload_too_large')
    expect((await send({ data: { text: 'x'.repeat(20_000) } })).status).to.equal(201)
  })

  it('are sent once by a request that is repeated', async () => {
    const receiver = await receivers()
    await buildEndpoint(owner, receiver)
    const caller = owner.api.with({ 'idempotency-key': 'order-1' })
    const [first, again] = [await sendApp({ api: caller }), await sendApp({ api: caller })]
    await server.work()
    expect(again.id).to.equal(first.id)
    expect(receiver.ids).to.deep.equal([first.id])
  })

  it('are sent again by request, with the same id, to whom they were meant for or to one endpoint', async () => {
    const [one, two] = [await receivers(), await receivers()]
    const { id: first } = await buildEndpoint(owner, one)
    const { id } = await sendApp(owner)
    await server.work()
    const { id: later } = await buildEndpoint(owner, two)
    const replay = (body?: object) => owner.api.post(`${MESSAGES}/${id}/replay`, body)
    expect((await replay()).status).to.equal(202)
    await server.work()
    expect([one.ids, two.ids]).to.deep.equal([[id, id], []])
    await made(replay({ endpoint_id: later }))
    await server.work()
    expect([one.ids, two.ids]).to.deep.equal([[id, id], [id]])
    await made(owner.api.patch(`${ENDPOINTS}/${first}`, { enabled: false }))
    expect((await replay({ endpoint_id: first })).body.code).to.equal(
      'notifications.webhook_endpoint_disabled',
    )
    await made(replay())
    await server.work()
    expect([one.ids, two.ids]).to.deep.equal([
      [id, id],
      [id, id],
    ])
  })

  it('that wait for their next attempt are sent now when they are sent again, and only once', async () => {
    const receiver = await receivers()
    receiver.behave = (response, n) => answers(n === 1 ? 500 : 200)(response, n)
    await buildEndpoint(owner, receiver)
    const { id } = await sendApp(owner)
    await server.work()
    await made(owner.api.post(`${MESSAGES}/${id}/replay`, {}))
    await server.work()
    await timePasses(server, 600_000)
    await server.work()
    expect(receiver.ids).to.deep.equal([id, id])
    const [delivery] = (await made(owner.api.get(`${MESSAGES}/${id}`))).deliveries
    expect(delivery).to.include({ status: 'delivered', attempts: 1 })
  })

  it('that failed are sent again since a time that is kept, and others are left alone', async () => {
    const receiver = await receivers()
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    const good = await sendApp(owner)
    await server.work()
    receiver.behave = answers(410)
    const bad = await sendApp(owner)
    await server.work()
    receiver.behave = answers(200)
    await made(owner.api.patch(`${ENDPOINTS}/${endpointId}`, { enabled: true }))
    const replay = (since: number, until?: number) =>
      owner.api.post(`${ENDPOINTS}/${endpointId}/replay`, {
        since: new Date(Date.now() + since).toISOString(),
        ...(until === undefined ? {} : { until: new Date(Date.now() + until).toISOString() }),
      })
    expect((await replay(-31 * 86_400_000)).body.code).to.equal('notifications.webhook_replay_range')
    expect((await replay(-1_000, -2_000)).body.code).to.equal('notifications.webhook_replay_range')
    await made(replay(-7_200_000, -3_600_000))
    await server.work()
    expect(receiver.ids).to.deep.equal([good.id, bad.id])
    await Promise.all([made(replay(-3_600_000)), made(replay(-3_600_000))])
    await server.work()
    expect(receiver.ids).to.deep.equal([good.id, bad.id, bad.id])
  })

  it('are told by the attempts made with them, filtered and in pages', async () => {
    const receiver = await receivers()
    const { id: endpointId } = await buildEndpoint(owner, receiver)
    const sent = []
    for (let n = 0; n < 3; n += 1) sent.push(await sendApp(owner, { n }))
    receiver.behave = (response, n) => answers(n === 3 ? 500 : 204)(response, n)
    await server.work()
    const path = `${ENDPOINTS}/${endpointId}/attempts`
    const list = async (query: string) => (await made(owner.api.get(`${path}${query}`))).data
    expect(await list('')).to.have.length(3)
    expect(await list('?outcome=failed')).to.have.length(1)
    expect(await list('?status_code=204')).to.have.length(2)
    expect(await list(`?message_id=${sent[0].id}`)).to.have.length(1)
    const page = await made(owner.api.get(`${path}?limit=2`))
    expect(page.has_more).to.equal(true)
    const rest = await made(owner.api.get(`${path}?limit=2&cursor=${page.next_cursor}`))
    expect([...page.data, ...rest.data].map(({ id }: { id: string }) => id)).to.have.length(3)
    const deliveries = async (query: string) =>
      (await made(owner.api.get(`${ENDPOINTS}/${endpointId}/deliveries${query}`))).data
    expect(await deliveries('?status=pending')).to.have.length(1)
    expect(await deliveries('?limit=2')).to.have.length(2)
    const stats = await made(owner.api.get(`${ENDPOINTS}/${endpointId}/stats?hours=1`))
    expect(stats).to.deep.include({
      deliveries: { pending: 1, delivered: 2, failed: 0, skipped: 0 },
      attempts: { succeeded: 2, failed: 1 },
    })
    expect(stats.duration_ms.p50).to.be.a('number')
  })
})

describe('the catalogue of event types', () => {
  const server = useServer()

  it('lists what tenants are told of, each with a sentence and a payload as it is sent', async () => {
    const { api } = await buildMember(server)
    const { data } = await made(api.get(`${BASE}/event-types`))
    const types = data.map(({ type }: { type: string }) => type)
    expect(types).to.include.members([
      'keys.key.revoked',
      'tenancy.member.added',
      'notifications.webhook.disabled',
    ])
    expect(types).to.not.include('auth.token.requested')
    for (const { type, service, description, example } of data) {
      expect(type.startsWith(`${service}.`), type).to.equal(true)
      expect(description, type).to.match(/^[A-Z].*\.$/)
      expect(example.type).to.equal(type)
      expect(JSON.stringify(example), type).to.not.match(/"[a-z]+[A-Z]\w*":/)
    }
  })
})
