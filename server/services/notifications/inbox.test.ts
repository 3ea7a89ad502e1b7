import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import type { EventReader, ReceivedEvent } from '../../../test/event-source.js'
import { useServer } from '../../../test/server.js'
import { buildSubscriber, deliveriesOf, send, summary, V1, WORDS } from './test-support.js'

const INBOX = `${V1}/inbox`
const FALLBACK = [{ channel: 'in_app' }, { channel: 'email', after_s: 600 }, { channel: 'sms', after_s: 600 }]

type Reader = Awaited<ReturnType<typeof buildSubscriber>>

describe('the inbox', () => {
  const server = useServer()
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })
  afterEach(() => {
    server.now = undefined
  })

  /** Items of a new reader, oldest first. */
  const readerWith = async (titles: string[], category = 'product') => {
    const reader = await buildSubscriber(server, admin)
    const items: { id: string; message_id: string; sequence: number }[] = []
    for (const title of titles) await put(reader, title, category)
    items.push(...(await reader.api.get(INBOX)).body.data.reverse())
    return { reader, items }
  }
  const put = async (reader: Reader, title: string, category = 'product') => {
    const content = { ...WORDS, title }
    const id = await send(admin, {
      to: { external_id: reader.externalId },
      content,
      category,
      channels: ['in_app'],
    })
    await server.work()
    return id
  }
  const titles = async (reader: Reader, query = '') =>
    (await reader.api.get(`${INBOX}${query}`)).body.data.map((item: { title: string }) => item.title)

  it('is refused to anonymous callers', async () => {
    for (const path of ['', '/counts', '/stream', '/01999999-9999-7999-8999-999999999999'])
      expect((await server.anonymous.get(INBOX + path)).status).to.equal(401)
    expect((await server.anonymous.post(`${INBOX}/mark`, { as: 'read' })).status).to.equal(401)
  })

  it('is seen by its owner only: no other subscriber, no member and no other tenant', async () => {
    const { reader, items } = await readerWith(['Private'])
    const [item] = items
    const stranger = await buildMember(server)
    const others = [
      (await buildSubscriber(server, admin)).api,
      (await buildSubscriber(server, stranger)).api,
      ...[admin.api, stranger.api],
    ]
    for (const api of others) {
      expect((await api.get(INBOX)).body.data).to.deep.equal([])
      for (const res of [
        await api.get(`${INBOX}/${item?.id}`),
        await api.patch(`${INBOX}/${item?.id}`, { read: true }),
      ])
        expect(res.body.code).to.equal('notifications.item_unknown')
      expect((await api.post(`${INBOX}/mark`, { as: 'archived' })).body.marked).to.equal(0)
      const stolen = await reader.api.get(`${INBOX}?limit=1`)
      if (stolen.body.next_cursor)
        expect((await api.get(`${INBOX}?limit=1&cursor=${stolen.body.next_cursor}`)).status).to.equal(400)
    }
    expect((await reader.api.get(`${INBOX}/${item?.id}`)).body).to.include({
      is_read: false,
      title: 'Private',
    })
  })

  it('gives no cursor of one inbox leave to read another', async () => {
    const { reader } = await readerWith(['A', 'B'])
    const other = await readerWith(['C', 'D'])
    const { next_cursor: cursor } = (await reader.api.get(`${INBOX}?limit=1`)).body
    expect((await other.reader.api.get(`${INBOX}?limit=1&cursor=${cursor}`)).body.code).to.equal(
      'page.bad_cursor',
    )
  })

  it('lists by state and category, in pages', async () => {
    const { reader, items } = await readerWith(['A', 'B', 'C', 'D'])
    await put(reader, 'Bill', 'billing')
    const [a, b, c] = items
    await reader.api.patch(`${INBOX}/${a?.id}`, { read: true })
    await reader.api.patch(`${INBOX}/${b?.id}`, { archived: true })
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
    await reader.api.patch(`${INBOX}/${c?.id}`, { snoozed_until: inAnHour })
    expect(await titles(reader)).to.deep.equal(['Bill', 'D', 'A'])
    expect(await titles(reader, '?state=unread')).to.deep.equal(['Bill', 'D'])
    expect(await titles(reader, '?state=read')).to.deep.equal(['A'])
    expect(await titles(reader, '?state=archived')).to.deep.equal(['B'])
    expect(await titles(reader, '?state=snoozed')).to.deep.equal(['C'])
    expect(await titles(reader, '?state=all')).to.deep.equal(['Bill', 'D', 'C', 'B', 'A'])
    expect(await titles(reader, '?category=billing')).to.deep.equal(['Bill'])
    const first = await reader.api.get(`${INBOX}?state=all&limit=2`)
    expect(await titles(reader, `?state=all&limit=2&cursor=${first.body.next_cursor}`)).to.deep.equal([
      'C',
      'B',
    ])
  })

  it('counts what is unread and unseen', async () => {
    const { reader, items } = await readerWith(['A', 'B', 'C'])
    const counts = async () => {
      const { unread, unseen } = (await reader.api.get(`${INBOX}/counts`)).body
      return [unread, unseen]
    }
    expect(await counts()).to.deep.equal([3, 3])
    await reader.api.post(`${INBOX}/mark`, { as: 'seen' })
    expect(await counts()).to.deep.equal([3, 0])
    await reader.api.patch(`${INBOX}/${items[0]?.id}`, { read: true })
    expect(await counts()).to.deep.equal([2, 0])
    await reader.api.patch(`${INBOX}/${items[0]?.id}`, { read: false })
    expect(await counts()).to.deep.equal([3, 0])
    expect((await reader.api.post(`${INBOX}/mark`, { as: 'read' })).body.marked).to.equal(3)
    expect((await reader.api.post(`${INBOX}/mark`, { as: 'read' })).body.marked).to.equal(0)
    expect(await counts()).to.deep.equal([0, 0])
    expect(
      (await reader.api.post(`${INBOX}/mark`, { as: 'archived', category: 'billing' })).body.marked,
    ).to.equal(0)
    expect((await reader.api.post(`${INBOX}/mark`, { as: 'archived' })).body.marked).to.equal(3)
    expect(await titles(reader)).to.deep.equal([])
  })

  it('brings a snoozed item back, unread, at its time and only then', async () => {
    const { reader, items } = await readerWith(['A'])
    const path = `${INBOX}/${items[0]?.id}`
    await reader.api.patch(path, { read: true })
    const [soon, later] = [60_000, 120_000].map((ms) => new Date(Date.now() + ms))
    await reader.api.patch(path, { snoozed_until: soon?.toISOString() })
    // Put off again: the first time wakes nobody.
    await reader.api.patch(path, { snoozed_until: later?.toISOString() })
    await server.work()
    expect(await titles(reader)).to.deep.equal([])
    await server.resources.db.readSystem({
      text: `update worker_jobs set run_at = now() where kind = 'notifications.wake-item' and payload->>'until' = $1`,
      values: [soon?.toISOString()],
    })
    await server.work()
    expect(await titles(reader)).to.deep.equal([])
    await server.work({ skipPauses: true })
    expect(await titles(reader, '?state=unread')).to.deep.equal(['A'])
    const far = await reader.api.patch(path, { snoozed_until: '2099-01-01T00:00:00Z' })
    expect(far.body.code).to.equal('notifications.too_far_ahead')
  })

  it('takes back the fallbacks of what is read, however it is read', async () => {
    const reader = await buildSubscriber(server, admin)
    const sendWithFallback = async () => {
      const id = await send(admin, { to: { external_id: reader.externalId }, fallback: FALLBACK })
      await server.work()
      return id
    }
    const [one, two, unread] = [await sendWithFallback(), await sendWithFallback(), await sendWithFallback()]
    expect((await deliveriesOf(admin, one)).map(summary)).to.deep.equal([
      'in_app delivered by default_on',
      'email waiting by fallback_unread',
      'sms skipped by not_offered',
    ])
    const { data } = (await reader.api.get(INBOX)).body
    const itemOf = (id: string) => data.find((item: { message_id: string }) => item.message_id === id).id
    await reader.api.patch(`${INBOX}/${itemOf(one)}`, { read: true })
    expect((await deliveriesOf(admin, one))[1]).to.include({ status: 'cancelled', rule: 'read' })
    expect((await deliveriesOf(admin, two))[1]).to.include({ status: 'waiting' })
    await reader.api.patch(`${INBOX}/${itemOf(unread)}`, { read: false })
    await reader.api.patch(`${INBOX}/${itemOf(two)}`, { archived: true })
    await server.work({ skipPauses: true })
    expect((await deliveriesOf(admin, two))[1]).to.include({ status: 'cancelled', rule: 'read' })
    expect((await deliveriesOf(admin, unread))[1]).to.include({ status: 'sent' })
  })

  it('streams what comes and what changes, in order, and goes on where a reader left off', async () => {
    const { reader, items } = await readerWith(['A', 'B'])
    const stream = await reader.api.stream(`${INBOX}/stream`)
    await put(reader, 'C')
    await reader.api.patch(`${INBOX}/${items[0]?.id}`, { read: true })
    const [first, second] = [await eventOf(stream), await eventOf(stream)]
    expect(first).to.deep.include({ event: 'item', id: '3' })
    expect(first.data).to.include({ title: 'C', is_read: false })
    expect(second.data).to.include({ title: 'A', is_read: true, sequence: 4 })
    await stream.close()

    await put(reader, 'D')
    await reader.api.post(`${INBOX}/mark`, { as: 'read' })
    const resumed = await reader.api.stream(`${INBOX}/stream`, { after: '3' })
    const missed = [
      await eventOf(resumed),
      await eventOf(resumed),
      await eventOf(resumed),
      await eventOf(resumed),
    ]
    await resumed.close()
    expect(missed.map(({ data }) => data.is_read)).to.deep.equal([true, true, true, true])
    expect(missed.map(({ data }) => data.title).sort()).to.deep.equal(['A', 'B', 'C', 'D'])
    const ids = missed.map(({ id }) => Number(id))
    expect(ids).to.deep.equal([...ids].sort((a, b) => a - b))
  })

  it('streams nobody else’s items, and ends with the token', async () => {
    const [ana, ben] = [await buildSubscriber(server, admin), await buildSubscriber(server, admin)]
    const stream = await ana.api.stream(`${INBOX}/stream`)
    await put(ben, 'For Ben')
    await put(ana, 'For Ana')
    expect((await eventOf(stream)).data).to.include({ title: 'For Ana' })
    await admin.api.delete(`${V1}/subscribers/${ana.id}/tokens`)
    // Revocation holds within a second.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await put(ana, 'Too late')
    const end = await eventOf(stream)
    expect(end).to.deep.include({ event: 'end', data: { reason: 'revoked' } })
  })

  it('numbers the changes of one inbox without a gap, however many come at once', async () => {
    const reader = await buildSubscriber(server, admin)
    const body = {
      to: { external_id: reader.externalId },
      content: WORDS,
      category: 'product',
      channels: ['in_app'],
    }
    await admin.api.post(`${V1}/send/batch`, { messages: Array(30).fill(body) })
    await server.work()
    const { data } = (await reader.api.get(`${INBOX}?limit=200`)).body
    const numbers = data.map((item: { sequence: number }) => item.sequence)
    expect(numbers.sort((a: number, b: number) => a - b)).to.deep.equal(
      Array.from({ length: 30 }, (_, i) => i + 1),
    )
    await Promise.all([
      ...data.slice(0, 5).map(({ id }: { id: string }) => reader.api.patch(`${INBOX}/${id}`, { read: true })),
      reader.api.post(`${INBOX}/mark`, { as: 'seen' }),
    ])
    const after = (await reader.api.get(`${INBOX}?limit=200`)).body.data.map(
      (item: { sequence: number }) => item.sequence,
    )
    expect(new Set(after).size).to.equal(30)
  })

  describe('push subscriptions', () => {
    const browser = (host: string, at = 'a') => ({
      endpoint: `https://${host}/send/${at}`,
      keys: {
        p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
        auth: 'tBHItJI5svbpez7KI4CCXg',
      },
      expirationTime: null,
    })
    const PUSH = `${V1}/push/subscriptions`

    it('are each person’s own, move with the browser, and keep their endpoint to themselves', async () => {
      const [ana, ben] = [await buildSubscriber(server, admin), await buildSubscriber(server, admin)]
      const made = await ana.api.post(PUSH, browser('8.8.8.8'))
      expect(made.status, made.text).to.equal(201)
      expect(made.text).to.not.include('/send/a')
      expect((await ana.api.post(PUSH, browser('8.8.8.8'))).body.id).to.equal(made.body.id)
      expect((await ben.api.get(PUSH)).body.data).to.deep.equal([])
      expect((await ben.api.delete(`${PUSH}/${made.body.id}`)).status).to.equal(404)
      await ben.api.post(PUSH, browser('8.8.8.8'))
      expect((await ana.api.get(PUSH)).body.data).to.deep.equal([])
      const [moved] = (await ben.api.get(PUSH)).body.data
      expect((await ben.api.delete(`${PUSH}/${moved.id}`)).status).to.equal(204)
    })

    for (const host of ['127.0.0.1', '[::1]', '169.254.169.254', '10.0.0.1', 'localhost']) {
      it(`never point to ${host}`, async () => {
        const ana = await buildSubscriber(server, admin)
        const res = await ana.api.post(PUSH, browser(host))
        expect(res.status, res.text).to.equal(422)
        expect((await ana.api.get(PUSH)).body.data).to.deep.equal([])
      })
    }
  })
})

/** The next event of a stream, which must not have ended. */
async function eventOf(stream: EventReader): Promise<ReceivedEvent> {
  const event = await stream.next()
  if (!event) throw new Error('the stream ended')
  return event
}
