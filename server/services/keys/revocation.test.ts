import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import { startTwin, type TestServer, useServer } from '../../../test/server.js'
import { FRESH_MS } from '../../storage/fresh-cache.js'

const NO_REDIS = 'redis://127.0.0.1:1/0'

describe('revocation in several processes', () => {
  const server = useServer()
  let admin: BuiltUser
  let twin: TestServer
  let loner: TestServer
  const stops: (() => Promise<void>)[] = []

  before(async () => {
    admin = await buildMember(server)
    for (const settings of [{}, { REDIS_URL: NO_REDIS }]) {
      const started = await startTwin(server, { settings })
      stops.push(started.stop)
      if ('REDIS_URL' in settings) loner = started.twin
      else twin = started.twin
    }
  })
  after(async () => {
    for (const stop of stops) await stop()
  })

  const status = async (on: TestServer, key: string) => (await on.as(key).get('/keys/v1/keys')).status

  for (const [title, change, expected] of [
    ['revoked', (id: string) => admin.api.post(`/keys/v1/keys/${id}/revoke`), 401],
    ['disabled', (id: string) => admin.api.patch(`/keys/v1/keys/${id}`, { enabled: false }), 401],
    ['narrowed', (id: string) => admin.api.patch(`/keys/v1/keys/${id}`, { scopes: ['tenancy:read'] }), 403],
    ['deleted', (id: string) => admin.api.delete(`/keys/v1/keys/${id}`), 401],
  ] as const) {
    it(`refuses a ${title} key in every process within a second, with and without Redis`, async () => {
      const { id, key } = await buildKey(admin, ['keys:read'])
      expect(await Promise.all([server, twin, loner].map((on) => status(on, key)))).to.deep.equal([
        200, 200, 200,
      ])
      await change(id)
      const at = performance.now()
      expect(await status(server, key)).to.equal(expected)
      while ((await status(twin, key)) === 200) expect(performance.now() - at).to.be.below(200)
      while ((await status(loner, key)) === 200) expect(performance.now() - at).to.be.below(FRESH_MS + 150)
    })
  }

  it('keeps refusing while every process hammers the key that is being revoked', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    let revokedAt = Number.POSITIVE_INFINITY
    const late: number[] = []
    const hammer = async (on: TestServer) => {
      while (performance.now() < revokedAt + 1_500) {
        const sentAt = performance.now()
        if ((await status(on, key)) === 200 && sentAt > revokedAt + 1_000) late.push(sentAt - revokedAt)
      }
    }
    const running = [server, twin, loner].flatMap((on) => [hammer(on), hammer(on)])
    await new Promise((resolve) => setTimeout(resolve, 100))
    await admin.api.post(`/keys/v1/keys/${id}/revoke`)
    revokedAt = performance.now()
    await Promise.all(running)
    expect(late).to.deep.equal([])
    expect(await Promise.all([server, twin, loner].map((on) => status(on, key)))).to.deep.equal([
      401, 401, 401,
    ])
  })

  it('never undoes a revocation or brings back a deleted key by counting or verifying it', async () => {
    const [revoked, deleted] = [
      await buildKey(admin, ['keys:read'], { credits: 1_000 }),
      await buildKey(admin, ['keys:read']),
    ]
    const verify = (on: TestServer, key: string) => on.as(admin.token).post('/keys/v1/verify', { key })
    const storm = [revoked, deleted].flatMap(({ key }) =>
      Array.from({ length: 40 }, (_, i) => verify(i % 2 ? server : twin, key)),
    )
    await Promise.all([
      ...storm,
      admin.api.post(`/keys/v1/keys/${revoked.id}/revoke`),
      admin.api.delete(`/keys/v1/keys/${deleted.id}`),
    ])
    for (const on of [server, twin]) await on.as(admin.token).get('/keys/v1/usage')
    await new Promise((resolve) => setTimeout(resolve, FRESH_MS + 50))
    expect((await admin.api.get(`/keys/v1/keys/${revoked.id}`)).body.state).to.equal('revoked')
    expect((await admin.api.get(`/keys/v1/keys/${deleted.id}`)).status).to.equal(404)
    for (const on of [server, twin]) {
      expect((await verify(on, revoked.key)).body.code).to.equal('REVOKED')
      expect((await verify(on, deleted.key)).body.code).to.equal('NOT_FOUND')
    }
  })

  it('spends shared credits exactly over two processes', async () => {
    const { key } = await buildKey(admin, ['keys:read'], { credits: 25 })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? server : twin).as(admin.token).post('/keys/v1/verify', { key }),
      ),
    )
    expect(answers.filter((answer) => answer.body.valid)).to.have.length(25)
  })

  it('verifies and spends without Redis', async () => {
    const { key } = await buildKey(admin, ['keys:read'], {
      credits: 2,
      rate_limits: [{ name: 'r', limit: 10, window_s: 60 }],
    })
    const codes: string[] = []
    for (let i = 0; i < 3; i++)
      codes.push((await loner.as(admin.token).post('/keys/v1/verify', { key })).body.code)
    expect(codes).to.deep.equal(['VALID', 'VALID', 'USAGE_EXCEEDED'])
  })
})
