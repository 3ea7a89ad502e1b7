import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { buildSubscriber, deliveriesOf, send, summary, V1, WORDS } from './test-support.js'

const RANDOM_ID = '01999999-9999-7999-8999-999999999999'

describe('sending notifications', () => {
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

  const rowsOf = (table: string, tenantId: string) =>
    server.resources.db.readSystem<{ n: number }>({
      text: `select count(*)::int as n from ${table} where tenant_id = $1`,
      values: [tenantId],
    })

  it('refuses calls without identity and from roles that do not send', async () => {
    const body = { to: { external_id: 'x' }, content: WORDS, category: 'product' }
    for (const [method, path] of [
      ['POST', '/send'],
      ['POST', '/send/batch'],
      ['POST', '/explain'],
      ['GET', '/messages'],
      ['GET', `/messages/${RANDOM_ID}`],
      ['POST', `/messages/${RANDOM_ID}/cancel`],
    ] as const) {
      const options = method === 'GET' ? {} : { body }
      expect((await server.anonymous.call(method, V1 + path, options)).status, path).to.equal(401)
      expect((await member.api.call(method, V1 + path, {})).status, path).to.equal(403)
    }
  })

  it('hides messages from another tenant, also from cancelling', async () => {
    const id = await send(admin, { to: { external_id: unique('c') }, delay_s: 60 })
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
    ] as const) {
      const res = await stranger.api.call(method, `${V1}/messages/${id}${path}`, {})
      expect(res.body.code).to.equal('notifications.message_unknown')
    }
    expect((await admin.api.get(`${V1}/messages/${id}`)).body.status).to.equal('accepted')
  })

  it('accepts with one row and one job, and does all else later', async () => {
    const owner = await buildMember(server)
    const res = await owner.api.post(`${V1}/send`, {
      to: { external_id: 'c1', email: 'c1@example.com' },
      content: WORDS,
      category: 'product',
    })
    expect(res.status).to.equal(202)
    expect(res.headers.get('location')).to.equal(`${V1}/messages/${res.body.id}`)
    const counts: Record<string, number | undefined> = {}
    for (const table of [
      ...['notification_messages', 'worker_jobs'],
      ...['notification_subscribers', 'notification_deliveries'],
    ])
      counts[table] = (await rowsOf(table, owner.tenant.id))[0]?.n
    expect(counts).to.deep.equal({
      notification_messages: 1,
      worker_jobs: 1,
      notification_subscribers: 0,
      notification_deliveries: 0,
    })
  })

  it('reaches the inbox and the mailbox of a subscriber it makes, with the reasons on record', async () => {
    const externalId = unique('customer')
    const to = { external_id: externalId, email: `${externalId}@example.com`, locale: 'de', name: 'Ana' }
    const id = await send(admin, { to, channels: ['in_app', 'email'] })
    await server.work()

    const [inApp, mail] = await deliveriesOf(admin, id)
    expect(inApp).to.include({ channel: 'in_app', status: 'delivered', rule: 'default_on', attempts: 0 })
    expect(mail).to.include({
      channel: 'email',
      status: 'sent',
      provider: 'mailbox',
      attempts: 1,
      locale: 'de',
    })
    expect(mail.destination)
      .to.match(/@example\.com$/)
      .and.not.equal(to.email)
    const detail = await admin.api.get(`${V1}/deliveries/${mail.id}`)
    expect(detail.body.attempt_list).to.have.length(1)
    expect(detail.body.attempt_list[0]).to.include({ attempt: 1, outcome: 'sent', provider: 'mailbox' })
    const message = await admin.api.get(`${V1}/messages/${id}`)
    expect(message.body).to.deep.include({
      status: 'processed',
      recipients: 1,
      deliveries: { delivered: 1, sent: 1 },
    })
    const [subscriber] = (await admin.api.get(`${V1}/subscribers?external_id=${externalId}`)).body.data
    expect(subscriber).to.include({ email: to.email, locale: 'de', name: 'Ana' })
  })

  it('gives the same answer to a repeat with the same Idempotency-Key', async () => {
    const owner = await buildMember(server)
    const once = owner.api.with({ 'idempotency-key': unique('once') })
    const body = { to: { external_id: 'c' }, content: WORDS, category: 'product' }
    const [first, second] = [await once.post(`${V1}/send`, body), await once.post(`${V1}/send`, body)]
    expect(second.body).to.deep.equal(first.body)
    expect((await rowsOf('notification_messages', owner.tenant.id))[0]?.n).to.equal(1)
  })

  it('sends one message for a transaction id, however many come at once', async () => {
    const owner = await buildMember(server)
    const ana = await buildSubscriber(server, owner)
    const body = {
      ...{ to: { external_id: ana.externalId }, content: WORDS, category: 'product', channels: ['in_app'] },
      transaction_id: 'order-42',
    }
    const answers = await Promise.all(Array.from({ length: 10 }, () => owner.api.post(`${V1}/send`, body)))
    expect(new Set(answers.map((res) => res.body.id)).size).to.equal(1)
    expect(answers.filter((res) => !res.body.is_duplicate)).to.have.length(1)
    await server.work()
    expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(1)
    // The other tenant's transactions are its own.
    const theirs = await stranger.api.post(`${V1}/send`, body)
    expect(theirs.body.is_duplicate).to.equal(false)
  })

  it('accepts a batch as a whole or not at all, and answers in its order', async () => {
    const owner = await buildMember(server)
    const one = (more: object = {}) => ({
      to: { external_id: 'c' },
      content: WORDS,
      category: 'product',
      ...more,
    })
    const res = await owner.api.post(`${V1}/send/batch`, {
      messages: [one({ transaction_id: 'a' }), one({ delay_s: 60 }), one({ transaction_id: 'a' }), one()],
    })
    expect(res.status, res.text).to.equal(202)
    const { data } = res.body
    expect(data.map((each: { is_duplicate: boolean }) => each.is_duplicate)).to.deep.equal([
      false,
      false,
      true,
      false,
    ])
    expect(data[2].id).to.equal(data[0].id)
    expect(data[1].send_at).to.be.a('string')

    const refused = await owner.api.post(`${V1}/send/batch`, {
      messages: [one(), one({ category: 'no-such-category' })],
    })
    expect(refused.body.code).to.equal('notifications.category_unknown')
    expect((await rowsOf('notification_messages', owner.tenant.id))[0]?.n).to.equal(3)
  })

  for (const [title, body, expected] of [
    [
      'both a template and words',
      { template: 'announcement', content: WORDS, category: 'product' },
      '/template',
    ],
    ['words without a category', { content: WORDS }, '/category'],
    [
      'channels besides a fallback',
      { template: 'announcement', channels: ['email'], fallback: [{ channel: 'sms' }] },
      '/fallback',
    ],
    [
      'a fallback that names a channel twice',
      { template: 'announcement', fallback: [{ channel: 'sms' }, { channel: 'sms' }] },
      '/fallback',
    ],
    ['a digest without an end', { template: 'announcement', digest: {} }, '/digest/window_s'],
    [
      'a digest with a bad pattern',
      { template: 'announcement', digest: { cron: 'whenever' } },
      '/digest/cron',
    ],
    ['two times', { template: 'announcement', send_at: '2027-01-01T00:00:00Z', delay_s: 1 }, '/delay_s'],
    [
      'an address that is none',
      { to: { external_id: 'x', email: 'nobody' }, template: 'announcement' },
      '/to/email',
    ],
    [
      'a subject of two lines',
      { template: 'announcement', overrides: { email: { subject: 'a\nBcc: b@c.de' } } },
      '/overrides/email/subject',
    ],
    [
      'a link that runs a script',
      { content: { ...WORDS, action_url: 'javascript:alert(1)' }, category: 'product' },
      '/content/action_url',
    ],
  ] as [string, object, string][]) {
    it(`refuses ${title} and says where`, async () => {
      const res = await admin.api.post(`${V1}/send`, { to: { external_id: 'x' }, ...body })
      expect(res.status, res.text).to.equal(422)
      expect(res.body.errors.map((one: { pointer: string }) => one.pointer)).to.include(expected)
    })
  }

  it('refuses an unknown template, an unknown category and a time too far ahead', async () => {
    const codeOf = async (body: object) =>
      (await admin.api.post(`${V1}/send`, { to: { external_id: 'x' }, ...body })).body.code
    expect(await codeOf({ template: 'no-such-template' })).to.equal('notifications.template_unknown')
    expect(await codeOf({ template: 'announcement', category: 'no-such' })).to.equal(
      'notifications.category_unknown',
    )
    expect(await codeOf({ template: 'announcement', send_at: '2099-01-01T00:00:00Z' })).to.equal(
      'notifications.too_far_ahead',
    )
  })

  it('writes nothing to people in the name of the installation', async () => {
    const link = 'https://phish.example/reset'
    const data = { link, expires_in: 1_800 }
    for (const path of ['/send', '/explain']) {
      const body = { to: { user_id: member.id }, template: 'reset-password', data }
      const res = await admin.api.post(V1 + path, body)
      expect(res.body.code, path).to.equal('notifications.template_reserved')
    }
  })

  it('says what a template misses with the delivery that failed for it', async () => {
    const ana = await buildSubscriber(server, admin)
    const to = { external_id: ana.externalId }
    const id = await send(admin, { to, template: 'announcement', channels: ['in_app', 'email'] })
    await server.work()
    const deliveries = await deliveriesOf(admin, id)
    expect(deliveries.map(summary)).to.deep.equal([
      'in_app failed by default_on',
      'email failed by default_on',
    ])
    for (const { error } of deliveries) {
      expect(error.code).to.equal('notifications.template_data')
      expect(error.message).to.include('title')
    }
  })

  it('puts other words and another address in place of what is known', async () => {
    const ana = await buildSubscriber(server, admin)
    const id = await send(admin, {
      to: { external_id: ana.externalId },
      channels: ['in_app', 'email'],
      overrides: {
        email: { to: 'assistant@example.org', subject: 'For Ana' },
        in_app: { title: 'Another title', action_url: 'https://app.example.com/42' },
      },
    })
    await server.work()
    const [, mail] = await deliveriesOf(admin, id)
    expect(mail.destination).to.match(/@example\.org$/)
    const [item] = (await ana.api.get(`${V1}/inbox`)).body.data
    expect(item).to.include({
      title: 'Another title',
      body: WORDS.body,
      action_url: 'https://app.example.com/42',
    })
  })

  it('reaches every subscriber of topics once, by whatever entries and however many', async function () {
    this.timeout(60_000)
    const owner = await buildMember(server)
    const topic = async (key: string, ids: string[]) => {
      const { body } = await owner.api.post(`${V1}/topics`, { key, name: key })
      for (let at = 0; at < ids.length; at += 100) {
        const res = await owner.api.post(`${V1}/topics/${body.id}/subscribers`, {
          external_ids: ids.slice(at, at + 100),
        })
        expect(res.status, res.text).to.equal(200)
      }
    }
    const names = Array.from({ length: 450 }, (_, i) => `s${String(i).padStart(3, '0')}`)
    await topic('all', names)
    await topic('some', names.slice(0, 30))
    const to = [{ topic: 'some' }, { external_id: 's007' }, { topic: 'all' }, { topic: 'none' }]
    const id = await send(owner, { to, channels: ['in_app'] })
    await server.work()

    const { body } = await owner.api.get(`${V1}/messages/${id}`)
    expect(body).to.deep.include({
      status: 'processed',
      recipients: 450,
      unresolved: [{ what: 'topic', name: 'none' }],
      deliveries: { delivered: 450 },
    })
    const [items] = await rowsOf('notification_inbox_items', owner.tenant.id)
    expect(items?.n).to.equal(450)
  })

  it('reaches members by id and by role, and names who is none', async () => {
    const owner = await buildMember(server)
    const user = await buildMember(server, { tenant: owner.tenant, role: 'user' })
    const to = [{ role: 'org_admin' }, { user_id: user.id }, { user_id: stranger.id }]
    const id = await send(owner, { to, channels: ['in_app'] })
    await server.work()
    for (const person of [owner, user])
      expect((await person.api.get(`${V1}/inbox`)).body.data.map(titleOf)).to.deep.equal([WORDS.title])
    expect((await stranger.api.get(`${V1}/inbox`)).body.data).to.deep.equal([])
    expect((await owner.api.get(`${V1}/messages/${id}`)).body.unresolved).to.deep.equal([
      { what: 'user', name: stranger.id },
    ])
  })

  it('sends nothing of a message that was cancelled in time, and says so when it was not', async () => {
    const ana = await buildSubscriber(server, admin)
    const id = await send(admin, { to: { external_id: ana.externalId }, channels: ['in_app'], delay_s: 60 })
    const cancelled = await admin.api.post(`${V1}/messages/${id}/cancel`)
    expect(cancelled.body.message.status).to.equal('cancelled')
    await server.work({ skipPauses: true })
    expect((await ana.api.get(`${V1}/inbox`)).body.data).to.deep.equal([])

    const sent = await send(admin, { to: { external_id: ana.externalId }, channels: ['in_app'] })
    await server.work()
    const late = await admin.api.post(`${V1}/messages/${sent}/cancel`)
    expect(late.body.code).to.equal('notifications.nothing_pending')
  })

  it('sends a message for later at its time and not before', async () => {
    const ana = await buildSubscriber(server, admin)
    await send(admin, { to: { external_id: ana.externalId }, channels: ['in_app'], delay_s: 3_600 })
    await server.work()
    expect((await ana.api.get(`${V1}/inbox`)).body.data).to.deep.equal([])
    await server.work({ skipPauses: true })
    expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(1)
  })

  it('ends a message whose category is gone by the time it is its turn', async () => {
    const owner = await buildMember(server)
    await owner.api.put(`${V1}/categories/comments`, { name: 'Comments' })
    const id = await send(owner, { to: { external_id: 'c' }, category: 'comments', delay_s: 60 })
    await owner.api.delete(`${V1}/categories/comments`)
    await server.work({ skipPauses: true })
    const { body } = await owner.api.get(`${V1}/messages/${id}`)
    expect(body).to.include({ status: 'failed' })
    expect(body.error.code).to.equal('notifications.category_unknown')
  })

  it('lets exactly as many through a throttle as it says, however many come at once', async () => {
    const owner = await buildMember(server)
    const ana = await buildSubscriber(server, owner)
    const body = {
      ...{ to: { external_id: ana.externalId }, content: WORDS, category: 'product', channels: ['in_app'] },
      throttle: { limit: 3, window_s: 60, key: 'likes' },
    }
    await Promise.all(Array.from({ length: 10 }, () => owner.api.post(`${V1}/send`, body)))
    await server.work()
    expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(3)
    const skipped = await owner.api.get(`${V1}/deliveries?status=skipped&limit=200`)
    expect(skipped.body.data.map(summary)).to.deep.equal(Array(7).fill('in_app skipped by throttled'))

    // Another key and, after its period, the same one begin anew.
    await owner.api.post(`${V1}/send`, { ...body, throttle: { ...body.throttle, key: 'other' } })
    server.now = () => new Date(Date.now() + 61_000)
    await owner.api.post(`${V1}/send`, body)
    await server.work()
    expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(5)
  })

  it('explains beforehand exactly what then happens', async () => {
    const owner = await buildMember(server)
    await owner.api.put(`${V1}/defaults`, {
      channels: { push: false },
      quiet_hours: { from: '00:00', to: '23:59' },
    })
    const wishes = [
      {},
      { channels: { email: false } },
      { categories: { product: { in_app: false, email: true } } },
      { quiet_hours: { from: '00:00', to: '00:01' } },
    ]
    const people: string[] = []
    for (const wish of wishes) {
      const ana = await buildSubscriber(server, owner)
      await ana.api.put(`${V1}/preferences`, wish)
      people.push(ana.externalId)
    }
    const body = {
      to: [
        ...people.map((external_id) => ({ external_id })),
        { external_id: 'a-stranger' },
        { user_id: RANDOM_ID },
      ],
      channels: ['in_app', 'email', 'sms', 'push'],
    }
    const explained = await owner.api.post(`${V1}/explain`, { ...body, content: WORDS, category: 'product' })
    expect(explained.status, explained.text).to.equal(200)
    expect((await rowsOf('notification_deliveries', owner.tenant.id))[0]?.n).to.equal(0)
    expect(explained.body.unresolved).to.deep.equal([{ what: 'user', name: RANDOM_ID }])
    const stranger = explained.body.recipients.at(-1)
    expect(stranger.recipient).to.include({ id: null, external_id: 'a-stranger' })

    const id = await send(owner, body)
    await server.work()
    const deliveries = await deliveriesOf(owner, id)
    const happened = { send: ['delivered', 'sent'], delay: ['scheduled'], skip: ['skipped'] } as Record<
      string,
      string[]
    >
    for (const { recipient, channels } of explained.body.recipients) {
      for (const { channel, action, reasons } of channels) {
        const real = deliveries.find(
          (one) =>
            one.channel === channel &&
            (one.recipient.id === recipient.id ||
              (recipient.id === null &&
                !explained.body.recipients.some(
                  (other: { recipient: { id: string } }) => other.recipient.id === one.recipient.id,
                ))),
        )
        expect(real.reasons, `${recipient.external_id} ${channel}`).to.deep.equal(reasons)
        expect(happened[action]).to.include(real.status)
      }
    }
  })

  it('explains as if it were another time', async () => {
    const ana = await buildSubscriber(server, admin, { time_zone: 'Europe/Berlin' })
    await ana.api.put(`${V1}/preferences`, { quiet_hours: { from: '22:00', to: '07:00' } })
    const body = {
      to: { external_id: ana.externalId },
      content: WORDS,
      category: 'product',
      channels: ['email'],
    }
    const at = async (time: string) =>
      (await admin.api.post(`${V1}/explain`, { ...body, at: time })).body.recipients[0].channels[0]
    expect(await at('2026-03-28T23:00:00Z')).to.include({ action: 'delay', at: '2026-03-29T05:00:00.000Z' })
    expect(await at('2026-03-28T12:00:00Z')).to.include({ action: 'send', at: null })
  })

  it('lists messages in pages, newest first, by what they are', async () => {
    const owner = await buildMember(server)
    const ids: string[] = []
    for (let i = 0; i < 3; i++)
      ids.unshift(await send(owner, { to: { external_id: 'c' }, transaction_id: `t${i}` }))
    const first = await owner.api.get(`${V1}/messages?limit=2`)
    const second = await owner.api.get(`${V1}/messages?limit=2&cursor=${first.body.next_cursor}`)
    const idsOf = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)
    expect([...idsOf(first.body), ...idsOf(second.body)]).to.deep.equal(ids)
    expect(idsOf((await owner.api.get(`${V1}/messages?transaction_id=t1`)).body)).to.deep.equal([ids[1]])
    expect(idsOf((await owner.api.get(`${V1}/messages?status=failed`)).body)).to.deep.equal([])
  })

  it('sends by a key with the scope for it', async () => {
    const { key } = await buildKey(admin, ['notifications:send'])
    const res = await server
      .as(key)
      .post(`${V1}/send`, { to: { external_id: 'c' }, content: WORDS, category: 'product' })
    expect(res.status).to.equal(202)
    expect((await server.as(key).get(`${V1}/messages`)).status).to.equal(403)
  })
})

function titleOf({ title }: { title: string }): string {
  return title
}
