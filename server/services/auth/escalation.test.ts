import { expect } from 'chai'
import { buildKey, buildMember, buildStaff, buildTenant, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { addTotp, mailedToken, makePerson, PASSWORD, signIn, sql, tokensOf } from './test-support.js'

const OTHER_PASSWORD = 'seven lanterns on the pier'
const address = () => `${unique('climber')}@example.com`

describe('auth and what a credential may make of itself', () => {
  const server = useServer()

  const tokenOf = async (owner: { api: ReturnType<typeof server.as> }, body: object) => {
    const res = await owner.api.post('/auth/v1/tokens', { name: unique('token'), ...body })
    expect(res.status, res.text).to.equal(201)
    return server.as(res.body.token)
  }

  describe('narrowed by scopes', () => {
    it('makes no administrator, with a password of its choice or without', async () => {
      const admin = await buildMember(server)
      const member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
      const { key } = await buildKey(admin, ['auth:*', 'tenancy:*'])
      for (const api of [server.as(key), await tokenOf(admin, { scopes: ['auth:*'] })]) {
        const made = await api.post('/auth/v1/users', {
          email: address(),
          password: PASSWORD,
          role: 'org_admin',
        })
        expect([made.status, made.body.code]).to.deep.equal([403, 'tenancy.whole_credential_needed'])
        const raised = await api.patch(`/auth/v1/users/${member.id}`, { role: 'org_admin' })
        expect([raised.status, raised.body.code]).to.deep.equal([403, 'tenancy.whole_credential_needed'])
        expect((await api.post('/auth/v1/users', { email: address(), role: 'user' })).status).to.equal(201)
      }
    })

    it('changes no account of an administrator, and demotes none', async () => {
      const admin = await buildMember(server)
      const email = address()
      const made = await admin.api.post('/auth/v1/users', { email, password: PASSWORD, role: 'org_admin' })
      expect(made.status, made.text).to.equal(201)
      const path = `/auth/v1/users/${made.body.id}`
      const { key } = await buildKey(admin, ['auth:*'])
      const api = server.as(key)
      for (const res of [
        await api.post(`${path}/password`, { password: OTHER_PASSWORD }),
        await api.post(`${path}/disable`),
        await api.delete(`${path}/factors`),
        await api.delete(path),
        await api.patch(path, { role: 'user' }),
        await api.patch(path, { name: 'Renamed' }),
      ]) {
        expect([res.status, res.body.code]).to.deep.equal([403, 'tenancy.whole_credential_needed'])
      }
      await signIn(server, email)
    })

    it('reaches nobody outside its organisation, whoever made it', async () => {
      const [operator, victim, tenant] = [
        await buildStaff(server, 'super_admin'),
        await buildStaff(server, 'super_admin'),
        await buildTenant(server),
      ]
      const api = (await tokenOf(operator, { scopes: ['auth:*'] })).in(tenant.id)
      const path = `/auth/v1/users/${victim.id}`
      expect((await api.get('/auth/v1/users')).status).to.equal(200)
      for (const res of [
        await api.get(path),
        await api.post(`${path}/password`, { password: OTHER_PASSWORD }),
        await api.post(`${path}/disable`),
        await api.get(`/auth/v1/why?permission=auth.users.read&user_id=${victim.id}`),
      ]) {
        expect(res.status, res.text).to.equal(404)
      }
      const joined = await api.post('/auth/v1/users', { email: victim.email })
      expect([joined.status, joined.body.code]).to.deep.equal([409, 'auth.email_taken'])
      await signIn(server, victim.email)
    })
  })

  it('keeps a token to the organisation it was made for, also that of an operator', async () => {
    const [operator, home, other] = [
      await buildStaff(server, 'super_admin'),
      await buildTenant(server),
      await buildTenant(server),
    ]
    await server.operator.in(home.id).patch(`/auth/v1/users/${operator.id}`, { role: 'org_admin' })
    const session = await signIn(server, operator.email)
    const bound = await tokenOf(session, {})
    expect((await bound.get(`/tenancy/v1/tenants/${home.id}`)).status).to.equal(200)
    expect((await bound.in(other.id).get('/tenancy/v1/settings')).status).to.equal(404)
    expect((await bound.get(`/tenancy/v1/tenants/${other.id}`)).status).to.equal(404)
    expect((await bound.post(`/tenancy/v1/tenants/${other.id}/suspend`)).status).to.equal(403)
  })

  describe('beside a second factor', () => {
    it('lets a session that never proved the factor neither remove nor replace it', async () => {
      const person = await makePerson(server)
      const early = await signIn(server, person.email)
      const pending = await early.api.post('/auth/v1/factors', { name: 'waiting' })
      expect(pending.status, pending.text).to.equal(201)
      const factor = await addTotp(server, person)
      for (const res of [
        await early.api.delete(`/auth/v1/factors/${factor.id}`),
        await early.api.post('/auth/v1/factors/recovery-codes'),
        await early.api.post('/auth/v1/factors', { name: 'mine' }),
        await early.api.post('/auth/v1/tokens', { name: 'mine' }),
        await early.api.patch('/auth/v1/me', { email: address() }),
        await early.api.post(`/auth/v1/factors/${pending.body.id}/verify`, { code: '123456' }),
      ]) {
        expect([res.status, res.body.code]).to.deep.equal([403, 'auth.reauthentication_required'])
      }
      const proved = await early.api.post('/auth/v1/reauthenticate', {
        password: PASSWORD,
        code: factor.codeAt(0),
      })
      expect(proved.status, proved.text).to.equal(200)
      expect((await early.api.delete(`/auth/v1/factors/${factor.id}`)).status).to.equal(204)
    })

    it('does not let a reset of the password give back guesses at the code', async () => {
      const person = await makePerson(server)
      await addTotp(server, person)
      const guess = async (password: string) =>
        (await server.post('/auth/v1/login', { email: person.email, password, code: '000000' })).body.code
      for (let i = 0; i < 5; i++) expect(await guess(PASSWORD)).to.equal('auth.invalid_code')
      expect(await guess(PASSWORD)).to.equal('auth.locked')
      await server.post('/auth/v1/password/forgot', { email: person.email })
      const reset = await server.post('/auth/v1/password/reset', {
        token: await mailedToken(server, person.email),
        new_password: OTHER_PASSWORD,
      })
      expect(reset.status, reset.text).to.equal(204)
      expect(await guess(OTHER_PASSWORD)).to.equal('auth.locked')
    })
  })

  describe('after the password became another', () => {
    const begin = async () => {
      const [person, foreign] = [await makePerson(server), address()]
      const intruder = await signIn(server, person.email)
      expect((await intruder.api.patch('/auth/v1/me', { email: foreign })).status).to.equal(200)
      return { person, token: await mailedToken(server, foreign) }
    }
    const expectRefused = async (token: string) => {
      const res = await server.post('/auth/v1/email/verify', { token })
      expect([res.status, res.body.code]).to.deep.equal([400, 'auth.invalid_token'])
    }

    it('completes no change of address that an intruder began, be it reset', async () => {
      const { person, token } = await begin()
      await server.post('/auth/v1/password/forgot', { email: person.email })
      const mailed = await mailedToken(server, person.email)
      const reset = { token: mailed, new_password: OTHER_PASSWORD }
      expect((await server.post('/auth/v1/password/reset', reset)).status).to.equal(204)
      await expectRefused(token)
    })

    it('nor be it changed, or set by an operator', async () => {
      const changed = await begin()
      const body = { current_password: PASSWORD, new_password: OTHER_PASSWORD }
      expect((await changed.person.api.post('/auth/v1/password/change', body)).status).to.equal(204)
      await expectRefused(changed.token)
      const given = await begin()
      const path = `/auth/v1/users/${given.person.id}/password`
      expect((await server.operator.post(path, { password: OTHER_PASSWORD })).status).to.equal(204)
      await expectRefused(given.token)
    })

    it('finishes no sign-in that began with the old one', async () => {
      const person = await makePerson(server)
      const factor = await addTotp(server, person)
      const waiting = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      const path = `/auth/v1/users/${person.id}/password`
      expect((await server.operator.post(path, { password: OTHER_PASSWORD })).status).to.equal(204)
      const res = await server.post('/auth/v1/login/mfa', {
        mfa_token: waiting.body.mfa_token,
        code: factor.codeAt(0),
      })
      expect([res.status, res.body.code]).to.deep.equal([400, 'auth.invalid_token'])
    })
  })

  describe('while somebody acts for its owner', () => {
    it('sets no password and makes no account', async () => {
      const admin = await buildMember(server)
      const member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
      await sql(server, 'update users set managed_by_tenant_id = $2 where id = $1', [
        member.id,
        admin.tenant.id,
      ])
      const started = await server.operator.post(`/auth/v1/users/${admin.id}/impersonate`, {
        reason: 'a question',
      })
      const { api } = tokensOf(server, started)
      for (const res of [
        await api.post(`/auth/v1/users/${member.id}/password`, { password: OTHER_PASSWORD }),
        await api.delete(`/auth/v1/users/${member.id}/factors`),
        await api.post('/auth/v1/users', { email: address(), password: PASSWORD }),
      ]) {
        expect([res.status, res.body.code]).to.deep.equal([403, 'auth.not_while_impersonating'])
      }
    })

    it('is given nothing that its owner was answered once', async () => {
      const admin = await buildMember(server)
      const repeatable = { 'idempotency-key': unique('once') }
      const made = await admin.api.with(repeatable).post('/auth/v1/tokens', { name: 'script' })
      expect(made.status, made.text).to.equal(201)
      const again = await admin.api.with(repeatable).post('/auth/v1/tokens', { name: 'script' })
      expect(again.body.token).to.equal(made.body.token)

      const started = await server.operator.post(`/auth/v1/users/${admin.id}/impersonate`, {
        reason: 'a question',
      })
      const { api } = tokensOf(server, started)
      const asked = await api.with(repeatable).post('/auth/v1/tokens', { name: 'script' })
      expect([asked.status, asked.body.code]).to.deep.equal([403, 'auth.not_while_impersonating'])
    })
  })

  it('explains names that every object has as unknown permissions', async () => {
    const person = await makePerson(server)
    for (const name of ['constructor', '__proto__', 'toString']) {
      const res = await person.api.get(`/auth/v1/why?permission=${name}`)
      expect([res.status, res.body.reason]).to.deep.equal([200, 'unknown_permission'])
    }
  })
})
