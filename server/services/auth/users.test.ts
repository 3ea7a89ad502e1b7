import { expect } from 'chai'
import { unique } from '../../../test/build.js'
import { OPERATOR_EMAIL, OPERATOR_PASSWORD, useServer } from '../../../test/server.js'
import {
  addTotp,
  join,
  mailedToken,
  mailsTo,
  makePerson,
  makeStaff,
  makeTenant,
  PASSWORD,
  signIn,
  sql,
  tokensOf,
} from './test-support.js'

const NOBODY = '0190d9c8-0000-7000-8000-000000000000'
const OTHER_PASSWORD = 'seven lanterns on the pier'

describe('managing users', () => {
  const server = useServer()
  const address = () => `${unique('user')}@example.com`

  describe('as the operator', () => {
    it('makes accounts with and without a role of the installation', async () => {
      const res = await server.operator.post('/auth/v1/users', {
        email: address(),
        password: PASSWORD,
        role: 'support_agent',
        name: 'Sam',
      })
      expect(res.status, res.text).to.equal(201)
      expect(res.headers.get('location')).to.equal(`/auth/v1/users/${res.body.id}`)
      expect(res.body).to.include({
        installation_role: 'support_agent',
        name: 'Sam',
        has_password: true,
        role: null,
      })
      expect(res.text).to.not.contain('password_hash')
      const wrong = await server.operator.post('/auth/v1/users', { email: address(), role: 'org_admin' })
      expect(wrong.body.code).to.equal('auth.role_not_allowed')
    })

    it('mails a link to choose a password where none is given', async () => {
      const email = address()
      await server.operator.post('/auth/v1/users', { email })
      const token = await mailedToken(server, email)
      expect(
        (await server.post('/auth/v1/password/reset', { token, new_password: OTHER_PASSWORD })).status,
      ).to.equal(204)
      await signIn(server, email, OTHER_PASSWORD)
    })

    it('refuses an address that is taken, also by a concurrent caller', async () => {
      const email = address()
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          server.operator.post('/auth/v1/users', { email, password: PASSWORD }),
        ),
      )
      expect(answers.map((res) => res.status).sort()).to.deep.equal([201, ...Array(9).fill(409)])
    })

    it('lists, searches and pages everybody, newest first', async () => {
      const mark = unique('paged')
      for (let i = 0; i < 5; i++)
        await server.operator.post('/auth/v1/users', {
          email: `${mark}.${i}@example.com`,
          password: PASSWORD,
        })
      const first = await server.operator.get(`/auth/v1/users?q=${mark}&limit=3`)
      expect(first.status, first.text).to.equal(200)
      expect(first.body.has_more).to.equal(true)
      const second = await server.operator.get(
        `/auth/v1/users?q=${mark}&limit=3&cursor=${first.body.next_cursor}`,
      )
      const emails = [...first.body.data, ...second.body.data].map((user: { email: string }) => user.email)
      expect(emails).to.deep.equal([4, 3, 2, 1, 0].map((i) => `${mark}.${i}@example.com`))
      expect(
        (await server.operator.get(`/auth/v1/users?q=other&limit=3&cursor=${first.body.next_cursor}`)).status,
      ).to.equal(400)
      expect((await server.operator.get('/auth/v1/users?q=%25')).body.data).to.have.length(0)
    })

    it('reads, renames, sets a password, signs out, disables, enables and deletes', async () => {
      const person = await makePerson(server)
      const path = `/auth/v1/users/${person.id}`
      const read = await server.operator.get(path)
      expect(read.body).to.include({ id: person.id, email: person.email })
      expect((await server.operator.patch(path, { name: 'Renamed' })).body.name).to.equal('Renamed')

      expect((await server.operator.get(`${path}/sessions`)).body.data).to.have.length(1)
      expect((await server.operator.delete(`${path}/sessions`)).body).to.deep.equal({
        sessions: 1,
        tokens: 0,
      })
      expect((await person.api.get('/auth/v1/me')).status).to.equal(401)

      expect((await server.operator.post(`${path}/password`, { password: OTHER_PASSWORD })).status).to.equal(
        204,
      )
      const { api } = await signIn(server, person.email, OTHER_PASSWORD)
      expect((await mailsTo(server, person.email)).at(-1)?.subject).to.contain('password')

      expect((await server.operator.post(`${path}/disable`)).body.status).to.equal('disabled')
      expect((await api.get('/auth/v1/me')).status).to.equal(401)
      expect((await server.operator.post(`${path}/enable`)).body.status).to.equal('active')
      expect((await api.get('/auth/v1/me')).status).to.equal(401)
      await signIn(server, person.email, OTHER_PASSWORD)

      expect((await server.operator.delete(path)).status).to.equal(204)
      expect((await server.operator.get(path)).status).to.equal(404)
      expect(
        (await server.post('/auth/v1/login', { email: person.email, password: OTHER_PASSWORD })).status,
      ).to.equal(401)
    })

    it('deletes a member with the membership, and leaves the organisation', async () => {
      const tenant = await makeTenant(server)
      const person = await makePerson(server, { tenant })
      expect((await server.operator.delete(`/auth/v1/users/${person.id}`)).status).to.equal(204)
      expect(await sql(server, 'select 1 from memberships where user_id = $1', [person.id])).to.have.length(0)
      expect(await sql(server, 'select 1 from tenants where id = $1', [tenant.id])).to.have.length(1)
    })

    it('removes the factors of somebody who lost them', async () => {
      const person = await makePerson(server)
      await addTotp(server, person)
      expect((await server.operator.delete(`/auth/v1/users/${person.id}/factors`)).status).to.equal(204)
      const res = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      expect(res.body).to.have.property('access_token')
    })

    it('never leaves the installation without a super_admin, however many act at once', async () => {
      const me = (await server.operator.get('/auth/v1/me')).body.id
      expect((await server.operator.post(`/auth/v1/users/${me}/disable`)).body.code).to.equal(
        'auth.not_yourself',
      )
      expect((await server.operator.patch(`/auth/v1/users/${me}`, { role: null })).body.code).to.equal(
        'auth.last_super_admin',
      )
      const second = await makeStaff(server, 'super_admin')
      const [one, two] = await Promise.all([
        second.api.patch(`/auth/v1/users/${me}`, { role: null }),
        server.operator.patch(`/auth/v1/users/${second.id}`, { role: null }),
      ])
      const left = await sql(
        server,
        "select 1 from users where installation_role = 'super_admin' and status = 'active'",
      )
      expect(left.length).to.be.at.least(1)
      expect([one.status, two.status]).to.include(200)
      await sql(server, "update users set installation_role = 'super_admin' where id = $1", [me])
    })
  })

  describe("as an organisation's administrator", () => {
    it('makes accounts in the organisation and looks after those it made', async () => {
      const tenant = await makeTenant(server)
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const email = address()
      const made = await admin.api.post('/auth/v1/users', {
        email,
        password: PASSWORD,
        role: 'billing_admin',
      })
      expect(made.status, made.text).to.equal(201)
      expect(made.body).to.include({ role: 'billing_admin', email_verified: false, installation_role: null })
      const list = await admin.api.get('/auth/v1/users')
      expect(list.body.data.map((user: { email: string }) => user.email)).to.have.members([
        email,
        admin.email,
      ])
      const path = `/auth/v1/users/${made.body.id}`
      expect((await admin.api.post(`${path}/password`, { password: OTHER_PASSWORD })).status).to.equal(204)
      expect((await admin.api.patch(path, { role: 'user' })).body.role).to.equal('user')
      expect((await admin.api.post(`${path}/disable`)).status).to.equal(200)
      expect((await admin.api.delete(path)).status).to.equal(204)
    })

    it('gives no role of the installation', async () => {
      const tenant = await makeTenant(server)
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const member = await makePerson(server, { tenant })
      for (const role of ['super_admin', 'support_agent']) {
        const body = { email: address(), password: PASSWORD, role }
        expect((await admin.api.post('/auth/v1/users', body)).body.code).to.equal('auth.role_not_allowed')
        expect((await admin.api.patch(`/auth/v1/users/${member.id}`, { role })).body.code).to.equal(
          'auth.role_not_allowed',
        )
      }
    })

    it('cannot touch the account of a member who is at home elsewhere: no way into other organisations', async () => {
      const [tenant, other] = [await makeTenant(server), await makeTenant(server)]
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const guest = await makePerson(server, { tenant: other, role: 'org_admin' })
      await join(server, { userId: guest.id, tenantId: tenant.id, role: 'user' })
      const path = `/auth/v1/users/${guest.id}`
      expect((await admin.api.get(path)).status).to.equal(200)
      expect((await admin.api.post(`${path}/password`, { password: OTHER_PASSWORD })).status).to.equal(403)
      for (const [method, tail] of [
        ['POST', '/disable'],
        ['DELETE', ''],
        ['DELETE', '/sessions'],
        ['GET', '/sessions'],
        ['DELETE', '/factors'],
      ] as const) {
        expect((await admin.api.call(method, path + tail, {})).status, method + tail).to.equal(403)
      }
      await signIn(server, guest.email)
    })

    it('loses an account it made once its person proves the address', async () => {
      const tenant = await makeTenant(server)
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const email = address()
      const made = await admin.api.post('/auth/v1/users', { email, password: PASSWORD })
      await server.post('/auth/v1/password/forgot', { email })
      await server.post('/auth/v1/password/reset', {
        token: await mailedToken(server, email),
        new_password: OTHER_PASSWORD,
      })
      const res = await admin.api.post(`/auth/v1/users/${made.body.id}/password`, { password: PASSWORD })
      expect(res.status).to.equal(403)
    })

    it('keeps one org_admin', async () => {
      const tenant = await makeTenant(server)
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const res = await admin.api.patch(`/auth/v1/users/${admin.id}`, { role: 'user' })
      expect(res.body.code).to.equal('tenancy.last_admin')
    })

    it("answers another organisation's person byte for byte like a random id", async () => {
      const [tenant, other] = [await makeTenant(server), await makeTenant(server)]
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const foreign = await makePerson(server, { tenant: other })
      const routes: [string, string, unknown?][] = [
        ['GET', ''],
        ['PATCH', '', { name: 'x' }],
        ['DELETE', ''],
        ['POST', '/password', { password: OTHER_PASSWORD }],
        ['POST', '/disable'],
        ['POST', '/enable'],
        ['GET', '/sessions'],
        ['DELETE', '/sessions'],
        ['DELETE', '/factors'],
      ]
      for (const [method, tail, body] of routes) {
        const ask = (id: string) =>
          admin.api.call(method, `/auth/v1/users/${id}${tail}`, {
            body,
            headers: { 'x-request-id': 'same-request-id' },
          })
        const [theirs, nobody] = [await ask(foreign.id), await ask(NOBODY)]
        expect(theirs.status, method + tail).to.equal(404)
        expect(theirs.text.replaceAll(foreign.id, NOBODY)).to.equal(nobody.text)
      }
    })

    it('is refused to other members and to anonymous callers, on every route', async () => {
      const tenant = await makeTenant(server)
      const [member, billing] = [
        await makePerson(server, { tenant }),
        await makePerson(server, { tenant, role: 'billing_admin' }),
      ]
      const routes: [string, string, unknown?][] = [
        ['GET', '/auth/v1/users'],
        ['POST', '/auth/v1/users', { email: address() }],
        ['GET', `/auth/v1/users/${billing.id}`],
        ['PATCH', `/auth/v1/users/${billing.id}`, { role: 'org_admin' }],
        ['DELETE', `/auth/v1/users/${billing.id}`],
        ['POST', `/auth/v1/users/${billing.id}/password`, { password: OTHER_PASSWORD }],
        ['POST', `/auth/v1/users/${billing.id}/disable`],
        ['POST', `/auth/v1/users/${billing.id}/enable`],
        ['GET', `/auth/v1/users/${billing.id}/sessions`],
        ['DELETE', `/auth/v1/users/${billing.id}/sessions`],
        ['DELETE', `/auth/v1/users/${billing.id}/factors`],
        ['POST', `/auth/v1/users/${billing.id}/impersonate`, { reason: 'because' }],
      ]
      for (const [method, path, body] of routes) {
        expect((await server.anonymous.call(method, path, { body })).status, path).to.equal(401)
        expect((await member.api.call(method, path, { body })).status, path).to.equal(403)
        expect((await billing.api.call(method, path, { body })).status, path).to.equal(403)
      }
    })
  })

  describe('impersonation', () => {
    it('acts as the person for a limited time, says so, is told by mail and audited on both sides', async () => {
      const tenant = await makeTenant(server)
      const person = await makePerson(server, { tenant, role: 'org_admin' })
      const res = await server.operator.post(`/auth/v1/users/${person.id}/impersonate`, {
        reason: 'ticket 4711',
        minutes: 20,
      })
      expect(res.status, res.text).to.equal(200)
      expect(res.body.expires_in).to.be.within(1190, 1200)
      expect(res.body).to.not.have.property('refresh_token')
      const me = await server.as(res.body.access_token).get('/auth/v1/me')
      const operator = (await server.operator.get('/auth/v1/me')).body.id
      expect(me.body).to.deep.include({ id: person.id, roles: ['org_admin'] })
      expect(me.body.session.impersonator_id).to.equal(operator)
      const claims = JSON.parse(
        Buffer.from(String(res.body.access_token).split('.')[1] ?? '', 'base64url').toString(),
      )
      expect(claims.act).to.deep.equal({ sub: operator })

      const [mail] = await mailsTo(server, person.email)
      expect(mail?.text).to.contain('ticket 4711')
      const lines = await sql<{ tenant_id: string }>(
        server,
        "select tenant_id from audit_logs where action = 'user.impersonated' and target = $1",
        [person.id],
      )
      expect(lines.map((line) => line.tenant_id))
        .to.include(tenant.id)
        .and.have.length(2)
    })

    it('opens nothing that concerns passwords, factors, tokens or the address', async () => {
      const person = await makePerson(server)
      const res = await server.operator.post(`/auth/v1/users/${person.id}/impersonate`, { reason: 'looking' })
      const api = server.as(res.body.access_token)
      const calls: [string, unknown][] = [
        ['/auth/v1/password/change', { current_password: PASSWORD, new_password: OTHER_PASSWORD }],
        ['/auth/v1/tokens', { name: 'x' }],
        ['/auth/v1/factors', {}],
        ['/auth/v1/factors/recovery-codes', undefined],
        ['/auth/v1/sessions/revoke-others', undefined],
        ['/auth/v1/reauthenticate', { password: PASSWORD }],
      ]
      for (const [path, body] of calls)
        expect((await api.post(path, body)).body.code, path).to.equal('auth.not_while_impersonating')
      expect((await api.patch('/auth/v1/me', { email: address() })).body.code).to.equal(
        'auth.not_while_impersonating',
      )
    })

    it('ends when the person ends it, when its time is over, and when the operator loses the right', async () => {
      const person = await makePerson(server)
      const second = await makeStaff(server, 'super_admin')
      const start = async (api: { post: typeof server.post }) =>
        server.as(
          (await api.post(`/auth/v1/users/${person.id}/impersonate`, { reason: 'looking', minutes: 5 })).body
            .access_token,
        )
      const [one, two, three] = [
        await start(server.operator),
        await start(second.api),
        await start(server.operator),
      ]
      await server.operator.patch(`/auth/v1/users/${second.id}`, { role: null })
      expect((await two.get('/auth/v1/me')).status).to.equal(401)
      const sessions = (await person.api.get('/auth/v1/sessions')).body.data
      expect(sessions.filter((session: { impersonated: boolean }) => session.impersonated)).to.have.length(2)
      await one.post('/auth/v1/logout')
      expect((await one.get('/auth/v1/me')).status).to.equal(401)
      server.now = () => new Date(Date.now() + 301_000)
      expect((await three.get('/auth/v1/me')).status).to.equal(401)
      server.now = undefined
    })

    it('reaches no holder of a role of the installation, no disabled account and not oneself', async () => {
      const agent = await makeStaff(server, 'support_agent')
      const person = await makePerson(server)
      await server.operator.post(`/auth/v1/users/${person.id}/disable`)
      const me = (await server.operator.get('/auth/v1/me')).body.id
      for (const id of [agent.id, person.id, me]) {
        const res = await server.operator.post(`/auth/v1/users/${id}/impersonate`, { reason: 'because' })
        expect(res.body.code).to.be.oneOf(['auth.not_impersonable', 'auth.not_yourself'])
      }
      const res = await agent.api.post(`/auth/v1/users/${person.id}/impersonate`, { reason: 'because' })
      expect(res.status).to.equal(403)
    })
  })

  describe('why', () => {
    it('explains a grant and a denial in words, with what would help', async () => {
      const tenant = await makeTenant(server)
      const member = await makePerson(server, { tenant })
      const denied = await member.api.get('/auth/v1/why?permission=auth.users.manage')
      expect(denied.status, denied.text).to.equal(200)
      expect(denied.body).to.deep.include({ allowed: false, reason: 'role' })
      expect(denied.body.explanation).to.contain('org_admin')
      expect(denied.body.remedy).to.be.a('string')
      const granted = await member.api.get('/auth/v1/why?permission=auth.account.read')
      expect(granted.body).to.include({ allowed: true, remedy: null })
      const unknown = await member.api.get('/auth/v1/why?permission=no.such')
      expect(unknown.body.reason).to.equal('unknown_permission')
    })

    it('lets administrators ask for a member, and nobody for strangers', async () => {
      const [tenant, other] = [await makeTenant(server), await makeTenant(server)]
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const [member, foreign] = [
        await makePerson(server, { tenant }),
        await makePerson(server, { tenant: other }),
      ]
      const ask = (api: { get: typeof server.get }, id: string) =>
        api.get(`/auth/v1/why?permission=auth.users.list&user_id=${id}`)
      expect((await ask(admin.api, member.id)).body).to.deep.include({ allowed: false, reason: 'role' })
      expect((await ask(admin.api, foreign.id)).status).to.equal(404)
      expect((await ask(member.api, admin.id)).status).to.equal(403)
    })
  })
})

describe('the operator made at first start', () => {
  const server = useServer()

  it('seeds the operator once, and leaves what was changed since', async () => {
    const { seedOperator } = await import('./operations/seed-operator.js')
    const { token, api } = tokensOf(
      server,
      await server.post('/auth/v1/login', { email: OPERATOR_EMAIL, password: OPERATOR_PASSWORD }),
    )
    expect(token).to.be.a('string')
    const list = await api.get('/auth/v1/tokens')
    await api.delete(`/auth/v1/tokens/${list.body.data[0].id}`)
    await Promise.all([seedOperator(server.resources), seedOperator(server.resources)])
    expect((await server.operator.get('/auth/v1/me')).status).to.equal(401)
    expect(await sql(server, 'select 1 from users where email = $1', [OPERATOR_EMAIL])).to.have.length(1)
  })
})
