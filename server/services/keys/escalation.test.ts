import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { backgroundContext } from '../../kernel/context.js'
import { newId } from '../../kernel/ids.js'
import { revokeKeysOfUser } from './operations/revoke-keys-of-person.js'

describe('keys and what their makers may', () => {
  const server = useServer()
  let admin: BuiltUser
  let member: BuiltUser

  before(async () => {
    admin = await buildMember(server)
    member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
  })

  const make = (caller: BuiltUser['api'], body: object) =>
    caller.post('/keys/v1/keys', { name: 'k', ...body })

  for (const scopes of [
    ['*'],
    ['tenancy:*'],
    ['tenancy:write'],
    ['keys:read', 'audit:read'],
    ['documents:read'],
  ]) {
    it(`refuses a member a key for ${scopes.join(', ')}`, async () => {
      const res = await make(member.api, { scopes })
      expect([res.status, res.body.code]).to.deep.equal([403, 'keys.scope_too_wide'])
    })
  }

  it("makes a member's key the member's own, and lets nobody but managers choose the owner", async () => {
    const own = await make(member.api, { scopes: ['tenancy:read'] })
    expect(own.body.owner).to.deep.equal({ type: 'user', id: member.id })
    for (const owner of [{ type: 'tenant' }, { type: 'user', id: admin.id }]) {
      expect((await make(member.api, { scopes: ['tenancy:read'], owner })).body.code).to.equal(
        'keys.owner_refused',
      )
    }
    const given = await make(admin.api, { scopes: ['tenancy:read'], owner: { type: 'user', id: member.id } })
    expect(given.body.owner.id).to.equal(member.id)
    const tooWide = await make(admin.api, {
      scopes: ['tenancy:write'],
      owner: { type: 'user', id: member.id },
    })
    expect(tooWide.body.code).to.equal('keys.scope_too_wide')
  })

  it('lets a key mint only what it has itself', async () => {
    const { key } = await buildKey(admin, ['keys:write', 'keys:read', 'tenancy:read'])
    const asKey = server.as(key)
    expect((await make(asKey, { scopes: ['tenancy:read'] })).status).to.equal(201)
    for (const scopes of [['tenancy:write'], ['keys:*'], ['*'], ['tenancy:read', 'audit:read']]) {
      expect((await make(asKey, { scopes })).body.code, scopes.join()).to.equal('keys.scope_too_wide')
    }
  })

  it('lets a key widen neither itself nor another, and not rotate a wider one into its own hands', async () => {
    const wide = await buildKey(admin, ['*'])
    const narrow = await buildKey(admin, ['keys:write', 'keys:read'])
    const asKey = server.as(narrow.key)
    const patch = (id: string, body: object) => asKey.patch(`/keys/v1/keys/${id}`, body)
    expect((await patch(narrow.id, { scopes: ['*'] })).body.code).to.equal('keys.scope_too_wide')
    expect((await patch(wide.id, { name: 'mine' })).body.code).to.equal('keys.scope_too_wide')
    const rotated = await asKey.post(`/keys/v1/keys/${wide.id}/rotate`, { grace_s: 60 })
    expect(rotated.body.code).to.equal('keys.scope_too_wide')
    expect((await patch(narrow.id, { scopes: ['keys:read'] })).status).to.equal(200)
  })

  it('keeps what a key makes within its own expiry and addresses', async () => {
    const ends = new Date(Date.now() + 86_400_000).toISOString()
    const parent = await buildKey(admin, ['keys:*'], {
      expires_at: ends,
      allowed_ips: ['127.0.0.0/8', '::1'],
    })
    const asKey = server.as(parent.key)
    const child = await make(asKey, { scopes: ['keys:read'] })
    expect(child.body).to.deep.include({ expires_at: ends, allowed_ips: ['127.0.0.0/8', '::1'] })
    for (const body of [{ expires_in_days: 30 }, { expires_at: null }, { allowed_ips: ['0.0.0.0/0'] }]) {
      const sent = JSON.stringify(body)
      expect((await asKey.patch(`/keys/v1/keys/${parent.id}`, body)).body.code, sent).to.equal(
        'keys.beyond_own_limits',
      )
    }
    const longer = await make(asKey, { scopes: ['keys:read'], expires_in_days: 30 })
    expect(longer.body.code).to.equal('keys.beyond_own_limits')
    const free = await buildKey(admin, ['keys:read'])
    const taken = await asKey.post(`/keys/v1/keys/${free.id}/rotate`, {})
    expect(taken.body.code).to.equal('keys.beyond_own_limits')
  })

  it("follows the owner's role, membership and account as they are now", async () => {
    const owner = await buildMember(server, { tenant: admin.tenant, role: 'org_admin' })
    const { key } = await buildKey(owner, ['keys:verify', 'tenancy:read'], { owner: { type: 'user' } })
    const verify = async () => (await admin.api.post('/keys/v1/verify', { key })).body
    expect((await verify()).scopes).to.deep.equal(['keys:verify', 'tenancy:read'])

    await sql(`update memberships set role = 'user' where user_id = '${owner.id}'`)
    await fresh()
    expect((await verify()).scopes).to.deep.equal(['tenancy:read'])
    expect((await server.as(key).post('/keys/v1/verify', { key })).status).to.equal(403)

    await sql(`update users set status = 'disabled' where id = '${owner.id}'`)
    await fresh()
    expect((await verify()).code).to.equal('FORBIDDEN')
    await sql(`update users set status = 'active' where id = '${owner.id}'`)
    await sql(`delete from memberships where user_id = '${owner.id}'`)
    await fresh()
    expect((await verify()).code).to.equal('FORBIDDEN')
    expect((await server.as(key).get('/keys/v1/keys')).status).to.equal(401)
  })

  it("revokes a person's keys when they leave the organisation, for good, and no others", async () => {
    const owner = await buildMember(server, { tenant: admin.tenant })
    const mine = await buildKey(owner, ['keys:read'], { owner: { type: 'user' } })
    const shared = await buildKey(owner, ['keys:read'])
    expect((await admin.api.delete(`/tenancy/v1/members/${owner.id}`)).status).to.equal(204)
    await server.outbox.drain()
    const state = async (id: string) => (await admin.api.get(`/keys/v1/keys/${id}`)).body.state
    expect([await state(mine.id), await state(shared.id)]).to.deep.equal(['revoked', 'active'])
    expect((await server.as(mine.key).get('/keys/v1/keys')).status).to.equal(401)
  })

  it('revokes the keys of a deleted account once, and leaves what was made after', async () => {
    const owner = await buildMember(server)
    const [old, later] = await Promise.all(
      [1, 2].map(() => buildKey(owner, ['keys:read'], { owner: { type: 'user' } })),
    )
    await sql(`update api_keys set created_at = now() + interval '1 minute' where id = '${later?.id}'`)
    const event = { id: newId(), name: 'auth.user.deleted', tenantId: null, occurredAt: new Date() } as const
    for (let i = 0; i < 2; i++) {
      const ctx = backgroundContext(server.resources, 'test')
      await revokeKeysOfUser(ctx, { ...event, payload: { userId: owner.id, email: owner.email } })
    }
    const states = (await owner.api.get('/keys/v1/keys')).body.data as { id: string; state: string }[]
    expect(states.find(({ id }) => id === old?.id)?.state).to.equal('revoked')
    expect(states.find(({ id }) => id === later?.id)?.state).to.equal('active')
    const lines = await sql(`select 1 from audit_logs where target = '${old?.id}' and action = 'key.revoked'`)
    expect(lines.rows).to.have.length(1)
  })

  it('makes and rotates no key for somebody who acts as another person', async () => {
    const { id } = await buildKey(member, ['tenancy:read'])
    const res = await server.operator.post(`/auth/v1/users/${member.id}/impersonate`, {
      reason: 'a support case',
      tenant: admin.tenant.id,
    })
    const posing = server.as(res.body.access_token)
    expect((await posing.get(`/keys/v1/keys/${id}`)).status).to.equal(200)
    expect((await make(posing, { scopes: ['tenancy:read'] })).body.code).to.equal('keys.impersonated')
    expect((await posing.post(`/keys/v1/keys/${id}/rotate`, {})).body.code).to.equal('keys.impersonated')
  })

  it('disables all keys of a suspended organisation and nothing else', async () => {
    const [one, other] = [await buildMember(server), await buildMember(server)]
    const [key, otherKey] = [await buildKey(one, ['keys:read']), await buildKey(other, ['keys:read'])]
    expect((await server.as(key.key).get('/keys/v1/keys')).status).to.equal(200)
    await sql(`update tenants set status = 'suspended' where id = '${one.tenant.id}'`)
    await fresh()
    const refused = await server.as(key.key).get('/keys/v1/keys')
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'request.tenant_suspended'])
    // Where no credential is needed, a refused one does no harm.
    expect((await server.as(key.key).get('/auth/.well-known/jwks.json')).status).to.equal(200)
    expect((await server.as(otherKey.key).get('/keys/v1/keys')).status).to.equal(200)
    const verdict = await server.operator.in(one.tenant.id).post('/keys/v1/verify', { key: key.key })
    expect(verdict.body.code).to.equal('FORBIDDEN')
  })

  async function sql(text: string) {
    return asAdmin(await stores(), text, server.databaseName)
  }

  /** Waits out the age bound of cached identities: nothing told the server of these changes. */
  function fresh(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 850))
  }
})
