import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember, buildStaff, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'

const RANDOM_ID = '01980000-0000-7000-8000-000000000000'
const KEY = /^vtr_live_[0-9A-Za-z]{36}$/

describe('API keys', () => {
  const server = useServer()
  let admin: BuiltUser
  let stranger: BuiltUser
  let member: BuiltUser
  let biller: BuiltUser

  before(async () => {
    ;[admin, stranger] = await Promise.all([buildMember(server), buildMember(server)])
    ;[member, biller] = await Promise.all([
      buildMember(server, { tenant: admin.tenant, role: 'user' }),
      buildMember(server, { tenant: admin.tenant, role: 'billing_admin' }),
    ])
  })

  const calls: [string, string, unknown?][] = [
    ['GET', '/keys/v1/keys/{id}'],
    ['PATCH', '/keys/v1/keys/{id}', { name: 'other' }],
    ['DELETE', '/keys/v1/keys/{id}'],
    ['POST', '/keys/v1/keys/{id}/rotate', {}],
    ['POST', '/keys/v1/keys/{id}/revoke'],
    ['GET', '/keys/v1/keys/{id}/usage'],
  ]

  it('gives a new key one time for its creation and its last change', async () => {
    const { created_at, updated_at } = (
      await admin.api.post('/keys/v1/keys', { name: 'new', scopes: ['keys:read'] })
    ).body
    expect(updated_at).to.equal(created_at)
  })

  for (const [method, path, body] of [
    ...calls,
    ['GET', '/keys/v1/keys'] as const,
    ['POST', '/keys/v1/keys', { name: 'k', scopes: ['keys:read'] }] as const,
    ['POST', '/keys/v1/verify', { key: 'x' }] as const,
    ['GET', '/keys/v1/usage'] as const,
  ]) {
    it(`refuses ${method} ${path} without identity`, async () => {
      const res = await server.anonymous.call(method, path.replace('{id}', RANDOM_ID), { body })
      expect(res.status).to.equal(401)
    })
  }

  for (const [method, path, body] of calls) {
    it(`answers ${method} ${path} for another tenant's key exactly as for a random id`, async () => {
      const { id } = await buildKey(stranger, ['keys:read'])
      const theirs = await admin.api.call(method, path.replace('{id}', id), { body })
      const random = await admin.api.call(method, path.replace('{id}', RANDOM_ID), { body })
      expect(theirs.status).to.equal(404)
      expect(withoutRequest(theirs.text, id)).to.equal(withoutRequest(random.text, RANDOM_ID))
      expect((await stranger.api.get(`/keys/v1/keys/${id}`)).body).to.include({
        state: 'active',
        enabled: true,
      })
    })

    it(`hides ${method} ${path} of the organisation's keys from a member who does not manage them`, async () => {
      const { id } = await buildKey(admin, ['keys:read'])
      const res = await member.api.call(method, path.replace('{id}', id), { body })
      expect(res.status).to.equal(404)
    })
  }

  it('refuses the wrong role', async () => {
    const make = await biller.api.post('/keys/v1/keys', { name: 'k', scopes: ['tenancy:read'] })
    const verify = await member.api.post('/keys/v1/verify', { key: 'x' })
    expect([make.status, verify.status]).to.deep.equal([403, 403])
  })

  it('makes a key that is shown once and works at once', async () => {
    const res = await admin.api.post('/keys/v1/keys', { name: 'ci', scopes: ['keys:read', 'tenancy:read'] })
    expect(res.status).to.equal(201)
    expect(res.headers.get('location')).to.equal(`/keys/v1/keys/${res.body.id}`)
    expect(res.body.key).to.match(KEY)
    expect(res.body).to.deep.include({
      name: 'ci',
      state: 'active',
      scopes: ['keys:read', 'tenancy:read'],
      credits: null,
    })
    expect(res.body.owner).to.deep.equal({ type: 'tenant', id: admin.tenant.id })
    expect(res.body.key.startsWith(res.body.start)).to.equal(true)

    const asKey = server.as(res.body.key)
    expect((await asKey.get(`/keys/v1/keys/${res.body.id}`)).text).to.not.include(res.body.key)
    const byHeader = server.anonymous.with({ 'x-api-key': res.body.key })
    expect((await byHeader.get(`/keys/v1/keys/${res.body.id}`)).status).to.equal(200)
  })

  it('gives test keys their own prefix', async () => {
    const { key } = await buildKey(admin, ['keys:read'], { environment: 'test' })
    expect(key).to.match(/^vtr_test_/)
  })

  it('stores no text of any key anywhere in the database, also not for a replayed creation', async () => {
    const idempotent = admin.api.with({ 'idempotency-key': unique('once') })
    const body = { name: 'canary', scopes: ['keys:read'] }
    const [first, second] = [
      await idempotent.post('/keys/v1/keys', body),
      await idempotent.post('/keys/v1/keys', body),
    ]
    expect(second.body).to.deep.equal(first.body)
    await server.outbox.drain()

    const secret = String(first.body.key).slice('vtr_live_'.length)
    const shared = await stores()
    const tables = await asAdmin(
      shared,
      "select tablename from pg_tables where schemaname = 'public'",
      server.databaseName,
    )
    for (const { tablename } of tables.rows as { tablename: string }[]) {
      const sql = `select count(*)::int as n from "${tablename}" t where position('${secret}' in t::text) > 0`
      const { rows } = await asAdmin(shared, sql, server.databaseName)
      expect(rows[0].n, tablename).to.equal(0)
    }
    expect(server.logs.join('')).to.not.include(secret)
  })

  for (const [title, body, pointer] of [
    ['no scopes', { name: 'k', scopes: [] }, '/scopes'],
    ['text that is no scope', { name: 'k', scopes: ['*:read'] }, '/scopes/0'],
    ['an unknown field', { name: 'k', scopes: ['keys:read'], user_id: RANDOM_ID }, '/user_id'],
    [
      'a range with host bits',
      { name: 'k', scopes: ['keys:read'], allowed_ips: ['10.0.0.1/8'] },
      '/allowed_ips/0',
    ],
    ['two limits of one name', { name: 'k', scopes: ['keys:read'], rate_limits: twice('a') }, '/rate_limits'],
    [
      'two expiries',
      { name: 'k', scopes: ['keys:read'], expires_in_days: 1, expires_at: '2099-01-01T00:00:00Z' },
      '/expires_at',
    ],
  ] as const) {
    it(`refuses ${title} and says where`, async () => {
      const res = await admin.api.post('/keys/v1/keys', body)
      expect(res.status).to.equal(422)
      expect(res.body.errors.map((one: { pointer: string }) => one.pointer)).to.include(pointer)
    })
  }

  it('refuses an expiry in the past, a misspelt scope and an owner who is no member', async () => {
    const make = (more: object) =>
      admin.api.post('/keys/v1/keys', { name: 'k', scopes: ['keys:read'], ...more })
    expect((await make({ expires_at: '2020-01-01T00:00:00Z' })).body.code).to.equal('keys.expiry_past')
    expect((await make({ scopes: ['keys:raed'] })).body.code).to.equal('keys.unknown_scope')
    expect((await make({ owner: { type: 'user', id: stranger.id } })).body.code).to.equal(
      'keys.owner_not_member',
    )
  })

  it('lists newest first in pages and filters by state, name and environment', async () => {
    const owner = await buildMember(server)
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.unshift((await buildKey(owner, ['keys:read'], { name: `n${i}` })).id)
    await owner.api.post(`/keys/v1/keys/${ids[0]}/revoke`)

    const first = await owner.api.get('/keys/v1/keys?limit=3')
    const second = await owner.api.get(`/keys/v1/keys?limit=3&cursor=${first.body.next_cursor}`)
    expect([...idsOf(first.body), ...idsOf(second.body)]).to.deep.equal(ids)
    expect([first.body.has_more, second.body.has_more]).to.deep.equal([true, false])
    expect(idsOf((await owner.api.get('/keys/v1/keys?state=revoked')).body)).to.deep.equal([ids[0]])
    expect(idsOf((await owner.api.get('/keys/v1/keys?state=active')).body)).to.deep.equal(ids.slice(1))
    expect(idsOf((await owner.api.get('/keys/v1/keys?name=n3')).body)).to.deep.equal([ids[1]])
    expect(idsOf((await owner.api.get('/keys/v1/keys?environment=test')).body)).to.deep.equal([])
  })

  it('shows a member its own keys only', async () => {
    const own = await buildKey(member, ['keys:read'])
    expect(idsOf((await member.api.get('/keys/v1/keys')).body)).to.deep.equal([own.id])
    expect(idsOf((await member.api.get(`/keys/v1/keys?owner_id=${admin.id}`)).body)).to.deep.equal([])
    expect(idsOf((await admin.api.get(`/keys/v1/keys?owner_id=${member.id}`)).body)).to.deep.equal([own.id])
  })

  it('filters by the same states that it shows', async () => {
    const owner = await buildMember(server)
    const soon = new Date(Date.now() + 600_000)
    const ids = {
      active: (await buildKey(owner, ['keys:read'])).id,
      disabled: (await buildKey(owner, ['keys:read'], { enabled: false })).id,
      expired: (await buildKey(owner, ['keys:read'], { expires_at: soon.toISOString() })).id,
      retiring: (await buildKey(owner, ['keys:read'], { name: 'old' })).id,
      revoked: (await buildKey(owner, ['keys:read'])).id,
    }
    await owner.api.post(`/keys/v1/keys/${ids.retiring}/rotate`, { grace_s: 3600 })
    await owner.api.post(`/keys/v1/keys/${ids.revoked}/revoke`)
    server.now = () => new Date(soon.getTime() + 1)
    try {
      const reader = server.operator.in(owner.tenant.id)
      for (const [state, id] of Object.entries(ids)) {
        const { body } = await reader.get(`/keys/v1/keys?state=${state}`)
        const own = body.data.filter(
          (key: { name: string; rotated_from: string | null }) => key.rotated_from === null,
        )
        expect(idsOf({ data: own }), state).to.deep.equal([id])
        expect(own[0].state).to.equal(state)
      }
    } finally {
      server.now = undefined
    }
  })

  it('changes only what is given, with entity tags', async () => {
    const { id } = await buildKey(admin, ['keys:read'], { meta: { team: 'a' } })
    const before = await admin.api.get(`/keys/v1/keys/${id}`)
    const tag = String(before.headers.get('etag'))
    const conditional = admin.api.with({ 'if-match': tag })

    const changed = await conditional.patch(`/keys/v1/keys/${id}`, {
      name: 'renamed',
      allowed_ips: ['10.0.0.0/8'],
    })
    expect(changed.status).to.equal(200)
    expect(changed.body).to.deep.include({
      name: 'renamed',
      allowed_ips: ['10.0.0.0/8'],
      meta: { team: 'a' },
    })
    expect((await conditional.patch(`/keys/v1/keys/${id}`, { name: 'late' })).status).to.equal(412)
    expect((await conditional.delete(`/keys/v1/keys/${id}`)).status).to.equal(412)
    expect((await admin.api.patch(`/keys/v1/keys/${id}`, { allowed_ips: null })).body.allowed_ips).to.equal(
      null,
    )
  })

  it('answers 304 to a reader who has the newest version, also after the key was used', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    await server.as(key).get(`/keys/v1/keys/${id}`)
    await admin.api.get(`/keys/v1/keys/${id}/usage`)
    const tag = String((await admin.api.get(`/keys/v1/keys/${id}`)).headers.get('etag'))
    await server.as(key).get(`/keys/v1/keys/${id}`)
    await admin.api.get(`/keys/v1/keys/${id}/usage`)
    const again = await admin.api.with({ 'if-none-match': tag }).get(`/keys/v1/keys/${id}`)
    expect(again.status).to.equal(304)
  })

  it('stops a disabled key and lets an enabled one work again, at once', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    const use = async () => (await server.as(key).get('/keys/v1/keys')).status
    expect(await use()).to.equal(200)
    await admin.api.patch(`/keys/v1/keys/${id}`, { enabled: false })
    expect(await use()).to.equal(401)
    await admin.api.patch(`/keys/v1/keys/${id}`, { enabled: true })
    expect(await use()).to.equal(200)
  })

  it('revokes at once and for good, and keeps the first revocation time', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    expect((await server.as(key).get('/keys/v1/keys')).status).to.equal(200)
    const first = await admin.api.post(`/keys/v1/keys/${id}/revoke`)
    const second = await admin.api.post(`/keys/v1/keys/${id}/revoke`)
    expect(first.body.state).to.equal('revoked')
    expect(second.body.revoked_at).to.equal(first.body.revoked_at)
    expect((await server.as(key).get('/keys/v1/keys')).status).to.equal(401)
    expect((await admin.api.patch(`/keys/v1/keys/${id}`, { enabled: true })).body.code).to.equal(
      'keys.not_alive',
    )
    expect((await admin.api.post(`/keys/v1/keys/${id}/rotate`, {})).body.code).to.equal('keys.not_alive')
  })

  it('forgets a deleted key', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'], { credits: 5 })
    expect((await admin.api.delete(`/keys/v1/keys/${id}`)).status).to.equal(204)
    expect((await admin.api.get(`/keys/v1/keys/${id}`)).status).to.equal(404)
    expect((await server.as(key).get('/keys/v1/keys')).status).to.equal(401)
    expect((await admin.api.delete(`/keys/v1/keys/${id}`)).status).to.equal(404)
  })

  it('admits a key only from its addresses', async () => {
    const [inside, outside] = await Promise.all([
      buildKey(admin, ['keys:read'], { allowed_ips: ['127.0.0.0/8', '::1'] }),
      buildKey(admin, ['keys:read'], { allowed_ips: ['203.0.113.0/24'] }),
    ])
    expect((await server.as(inside.key).get('/keys/v1/keys')).status).to.equal(200)
    expect((await server.as(outside.key).get('/keys/v1/keys')).status).to.equal(401)
  })

  it('stops a key the moment it expires', async () => {
    const at = new Date(Date.now() + 3_600_000)
    const { key } = await buildKey(admin, ['keys:read'], { expires_at: at.toISOString() })
    expect((await server.as(key).get('/keys/v1/keys')).status).to.equal(200)
    server.now = () => at
    try {
      expect((await server.as(key).get('/keys/v1/keys')).status).to.equal(401)
    } finally {
      server.now = undefined
    }
  })

  it('refuses text with a wrong checksum without asking the database', async () => {
    const { key } = await buildKey(admin, ['keys:read'])
    const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
    const { db } = server.resources
    const read = db.readSystem.bind(db)
    let reads = 0
    db.readSystem = (statement) => {
      reads += 1
      return read(statement)
    }
    try {
      expect((await server.as(wrong).get('/keys/v1/keys')).status).to.equal(401)
      expect(reads).to.equal(0)
    } finally {
      db.readSystem = read
    }
  })

  it('lets the operator work in any organisation, with keys that stay inside it', async () => {
    const operator = server.operator.in(admin.tenant.slug)
    const res = await operator.post('/keys/v1/keys', { name: 'by-operator', scopes: ['*'] })
    expect(res.status).to.equal(201)
    const asKey = server.as(res.body.key)
    expect((await asKey.get('/keys/v1/keys')).status).to.equal(200)
    expect((await asKey.post('/tenancy/v1/tenants', { slug: unique('org') })).status).to.equal(403)
    expect(idsOf((await asKey.get('/tenancy/v1/tenants')).body)).to.deep.equal([admin.tenant.id])
    expect((await asKey.with({ 'x-tenant': stranger.tenant.slug }).get('/keys/v1/keys')).status).to.equal(404)
  })

  it('lets support staff look and not touch', async () => {
    const { id } = await buildKey(admin, ['keys:read'])
    const staff = (await buildStaff(server, 'support_agent')).api.in(admin.tenant.id)
    expect((await staff.get(`/keys/v1/keys/${id}`)).status).to.equal(200)
    expect((await staff.post(`/keys/v1/keys/${id}/revoke`)).status).to.equal(403)
  })

  it('writes an audit line for every change, without the key in it', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    await admin.api.patch(`/keys/v1/keys/${id}`, { name: 'n' })
    await admin.api.post(`/keys/v1/keys/${id}/revoke`)
    await admin.api.delete(`/keys/v1/keys/${id}`)
    const shared = await stores()
    const sql = `select action, detail::text from audit_logs where target = '${id}' order by sequence`
    const { rows } = await asAdmin(shared, sql, server.databaseName)
    expect(rows.map((row) => row.action)).to.deep.equal([
      'key.created',
      'key.updated',
      'key.revoked',
      'key.deleted',
    ])
    expect(rows.map((row) => row.detail).join()).to.not.include(key.slice(9))
  })
})

function twice(name: string) {
  return [1, 2].map((limit) => ({ name, limit, window_s: 60 }))
}

function idsOf({ data }: { data: { id: string }[] }): string[] {
  return data.map(({ id }) => id)
}

function withoutRequest(text: string, id: string): string {
  return text.replaceAll(id, '{id}').replace(/"request_id":"[^"]*"/, '"request_id":""')
}
