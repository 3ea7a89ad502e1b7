import { expect } from 'chai'
import { type BuiltUser, buildMember, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { SUBSCRIBER_PREFIX } from './subscriber-token.js'
import { buildSubscriber, send, V1 } from './test-support.js'

const RANDOM_ID = '01999999-9999-7999-8999-999999999999'
const SUBSCRIBERS = `${V1}/subscribers`
const TOPICS = `${V1}/topics`

describe('who may be notified', () => {
  const server = useServer()
  let admin: BuiltUser
  let member: BuiltUser
  let stranger: BuiltUser

  before(async () => {
    admin = await buildMember(server)
    member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    stranger = await buildMember(server)
  })
  afterEach(() => {
    server.now = undefined
  })

  const calls = [
    ['GET', `${SUBSCRIBERS}/{id}`],
    ['PATCH', `${SUBSCRIBERS}/{id}`, { name: 'Mallory' }],
    ['DELETE', `${SUBSCRIBERS}/{id}`],
    ['POST', `${SUBSCRIBERS}/{id}/tokens`, {}],
    ['DELETE', `${SUBSCRIBERS}/{id}/tokens`],
    ['GET', `${SUBSCRIBERS}/{id}/preferences`],
    ['PUT', `${SUBSCRIBERS}/{id}/preferences`, {}],
  ] as const

  for (const [method, path, body] of calls) {
    const options = body ? { body } : {}
    it(`keeps ${method} ${path} from anonymous callers, other roles and other tenants`, async () => {
      const { id } = await buildSubscriber(server, admin, { name: 'Ana' })
      const at = path.replace('{id}', id)
      expect((await server.anonymous.call(method, at, options)).status).to.equal(401)
      expect((await member.api.call(method, at, options)).status).to.equal(403)
      const theirs = await stranger.api.call(method, at, options)
      expect(theirs.body.code).to.equal('notifications.subscriber_unknown')
      expect((await admin.api.get(`${SUBSCRIBERS}/${id}`)).body.name).to.equal('Ana')
    })
  }

  it('makes a subscriber once for an external id, changes what is given and forgets what is null', async () => {
    const externalId = unique('customer')
    const put = (facts: object) => admin.api.put(SUBSCRIBERS, { external_id: externalId, ...facts })
    const made = await put({
      name: 'Ana',
      phone: '+49 (151) 2345-678',
      time_zone: 'europe/berlin',
      locale: 'DE-ch',
    })
    expect(made.body).to.include({ phone: '+491512345678', time_zone: 'Europe/Berlin', locale: 'de-CH' })
    const changed = await put({ email: 'Ana@Example.com', phone: null, data: { plan: 'pro' } })
    expect(changed.body).to.deep.include({
      ...{ id: made.body.id, name: 'Ana', email: 'ana@example.com', phone: null },
      data: { plan: 'pro' },
    })
    const racing = unique('customer')
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => admin.api.put(SUBSCRIBERS, { external_id: racing })),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1)
  })

  it('keeps external ids apart by tenant and unique within one', async () => {
    const [ana, ben] = [await buildSubscriber(server, admin), await buildSubscriber(server, admin)]
    const theirs = await stranger.api.put(SUBSCRIBERS, { external_id: ana.externalId })
    expect(theirs.body.id).to.not.equal(ana.id)
    const taken = await admin.api.patch(`${SUBSCRIBERS}/${ben.id}`, { external_id: ana.externalId })
    expect(taken.body.code).to.equal('notifications.external_id_taken')
  })

  it('refuses changes to an old version', async () => {
    const { id } = await buildSubscriber(server, admin)
    const { headers } = await admin.api.get(`${SUBSCRIBERS}/${id}`)
    const conditional = admin.api.with({ 'if-match': String(headers.get('etag')) })
    expect((await conditional.patch(`${SUBSCRIBERS}/${id}`, { name: 'A' })).status).to.equal(200)
    expect((await conditional.patch(`${SUBSCRIBERS}/${id}`, { name: 'B' })).status).to.equal(412)
  })

  it('removes a subscriber with all that is theirs', async () => {
    const ana = await buildSubscriber(server, admin)
    await send(admin, { to: { external_id: ana.externalId }, channels: ['in_app'] })
    await ana.api.put(`${V1}/preferences`, { locale: 'de' })
    await server.work()
    const waiting = await send(admin, {
      to: { external_id: ana.externalId },
      fallback: [{ channel: 'in_app' }, { channel: 'email' }],
    })
    await server.work()
    expect((await admin.api.delete(`${SUBSCRIBERS}/${ana.id}`)).status).to.equal(204)

    expect((await ana.api.get(`${V1}/inbox`)).status).to.equal(401)
    for (const table of ['notification_inbox_items', 'notification_inboxes', 'notification_preferences']) {
      const rows = await server.resources.db.readSystem({
        text: `select 1 from ${table} where recipient_id = $1`,
        values: [ana.id],
      })
      expect(rows, table).to.deep.equal([])
    }
    const { body } = await admin.api.get(`${V1}/deliveries?message_id=${waiting}&channel=email`)
    expect(body.data[0]).to.include({ status: 'cancelled', rule: 'recipient_gone' })
  })

  describe("a subscriber's token", () => {
    it('opens that subscriber’s inbox, preferences and push subscriptions, and no other route at all', async () => {
      const ana = await buildSubscriber(server, admin)
      const mine = ['/notifications/v1/inbox', '/notifications/v1/preferences', '/notifications/v1/push/']
      for (const { record, path } of server.resources.assembly.routes) {
        if (record.access.kind === 'open') continue
        const at = path.replace(/:[a-zA-Z]+/g, RANDOM_ID)
        const res = await ana.api.call(record.method.toUpperCase(), `${at}?walk=1`, {})
        if (mine.some((own) => path.startsWith(own))) expect(res.status, path).to.be.oneOf([404, 422])
        else expect(res.status, `${record.method} ${path}`).to.be.oneOf([401, 403])
      }
    })

    it('is worth nothing where no credential is needed', async () => {
      const ana = await buildSubscriber(server, admin)
      expect((await ana.api.get('/auth/.well-known/jwks.json')).status).to.equal(200)
      expect((await ana.api.post('/auth/v1/logout', {})).status).to.equal(
        (await server.post('/auth/v1/logout', {})).status,
      )
    })

    it('works in its own tenant only', async () => {
      const ana = await buildSubscriber(server, admin)
      const elsewhere = ana.api.in(stranger.tenant.slug)
      expect((await elsewhere.get(`${V1}/inbox`)).status).to.equal(404)
    })

    it('ends at its time, when it is revoked and when the tenant is suspended', async () => {
      const owner = await buildMember(server)
      const ana = await buildSubscriber(server, owner)
      const status = async () => (await ana.api.get(`${V1}/inbox`)).status
      expect(await status()).to.equal(200)
      const at = new Date(Date.now() + 3_600_000)
      server.now = () => at
      expect(await status()).to.equal(401)
      server.now = undefined

      await server.operator.post(`/tenancy/v1/tenants/${owner.tenant.id}/suspend`, { reason: 'unpaid' })
      forgetRemembered()
      expect(await status()).to.equal(403)
      await server.operator.post(`/tenancy/v1/tenants/${owner.tenant.id}/resume`)
      forgetRemembered()
      expect(await status()).to.equal(200)

      expect((await owner.api.delete(`${SUBSCRIBERS}/${ana.id}/tokens`)).status).to.equal(204)
      expect(await status()).to.equal(401)
      const { body } = await owner.api.post(`${SUBSCRIBERS}/${ana.id}/tokens`)
      expect((await server.as(body.token).get(`${V1}/inbox`)).status).to.equal(200)
    })

    /** As if what is remembered had got as old as it may. */
    const forgetRemembered = () => server.resources.bus.tellHere('drop:notification-subscriber', '*')

    it('is refused when a single character of it is another', async () => {
      const ana = await buildSubscriber(server, admin)
      const { token } = ana
      for (let at = SUBSCRIBER_PREFIX.length; at < token.length; at += 3) {
        const other = token[at] === 'A' ? 'B' : 'A'
        const forged = token.slice(0, at) + other + token.slice(at + 1)
        expect((await server.as(forged).get(`${V1}/inbox`)).status, `character ${at}`).to.equal(401)
      }
      for (const text of [SUBSCRIBER_PREFIX, `${token}=`, `${token}A`, token.slice(0, -1)])
        expect((await server.as(text).get(`${V1}/inbox`)).status).to.equal(401)
    })
  })

  describe('topics', () => {
    it('are kept from anonymous callers, other roles and other tenants', async () => {
      const { body: topic } = await admin.api.post(TOPICS, { key: unique('t'), name: 'Releases' })
      const ana = await buildSubscriber(server, admin)
      await admin.api.post(`${TOPICS}/${topic.id}/subscribers`, { external_ids: [ana.externalId] })
      for (const [method, path, body] of [
        ['GET', ''],
        ['PATCH', '', { name: 'Mine' }],
        ['POST', '/subscribers', { external_ids: ['x'] }],
        ['DELETE', `/subscribers/${ana.id}`],
        ['DELETE', ''],
      ] as const) {
        const at = `${TOPICS}/${topic.id}${path}`
        const options = body ? { body } : {}
        expect((await server.anonymous.call(method, at, options)).status).to.equal(401)
        expect((await member.api.call(method, at, options)).status).to.equal(403)
        const theirs = await stranger.api.call(method, at, options)
        expect(theirs.body.code, `${method} ${path}`).to.equal('notifications.topic_unknown')
      }
      expect((await admin.api.get(`${TOPICS}/${topic.id}`)).body).to.include({
        name: 'Releases',
        subscribers: 1,
      })
    })

    it('gather subscribers, also such as are not known yet, once each', async () => {
      const owner = await buildMember(server)
      const { body: topic } = await owner.api.post(TOPICS, { key: 'news', name: 'News' })
      const taken = await owner.api.post(TOPICS, { key: 'news', name: 'News' })
      expect(taken.body.code).to.equal('notifications.topic_taken')
      const ana = await buildSubscriber(server, owner)
      const join = () =>
        owner.api.post(`${TOPICS}/${topic.id}/subscribers`, { external_ids: [ana.externalId, 'new', 'new'] })
      await join()
      expect((await join()).body.subscribers).to.equal(2)
      const listed = await owner.api.get(`${SUBSCRIBERS}?topic_id=${topic.id}`)
      expect(listed.body.data.map((one: { external_id: string }) => one.external_id).sort()).to.deep.equal(
        [ana.externalId, 'new'].sort(),
      )
      expect((await owner.api.delete(`${TOPICS}/${topic.id}/subscribers/${ana.id}`)).status).to.equal(204)
      expect((await owner.api.delete(`${TOPICS}/${topic.id}/subscribers/${ana.id}`)).status).to.equal(404)
      expect((await owner.api.patch(`${TOPICS}/${topic.id}`, { name: 'Newer' })).body).to.include({
        name: 'Newer',
        subscribers: 1,
      })
      expect((await owner.api.delete(`${TOPICS}/${topic.id}`)).status).to.equal(204)
      expect((await owner.api.get(`${SUBSCRIBERS}/${ana.id}`)).status).to.equal(200)
    })
  })
})
