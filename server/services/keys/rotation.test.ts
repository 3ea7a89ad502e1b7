import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { generateToken } from '../../kernel/token-format.js'

describe('rotation and leaks of keys', () => {
  const server = useServer()
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })

  const codeOf = async (key: string) =>
    (await server.operator.in(admin.tenant.id).post('/keys/v1/verify', { key })).body.code
  const rotate = (id: string, body?: object) => admin.api.post(`/keys/v1/keys/${id}/rotate`, body)
  const read = async (id: string) => (await admin.api.get(`/keys/v1/keys/${id}`)).body

  it('gives a successor with the same rights and ends the old key at once', async () => {
    const more = {
      meta: { a: 1 },
      allowed_ips: ['0.0.0.0/0', '::/0'],
      rate_limits: [{ name: 'r', limit: 9, window_s: 60 }],
    }
    const old = await buildKey(admin, ['keys:read'], more)
    const res = await rotate(old.id)
    expect(res.status).to.equal(201)
    expect(res.body).to.deep.include({
      rotated_from: old.id,
      scopes: ['keys:read'],
      meta: { a: 1 },
      state: 'active',
    })
    expect(res.body.rate_limits).to.deep.equal((await read(old.id)).rate_limits)
    expect(await read(old.id)).to.include({ state: 'revoked', rotated_to: res.body.id })
    expect((await server.as(res.body.key).get('/keys/v1/keys')).status).to.equal(200)
    expect((await server.as(old.key).get('/keys/v1/keys')).status).to.equal(401)
  })

  it('lets the old key live through its grace time and not longer', async () => {
    const old = await buildKey(admin, ['keys:read'])
    await rotate(old.id, { grace_s: 120 })
    const { state, grace_until: until } = await read(old.id)
    expect(state).to.equal('retiring')
    expect(await codeOf(old.key)).to.equal('VALID')
    server.now = () => new Date(until)
    try {
      expect(await codeOf(old.key)).to.equal('EXPIRED')
    } finally {
      server.now = undefined
    }
  })

  it('never lets a grace time outlive the expiry', async () => {
    const ends = new Date(Date.now() + 60_000)
    const old = await buildKey(admin, ['keys:read'], { expires_at: ends.toISOString() })
    const { body } = await rotate(old.id, { grace_s: 3600 })
    expect(body.expires_at).to.equal(ends.toISOString())
    server.now = () => ends
    try {
      expect(await codeOf(old.key)).to.equal('EXPIRED')
    } finally {
      server.now = undefined
    }
  })

  it('gives one successor to 20 parallel rotations', async () => {
    const old = await buildKey(admin, ['keys:read'])
    const answers = await Promise.all(Array.from({ length: 20 }, () => rotate(old.id, { grace_s: 60 })))
    expect(answers.filter(({ status }) => status === 201)).to.have.length(1)
    expect(answers.filter(({ body }) => body.code === 'keys.already_rotated')).to.have.length(19)
  })

  it('shares credits and named limits between a key and its successor', async () => {
    const limits = [{ name: 'r', limit: 3, window_s: 600 }]
    const old = await buildKey(admin, ['keys:read'], { credits: 10, rate_limits: limits })
    const verify = async (key: string) => (await admin.api.post('/keys/v1/verify', { key })).body
    expect((await verify(old.key)).remaining).to.equal(9)
    const { body: successor } = await rotate(old.id, { grace_s: 600 })
    expect(successor.credits.remaining).to.equal(9)
    expect((await verify(successor.key)).remaining).to.equal(8)
    expect((await verify(old.key)).remaining).to.equal(7)
    expect((await verify(successor.key)).code).to.equal('RATE_LIMITED')

    await admin.api.delete(`/keys/v1/keys/${old.id}`)
    expect((await read(successor.id)).credits.remaining).to.equal(7)
  })

  it('stops a leaked key whoever reports it, tells its organisation once and echoes no key', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    const unknown = generateToken('vtr_live_')
    const reports = [
      { token: key, type: 'vetrai_api_key', url: 'https://code.example/blob/1', source: 'content' },
      { token: unknown },
      { token: 'not a key' },
    ]
    const res = await server.post('/keys/v1/leaked', reports)
    expect(res.status).to.equal(200)
    expect(res.body.data.map((one: { label: string }) => one.label)).to.deep.equal([
      'true_positive',
      'false_positive',
      'false_positive',
    ])
    expect(res.body.data[0].token_hash).to.equal(createHash('sha256').update(key).digest('base64'))
    expect(res.text).to.not.include(key)
    expect(await codeOf(key)).to.equal('REVOKED')
    expect((await read(id)).leaked_at).to.be.a('string')

    await server.post('/keys/v1/leaked', { tokens: [{ token: key }] })
    const rows = await sql(
      `select name, payload from outbox where payload->>'keyId' = '${id}' and name = 'keys.key.leaked'`,
    )
    expect(rows).to.have.length(1)
    expect(rows[0]).to.have.nested.property('payload.url', 'https://code.example/blob/1')
    const audit = await sql(
      `select tenant_id from audit_logs where target = '${id}' and action = 'key.leaked'`,
    )
    expect(audit).to.deep.equal([{ tenant_id: admin.tenant.id }])
  })

  it('gives a leaked key time where its owner chose to rotate, which then shortens and never lengthens it', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'], { on_leak: 'rotate' })
    await server.post('/keys/v1/leaked', [{ token: key }])
    const leaked = await read(id)
    expect(leaked.state).to.equal('retiring')
    await server.post('/keys/v1/leaked', [{ token: key }])
    const { body: successor } = await rotate(id, { grace_s: 7 * 86_400 })
    expect(successor).to.include({ state: 'active', grace_until: null, leaked_at: null })
    expect((await read(id)).grace_until).to.equal(leaked.grace_until)
  })

  it('refuses a leak report of nothing or of too much', async () => {
    expect((await server.post('/keys/v1/leaked', [])).status).to.equal(422)
    const many = Array.from({ length: 101 }, () => ({ token: 'x' }))
    expect((await server.post('/keys/v1/leaked', many)).status).to.equal(422)
  })

  async function sql(text: string): Promise<Record<string, unknown>[]> {
    return (await asAdmin(await stores(), text, server.databaseName)).rows
  }
})
