import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import { documentOf } from '../../test/api-document.js'
import { type BuiltUser, buildKey, buildMember, buildStaff, buildTenant } from '../../test/build.js'
import type { Caller } from '../../test/caller.js'
import { type EventReader, type ReceivedEvent, reconnecting } from '../../test/event-source.js'
import { feedsOptions, handlers, useFeeds } from '../../test/feeds-service.js'
import { stuckClient } from '../../test/raw-request.js'
import { startTwin, type TestServer } from '../../test/server.js'
import { buildApp } from '../app.js'
import { newId } from '../kernel/ids.js'
import { closeServer } from './close-server.js'

const TICKS = '/feeds/v1/ticks'
const behaviour = (name: string) => `/feeds/v1/behaviours/${name}`

interface Feed {
  id: string
  path: string
  append(...bodies: string[]): Promise<void>
}

async function makeFeed(api: Caller): Promise<Feed> {
  const { body } = await api.post('/feeds/v1/feeds', {})
  return {
    id: body.id,
    path: `/feeds/v1/feeds/${body.id}/events`,
    append: async (...bodies) => {
      for (const text of bodies) {
        const res = await api.post(`/feeds/v1/feeds/${body.id}/items`, { body: text })
        if (res.status !== 200) throw new Error(res.text)
      }
    },
  }
}

/** Resolves when it holds; mocha's time limit is the only one. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5)
}

const bodies = (events: readonly ReceivedEvent[]) => events.map(({ data }) => data.body as string)

/** What `end` said, after whatever came before it. */
async function reasonOf(reader: EventReader): Promise<string> {
  const last = (await reader.rest()).at(-1)
  return last?.event === 'end' ? last.data.reason : `no end but ${last?.text}`
}

describe('a stream of events', function () {
  this.timeout(60_000)
  const server = useFeeds()
  let owner: BuiltUser
  let feed: Feed

  before(async () => {
    owner = await buildMember(server)
    feed = await makeFeed(owner.api)
    await feed.append('one', 'two', 'three')
  })

  const figure = async (name: string): Promise<number> => {
    const line = (await server.get('/metrics')).text.split('\n').find((one) => one.startsWith(`${name} `))
    return Number(line?.split(' ').at(-1))
  }
  const open = (path = '/feeds/v1/feeds/:feedId/events') =>
    figure(`vetrai_http_streams_open{route="${path}"}`).then((count) => count || 0)
  const lineOf = (requestId: string | null) =>
    server.logs
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find((line) => line.msg === 'request' && line.request_id === requestId)

  describe('opens like any other request', () => {
    it('with the status of what is wrong, before anything was sent', async () => {
      const narrow = await buildKey(owner, ['tenancy:read'])
      const answers = await Promise.all([
        server.anonymous.get(feed.path),
        server.as(narrow.key).get(feed.path),
        owner.api.get(`${feed.path}?x=1`),
        owner.api.with({ 'last-event-id': 'junk' }).get(feed.path),
        owner.api.post(feed.path, {}),
      ])
      expect(answers.map(({ status }) => status)).to.deep.equal([401, 403, 422, 422, 405])
      expect(answers[3]?.body.errors[0].pointer).to.equal('/headers/last-event-id')
    })

    it('hides the feed of another tenant like one that never was', async () => {
      const stranger = await buildMember(server)
      const random = newId()
      const [theirs, none] = await Promise.all([
        stranger.api.get(feed.path),
        stranger.api.get(`/feeds/v1/feeds/${random}/events`),
      ])
      expect([theirs.status, theirs.body.code]).to.deep.equal([404, 'request.not_found'])
      const words = ({ text }: { text: string }) =>
        text.replace(/"request_id":"\w+"/, '').replace(feed.id, random)
      expect(words(theirs)).to.equal(words(none))
    })

    it('without being begun by HEAD', async () => {
      const { begun } = handlers
      const head = await owner.api.call('HEAD', feed.path, {})
      expect([head.status, head.headers.get('content-type')]).to.deep.equal([200, 'text/event-stream'])
      expect((await owner.api.call('HEAD', `/feeds/v1/feeds/${newId()}/events`, {})).status).to.equal(404)
      expect(handlers.begun).to.equal(begun)
      await until(async () => (await open()) === 0)
    })

    it('with 204 where nothing more will come, so that browsers do not connect again', async () => {
      expect((await owner.api.get(behaviour('nothing'))).status).to.equal(204)
    })

    it('in the transaction of its route: an audit line where that says so', async () => {
      const before = await makeFeed(owner.api)
      await (await owner.api.stream(before.path)).close()
      const { body } = await owner.api.get('/tenancy/v1/audit-logs?action=feed.followed')
      const targets = body.data.map((line: { target: string }) => line.target)
      expect(targets.filter((target: string) => target === before.id)).to.have.length(1)
    })
  })

  it('tells nobody on the way to keep it or hold it back, and when to connect again', async () => {
    const stream = await owner.api.stream(feed.path)
    expect(stream.headers.get('content-type')).to.equal('text/event-stream')
    expect(stream.headers.get('cache-control')).to.equal('no-store')
    expect(stream.headers.get('x-accel-buffering')).to.equal('no')
    await stream.take(1)
    expect(stream.retryMs).to.be.within(1_000, 3_000)
    await stream.close()
  })

  it('sends what there is, then what comes, then that it is finished', async () => {
    const stream = await owner.api.stream(feed.path)
    expect(bodies(await stream.take(3))).to.deep.equal(['one', 'two', 'three'])
    const own = await makeFeed(owner.api)
    await own.append('a')
    const live = await owner.api.stream(own.path)
    expect(await live.take(1)).to.deep.equal([
      { id: '1', event: 'item', text: '{"number":1,"body":"a"}', data: { number: 1, body: 'a' } },
    ])
    await own.append('b\u2028:"é', 'last')
    expect(bodies(await live.take(2))).to.deep.equal(['b\u2028:"é', 'last'])
    expect(await reasonOf(live)).to.equal('finished')
    expect(live.wasCut).to.equal(false)
    await stream.close()
  })

  it('is resumed without gap or repeat, however often it is cut and whichever process answers', async () => {
    const { twin, stop } = await startTwin(server, feedsOptions)
    const own = await makeFeed(owner.api)
    const count = 120
    const writing = Promise.all(
      [owner.api, owner.api.at(twin.url)].map(async (api, writer) => {
        for (let i = 0; i < count / 2; i += 1) {
          await api.post(`/feeds/v1/feeds/${own.id}/items`, { body: `${writer} ${i}` })
        }
      }),
    ).then(() => own.append('last'))
    let connections = 0
    const events: ReceivedEvent[] = []
    const connect = async (after: string) => {
      connections += 1
      const reader = await owner.api.at(connections % 2 ? server.url : twin.url).stream(own.path, { after })
      if (connections < 12) setTimeout(() => void reader.close(), 10 + 5 * (connections % 5))
      return reader
    }
    for await (const event of reconnecting(connect)) events.push(event)
    await writing
    expect(connections).to.be.above(3)
    expect(events.slice(0, -1).map(({ id }) => Number(id))).to.deep.equal(
      Array.from({ length: count + 1 }, (_, i) => i + 1),
    )
    await stop()
  })

  it('keeps quiet connections alive, and no database connection for them', async () => {
    const streams = await Promise.all(Array.from({ length: 12 }, () => owner.api.stream(feed.path)))
    await until(() => streams.every((stream) => stream.comments >= 2))
    const busy = server.resources.db.poolUse().map(({ total, idle }) => total - idle)
    expect(busy.reduce((sum, count) => sum + count)).to.equal(0)
    await Promise.all(streams.map((stream) => stream.close()))
  })

  it('outlives the time that a request may take, and a moment in which the server was busy', async () => {
    const settings = { ...feedsOptions.settings, REQUEST_TIMEOUT_MS: '900' }
    const { twin, stop } = await startTwin(server, { ...feedsOptions, settings })
    const stream = await owner.api.at(twin.url).stream(feed.path)
    await until(() => stream.comments >= 1)
    for (const began = performance.now(); performance.now() - began < 1_000; ) Math.random()
    const { comments } = stream
    await until(() => stream.comments > comments + 1)
    await stop()
  })

  it('is sent to many at once, each event once and in order', async () => {
    const { twin, stop } = await startTwin(server, {
      ...feedsOptions,
      settings: { ...feedsOptions.settings, STREAMS_PER_PRINCIPAL: '1000' },
    })
    const own = await makeFeed(owner.api)
    const api = owner.api.at(twin.url)
    const streams = await Promise.all(Array.from({ length: 100 }, () => api.stream(own.path)))
    const names = Array.from({ length: 20 }, (_, i) => `item ${i}`)
    await own.append(...names, 'last')
    for (const stream of streams) {
      expect(bodies(await stream.take(21))).to.deep.equal([...names, 'last'])
      expect(await reasonOf(stream)).to.equal('finished')
    }
    await stop()
  })

  it('leaves others their turn although its handler never waits for anything', async () => {
    const stream = await owner.api.stream(behaviour('drizzle'))
    let most = 0
    for (let i = 0; i < 200; i += 1) {
      const before = handlers.drops
      await turn()
      most = Math.max(most, handlers.drops - before)
    }
    expect(most).to.be.within(1, 100)
    await stream.close()
  })

  it('is told of in the metrics and, when it is over, by one line of the log', async () => {
    const own = await makeFeed(owner.api)
    const sent = 'vetrai_http_stream_events_total{route="/feeds/v1/feeds/:feedId/events"}'
    const before = await figure(sent)
    const stream = await owner.api.stream(own.path)
    expect(await open()).to.equal(1)
    const requestId = stream.headers.get('x-request-id')
    expect(lineOf(requestId)).to.equal(undefined)
    await own.append('one', 'two')
    await stream.take(2)
    expect(await figure(sent)).to.equal(before + 2)
    await stream.close()
    await until(() => lineOf(requestId) !== undefined)
    expect(lineOf(requestId)).to.include({ status: 200, events: 2, end: 'gone', tenant: owner.tenant.id })
    expect(await open()).to.equal(0)
  })

  it('is documented with its events, their data, and how it is resumed', async () => {
    const document = await documentOf(server.url)
    const operation = document.find('GET', feed.path)
    expect(operation?.parameters.map(({ name }) => name)).to.include('Last-Event-ID')
    expect(Object.keys(operation?.responses ?? {})).to.include.members(['200', '204', '404', '429', '503'])
    const media = operation?.responses['200']?.content?.['text/event-stream']
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema(document.raw, 'api')
    const fits = ajv.compile(JSON.parse(JSON.stringify(media?.schema).replaceAll('"#/', '"api#/')))
    expect(media?.example).to.include({ event: 'item' })
    expect(fits(media?.example), JSON.stringify(media?.example)).to.equal(true)
    expect(fits({ event: 'end', data: { reason: 'revoked' } })).to.equal(true)
    expect(fits({ event: 'end', data: { reason: 'because' } })).to.equal(false)
    expect(fits({ event: 'other', data: 1 })).to.equal(false)
  })

  describe('ends', () => {
    it('when the client leaves: the handler is told, and nothing of it stays', async () => {
      const areOver = () => handlers.finished === handlers.begun && handlers.aborted === handlers.begun
      await until(areOver)
      const streams = await Promise.all(Array.from({ length: 10 }, () => owner.api.stream(feed.path)))
      for (const stream of streams) await stream.take(3)
      expect(areOver()).to.equal(false)
      await Promise.all(streams.map((stream) => stream.close()))
      await until(areOver)
      await until(async () => (await open()) === 0)
    })

    it('for a client that leaves although the handler does not listen to its signal', async () => {
      const stream = await owner.api.stream(behaviour('deaf'))
      expect(await open('/feeds/v1/behaviours/:name')).to.equal(1)
      await stream.close()
      await until(async () => (await open('/feeds/v1/behaviours/:name')) === 0)
    })

    it('by saying that it failed, and never why, where the handler throws or gives what does not fit', async () => {
      for (const name of ['throws', 'misfit']) {
        const stream = await owner.api.stream(behaviour(name))
        const events = await stream.rest()
        expect(events.map(({ event, data }) => [event, data])).to.deep.equal([
          ['word', 'before'],
          ['end', { reason: 'failed' }],
        ])
        const requestId = stream.headers.get('x-request-id') ?? ''
        const errors = server.logs.filter(
          (line) => line.includes(requestId) && line.includes('"level":"error"'),
        )
        expect(errors).to.have.length(1)
      }
    })

    it('with the server, at once and whatever its client does, and no other is opened', async () => {
      const config = { ...server.resources.config, STREAM_HEARTBEAT_MS: 600_000 }
      const app = buildApp({ ...server.resources, config })
      const http = createServer(app.listener)
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      const api = owner.api.at(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
      const reading = await api.stream(feed.path)
      await reading.take(3)
      const stuck = stuckClient(`${api.url}${behaviour('flood')}`)
      await until(async () => (await open('/feeds/v1/behaviours/:name')) === 1)
      app.drain()
      expect((await api.get(feed.path)).body).to.include({ status: 503, code: 'request.streams_full' })
      expect(await reasonOf(reading)).to.equal('shutdown')
      await closeServer(http)
      stuck.destroy()
    })
  })

  describe('is bounded', () => {
    it('to so many for one caller and so many for the process', async () => {
      const limits = { STREAMS_PER_PRINCIPAL: '2', STREAMS_MAX: '3' }
      const { twin, stop } = await startTwin(server, {
        ...feedsOptions,
        settings: { ...feedsOptions.settings, ...limits },
      })
      const [mine, other] = [owner.api.at(twin.url), (await buildMember(server)).api.at(twin.url)]
      const first = await mine.stream(TICKS)
      await mine.stream(TICKS)
      const third = await mine.get(TICKS)
      expect([third.status, third.body.code]).to.deep.equal([429, 'request.too_many_streams'])
      expect(Number(third.headers.get('retry-after'))).to.be.above(0)

      await other.stream(TICKS)
      const fourth = await other.get(TICKS)
      expect([fourth.status, fourth.body.code]).to.deep.equal([503, 'request.streams_full'])
      expect(Number(fourth.headers.get('retry-after'))).to.be.above(0)

      await first.close()
      await until(async () => (await mine.get(TICKS)).status === 200)
      await stop()
    })

    it('and a request that opens none does not count', async () => {
      const { twin, stop } = await startTwin(server, {
        ...feedsOptions,
        settings: { ...feedsOptions.settings, STREAMS_PER_PRINCIPAL: '1', STREAMS_MAX: '1' },
      })
      const api = owner.api.at(twin.url)
      for (let i = 0; i < 5; i += 1) {
        expect((await api.get(`/feeds/v1/feeds/${newId()}/events`)).status).to.equal(404)
        expect((await api.get(behaviour('nothing'))).status).to.equal(204)
        expect((await api.call('HEAD', TICKS, {})).status).to.equal(200)
      }
      await stop()
    })
  })

  describe('lasts no longer than the rights that it was opened with', () => {
    let loner: TestServer
    let stopLoner: () => Promise<void>

    before(async () => {
      // Without Redis nobody tells it of a revocation: the age bound alone has to hold.
      const settings = { ...feedsOptions.settings, REDIS_URL: 'redis://127.0.0.1:1/0' }
      const started = await startTwin(server, { ...feedsOptions, settings })
      loner = started.twin
      stopLoner = started.stop
    })
    after(() => stopLoner())

    const keyWith = async (more: object, change: (key: string, admin: BuiltUser) => Promise<unknown>) => {
      const admin = await buildMember(server)
      const key = await buildKey(admin, ['feeds:read', 'tenancy:read'], { ...more })
      return { caller: server.as(key.key), change: () => change(`/keys/v1/keys/${key.id}`, admin) }
    }
    const memberWith = async (change: (member: BuiltUser, admin: BuiltUser) => Promise<unknown>) => {
      const admin = await buildMember(server)
      const member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
      return { caller: member.api, change: () => change(member, admin) }
    }

    /** Whose stream, and what takes the rights away. */
    const cases = {
      'a revoked key': () => keyWith({}, (key, { api }) => api.post(`${key}/revoke`)),
      'a key with fewer scopes': () =>
        keyWith({}, (key, { api }) => api.patch(key, { scopes: ['tenancy:read'] })),
      'a key of a suspended organisation': () =>
        keyWith({}, (_key, { tenant }) =>
          server.operator.post(`/tenancy/v1/tenants/${tenant.id}/suspend`, { reason: 'unpaid' }),
        ),
      'somebody who was removed': () =>
        memberWith((member, { api }) => api.delete(`/tenancy/v1/members/${member.id}`)),
      'somebody with another role that may the same': () =>
        memberWith((member, { api }) => api.patch(`/tenancy/v1/members/${member.id}`, { role: 'org_admin' })),
      'somebody whose account is closed': () =>
        memberWith((member) => server.operator.post(`/auth/v1/users/${member.id}/disable`)),
      'a session that ended': () => memberWith((member) => member.api.post('/auth/v1/logout', {})),
      'an opaque token that was revoked': async () => {
        const member = await buildMember(server)
        const { body } = await member.api.post('/auth/v1/tokens', { name: 'script' })
        return {
          caller: server.as(body.token ?? body.access_token),
          change: () => member.api.delete(`/auth/v1/tokens/${body.id}`),
        }
      },
      'staff in an organisation that is suspended': async () => {
        const { id } = await buildTenant(server)
        return {
          caller: (await buildStaff(server, 'support_agent')).api.in(id),
          change: () => server.operator.post(`/tenancy/v1/tenants/${id}/suspend`, { reason: 'unpaid' }),
        }
      },
    }

    it(`within a second for data, also without Redis, for ${Object.keys(cases).join(', ')}`, async () => {
      await Promise.all(
        Object.entries(cases).map(async ([title, make]) => {
          const { caller, change } = await make()
          // Other calls with the same credential have it looked up at other times than the stream does.
          const there = caller.at(loner.url)
          const calls = setInterval(() => void there.get('/auth/v1/me'), 40)
          await sleep(500)
          const stream = await there.stream(TICKS)
          await sleep(400)
          const changed = (await change()) as { status: number; text: string }
          const at = performance.now()
          expect(changed.status, `${title}: ${changed.text}`).to.be.below(300)
          const rest = await stream.rest()
          clearInterval(calls)
          expect(rest.at(-1)?.data, title).to.deep.equal({ reason: 'revoked' })
          const last = rest.at(-2)?.data ?? 0
          expect(last - at, `${title}: data after the revocation, ms`).to.be.below(1_000)
        }),
      )
    })

    it('also where it is quiet, and not for looking at them', async () => {
      const admin = await buildMember(server)
      const own = await makeFeed(admin.api)
      const { id, key } = await buildKey(admin, ['feeds:read'])
      const stream = await server.as(key).stream(own.path)
      await until(() => stream.comments >= 3)
      const { body } = await admin.api.get(`/keys/v1/keys/${id}/usage`)
      expect(body.totals.requests).to.equal(1)
      await admin.api.post(`/keys/v1/keys/${id}/revoke`)
      expect(await reasonOf(stream)).to.equal('revoked')
    })
  })
})
