import { expect } from 'chai'
import { buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { authState } from './state.js'
import { addTotp, mailsTo, makePerson, makeTenant, PASSWORD, sql } from './test-support.js'

describe('second factors', () => {
  const server = useServer()

  it('keep their secret sealed and show it once', async () => {
    const person = await makePerson(server)
    const made = await person.api.post('/auth/v1/factors', { name: 'phone' })
    expect(made.body.otpauth_uri).to.contain(`secret=${made.body.secret}`)
    const list = await person.api.get('/auth/v1/factors')
    expect(list.body.data[0]).to.include({ id: made.body.id, name: 'phone', confirmed: false })
    expect(list.text).to.not.contain(made.body.secret)
    const [row] = await sql<{ text: string }>(
      server,
      'select f::text as text from auth_factors f where id = $1',
      [made.body.id],
    )
    expect(row?.text).to.not.contain(made.body.secret)
  })

  it('lift the session to level 2 when verified, and are announced by mail', async () => {
    const person = await makePerson(server)
    expect((await person.api.get('/auth/v1/me')).body).to.deep.include({ mfa_enabled: false })
    await addTotp(server, person)
    const me = (await person.api.get('/auth/v1/me')).body
    expect([me.mfa_enabled, me.session.aal]).to.deep.equal([true, 2])
    expect((await mailsTo(server, person.email)).at(-1)?.subject).to.contain('was added')
  })

  it('are removed with their recovery codes, and that is announced too', async () => {
    const person = await makePerson(server)
    const { id } = await addTotp(server, person)
    expect((await person.api.delete(`/auth/v1/factors/${id}`)).status).to.equal(204)
    const list = await person.api.get('/auth/v1/factors')
    expect(list.body).to.deep.include({ data: [], recovery_codes_left: 0 })
    expect((await person.api.get('/auth/v1/me')).body.mfa_enabled).to.equal(false)
    expect((await mailsTo(server, person.email)).at(-1)?.subject).to.contain('removed')
    expect(
      (await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })).body,
    ).to.have.property('access_token')
  })

  it('give new recovery codes, after which the earlier ones are worthless', async () => {
    const person = await makePerson(server)
    expect((await person.api.post('/auth/v1/factors/recovery-codes')).status).to.equal(404)
    const { recoveryCodes } = await addTotp(server, person)
    const renewed = await person.api.post('/auth/v1/factors/recovery-codes')
    expect(renewed.body.recovery_codes).to.have.length(10).and.not.include(recoveryCodes[0])
    const login = (code?: string) =>
      server.post('/auth/v1/login', { email: person.email, password: PASSWORD, code })
    expect((await login(recoveryCodes[0])).body.code).to.equal('auth.invalid_code')
    expect((await login(renewed.body.recovery_codes[0])).status).to.equal(200)
  })

  it("hide from others: another person's factor answers like a random id", async () => {
    const [one, two] = [await makePerson(server), await makePerson(server)]
    const { id } = await addTotp(server, one)
    for (const unknown of [id, '0190d9c8-0000-7000-8000-000000000000']) {
      expect((await two.api.delete(`/auth/v1/factors/${unknown}`)).body.code).to.equal(
        'auth.factor_not_found',
      )
      expect(
        (await two.api.post(`/auth/v1/factors/${unknown}/verify`, { code: '123456' })).body.code,
      ).to.equal('auth.factor_not_found')
    }
  })

  it('are asked for when a sign-in is confirmed anew', async () => {
    const person = await makePerson(server)
    const totp = await addTotp(server, person)
    const again = (body: object) =>
      person.api.post('/auth/v1/reauthenticate', { password: PASSWORD, ...body })
    expect((await again({})).body.code).to.equal('auth.code_required')
    expect((await again({ code: '000000' })).body.code).to.equal('auth.invalid_code')
    expect((await again({ code: totp.codeAt(0) })).status).to.equal(200)
  })

  it('cannot be added or removed without a recent sign-in', async () => {
    const person = await makePerson(server)
    const { id } = await addTotp(server, person)
    await sql(
      server,
      "update sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1",
      [person.id],
    )
    authState(server.resources).identities.drop(person.id)
    for (const call of [
      () => person.api.post('/auth/v1/factors', {}),
      () => person.api.delete(`/auth/v1/factors/${id}`),
      () => person.api.post('/auth/v1/factors/recovery-codes'),
      () => person.api.post('/auth/v1/tokens', { name: 'x' }),
    ]) {
      expect((await call()).body.code).to.equal('auth.reauthentication_required')
    }
  })

  it('are refused to anonymous callers and to access tokens', async () => {
    expect((await server.get('/auth/v1/factors')).status).to.equal(401)
    expect((await server.post('/auth/v1/factors', {})).status).to.equal(401)
    expect((await server.operator.post('/auth/v1/factors', {})).body.code).to.equal('auth.session_required')
  })
})

describe('why, for every reason there is', () => {
  const server = useServer()

  it('names scopes, missing organisations, keys and suspended organisations', async () => {
    const admin = await buildMember(server)
    const ask = async (api: { get: typeof server.get }, permission: string) =>
      (await api.get(`/auth/v1/why?permission=${permission}`)).body.reason as string
    const narrow = await admin.api.post('/auth/v1/tokens', { name: 'narrow', scopes: ['auth:read'] })
    expect(await ask(server.as(narrow.body.token), 'tenancy.tenant.update')).to.equal('scope')
    expect(await ask(server.as(narrow.body.token), 'tenancy.tenant.delete')).to.equal('scope')
    expect(await ask(server.operator, 'tenancy.tenant.read')).to.equal('no_tenant')
    expect(await ask(admin.api, 'tenancy.tenant.read')).to.equal('granted')
    const key = await admin.api.post('/keys/v1/keys', { name: 'k', scopes: ['auth:read'] })
    expect(key.status, key.text).to.equal(201)
    expect(await ask(server.as(key.body.key), 'auth.account.read')).to.equal('not_for_keys')
    await server.operator.post(`/tenancy/v1/tenants/${admin.tenant.id}/suspend`, { reason: 'unpaid' })
    authState(server.resources).identities.drop(admin.id)
    expect(await ask(admin.api, 'tenancy.tenant.read')).to.equal('tenant_suspended')
  })
})

describe('organisations named at sign-up', () => {
  const server = useServer()

  it('get another slug when theirs is taken', async () => {
    const taken = await makeTenant(server)
    const { createOrganization } = await import('./operations/memberships.js')
    const { backgroundContext } = await import('../../kernel/context.js')
    const person = await makePerson(server)
    const ctx = backgroundContext(server.resources, 'test')
    const [user] = await sql<{ id: string }>(server, 'select id from users where id = $1', [person.id])
    await ctx.system('a test', () =>
      createOrganization(ctx, { id: user?.id ?? '' } as never, { name: 'Any', slug: taken.slug }),
    )
    const me = await person.api.get('/auth/v1/me')
    expect(me.body.memberships[0].slug).to.match(new RegExp(`^${taken.slug}-[0-9a-z]{6}$`))
  })

  it('get a slug from any name', async () => {
    const { slugOf } = await import('./operations/memberships.js')
    expect(['Änna & Co', '  ', '株式会社', 'A', 'x'.repeat(90)].map(slugOf)).to.deep.equal([
      'anna-co',
      'org',
      'org',
      'org',
      'x'.repeat(48),
    ])
  })
})
