import { expect } from 'chai'
import { buildMember, buildStaff, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { generateToken } from '../../kernel/token-format.js'
import { addTotp, mailedToken, mailsTo, makePerson, PASSWORD, signIn, sql } from './test-support.js'

const NEW_PASSWORD = 'seven lanterns on the pier'

describe('accounts', () => {
  const server = useServer()

  afterEach(() => {
    server.now = undefined
  })

  describe('signing up', () => {
    const newcomer = () => `${unique('new')}@example.com`

    it('makes the account when the mailed link is opened, with the organisation asked for', async () => {
      const email = newcomer()
      const res = await server.post('/auth/v1/signup', {
        email,
        password: PASSWORD,
        name: 'Anna',
        organization: { name: 'Änna & Co' },
      })
      expect(res.status, res.text).to.equal(202)
      expect((await server.post('/auth/v1/login', { email, password: PASSWORD })).status).to.equal(401)
      const token = await mailedToken(server, email)
      const verified = await server.post('/auth/v1/email/verify', { token })
      expect(verified.status, verified.text).to.equal(200)
      const { api } = await signIn(server, email)
      const me = await api.get('/auth/v1/me')
      expect(me.body).to.deep.include({ email, email_verified: true, name: 'Anna', roles: ['org_admin'] })
      expect(me.body.memberships[0]).to.deep.include({
        slug: 'anna-co',
        name: 'Änna & Co',
        role: 'org_admin',
      })
      const chain = await api.get('/tenancy/v1/audit-logs?action=tenant.created')
      expect(chain.body.data.map((line: { actor: { id: string } }) => line.actor.id)).to.deep.equal([
        me.body.id,
      ])
      expect((await server.post('/auth/v1/email/verify', { token })).body.code).to.equal('auth.invalid_token')
    })

    it('is completed by one of many callers with the same token', async () => {
      const email = newcomer()
      await server.post('/auth/v1/signup', { email, password: PASSWORD })
      const token = await mailedToken(server, email)
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => server.post('/auth/v1/email/verify', { token })),
      )
      expect(answers.filter((res) => res.status === 200)).to.have.length(1)
      expect(await sql(server, 'select 1 from users where email = $1', [email])).to.have.length(1)
    })

    it('answers the same for an address with an account, and tells only its owner', async () => {
      const person = await makePerson(server)
      const [known, unknown] = await Promise.all([
        server.post('/auth/v1/signup', { email: person.email, password: PASSWORD }),
        server.post('/auth/v1/signup', { email: newcomer(), password: PASSWORD }),
      ])
      expect([known.status, known.text]).to.deep.equal([unknown.status, unknown.text])
      const [mail] = await mailsTo(server, person.email)
      expect(mail?.subject).to.contain('already')
      expect(mail?.text).to.not.contain('#token=')
      await signIn(server, person.email)
    })

    it('keeps the password of the token that was opened: another sign-up cannot slip its own in', async () => {
      const email = newcomer()
      await server.post('/auth/v1/signup', { email, password: PASSWORD })
      const token = await mailedToken(server, email)
      await server.post('/auth/v1/signup', { email, password: NEW_PASSWORD })
      await server.post('/auth/v1/email/verify', { token })
      await signIn(server, email, PASSWORD)
      expect((await server.post('/auth/v1/login', { email, password: NEW_PASSWORD })).status).to.equal(401)
    })

    it('sends at most one mail a minute to an address', async () => {
      const email = newcomer()
      for (let i = 0; i < 4; i++) await server.post('/auth/v1/signup', { email, password: PASSWORD })
      expect(await mailsTo(server, email)).to.have.length(1)
    })

    it('sends the mail again when asked, and the earlier token is worthless', async () => {
      const email = newcomer()
      await server.post('/auth/v1/signup', { email, password: PASSWORD })
      const first = await mailedToken(server, email)
      server.now = () => new Date(Date.now() + 61_000)
      expect((await server.post('/auth/v1/email/resend', { email })).status).to.equal(202)
      const second = await mailedToken(server, email)
      expect(second).to.not.equal(first)
      expect((await server.post('/auth/v1/email/verify', { token: first })).status).to.equal(400)
      expect((await server.post('/auth/v1/email/verify', { token: second })).status).to.equal(200)
    })

    it('refuses weak passwords with a reason', async () => {
      const weak = { short7: 'too_short', password1: 'too_common', 'vetrai-2026': 'too_personal' }
      for (const [password, reason] of Object.entries(weak)) {
        const res = await server.post('/auth/v1/signup', { email: newcomer(), password })
        expect(res.status).to.equal(422)
        expect(res.body).to.include({ code: 'auth.weak_password', reason })
      }
    })

    it('keeps no password and no token in plain text anywhere', async () => {
      const [email, password] = [newcomer(), 'canary-pässword-4711-xyz']
      await server.post('/auth/v1/signup', { email, password })
      const token = await mailedToken(server, email)
      await server.post('/auth/v1/email/verify', { token })
      const { refreshToken, token: access } = await signIn(server, email, password)
      const tables = await sql<{ name: string }>(
        server,
        "select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('audit_heads')",
      )
      for (const { name } of tables) {
        const rows = await sql(server, `select t::text as row from ${name} t`).catch(() => [])
        const text = JSON.stringify(rows)
        for (const secret of [password, token, refreshToken, access])
          expect(text.includes(secret), name).to.equal(false)
      }
      const logs = server.logs.join('')
      for (const secret of [password, token, refreshToken, access])
        expect(logs.includes(secret)).to.equal(false)
    })
  })

  describe('a forgotten password', () => {
    it('is replaced by the mailed token; everything signed in before ends, the lock is lifted', async () => {
      const person = await makePerson(server)
      const made = await person.api.post('/auth/v1/tokens', { name: 'script' })
      expect((await server.post('/auth/v1/password/forgot', { email: person.email })).status).to.equal(202)
      const token = await mailedToken(server, person.email)
      const res = await server.post('/auth/v1/password/reset', { token, new_password: NEW_PASSWORD })
      expect(res.status, res.text).to.equal(204)
      expect((await person.api.get('/auth/v1/me')).status).to.equal(401)
      expect((await server.as(made.body.token).get('/auth/v1/me')).status).to.equal(401)
      expect((await server.post('/auth/v1/refresh', { refresh_token: person.refreshToken })).status).to.equal(
        401,
      )
      expect(
        (await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })).status,
      ).to.equal(401)
      await signIn(server, person.email, NEW_PASSWORD)
      expect(
        (await server.post('/auth/v1/password/reset', { token, new_password: NEW_PASSWORD })).status,
      ).to.equal(400)
      expect((await mailsTo(server, person.email)).at(-1)?.subject).to.contain('password')
    })

    it('is asked for with the same answer whether or not the address is known; nobody unknown gets mail', async () => {
      const person = await makePerson(server)
      const stranger = `${unique('nobody')}@example.com`
      const [known, unknown] = await Promise.all([
        server.post('/auth/v1/password/forgot', { email: person.email }),
        server.post('/auth/v1/password/forgot', { email: stranger }),
      ])
      expect([known.status, known.text]).to.deep.equal([unknown.status, unknown.text])
      expect(await mailsTo(server, stranger)).to.have.length(0)
      expect(await sql(server, 'select 1 from one_time_tokens where email = $1', [stranger])).to.have.length(
        0,
      )
    })

    it('never gets its link from request headers', async () => {
      const person = await makePerson(server)
      const forged = server.anonymous.with({
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      })
      await forged.post('/auth/v1/password/forgot', { email: person.email })
      const [mail] = await mailsTo(server, person.email)
      expect(mail?.text).to.contain('http://vetrai.test/').and.not.contain('evil')
    })

    it('leaves a second factor in place', async () => {
      const person = await makePerson(server)
      await addTotp(server, person)
      await server.post('/auth/v1/password/forgot', { email: person.email })
      const token = await mailedToken(server, person.email)
      await server.post('/auth/v1/password/reset', { token, new_password: NEW_PASSWORD })
      const res = await server.post('/auth/v1/login', { email: person.email, password: NEW_PASSWORD })
      expect(res.body.mfa_required).to.equal(true)
    })

    it('cannot be reset by a late token or one for another purpose', async () => {
      const person = await makePerson(server)
      await server.post('/auth/v1/password/forgot', { email: person.email })
      const token = await mailedToken(server, person.email)
      expect((await server.post('/auth/v1/email/verify', { token })).status).to.equal(400)
      server.now = () => new Date(Date.now() + 3_601_000)
      expect(
        (await server.post('/auth/v1/password/reset', { token, new_password: NEW_PASSWORD })).status,
      ).to.equal(400)
    })
  })

  describe('changing the password', () => {
    const change = { current_password: PASSWORD, new_password: NEW_PASSWORD }

    it('asks for the present one, ends other sessions and keeps this one', async () => {
      const person = await makePerson(server)
      const other = await signIn(server, person.email)
      const wrong = await person.api.post('/auth/v1/password/change', {
        ...change,
        current_password: 'wrong one',
      })
      expect(wrong.status).to.equal(401)
      const res = await person.api.post('/auth/v1/password/change', change)
      expect(res.status, res.text).to.equal(204)
      expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
      expect((await other.api.get('/auth/v1/me')).status).to.equal(401)
      await signIn(server, person.email, NEW_PASSWORD)
    })

    it('is refused to access tokens and anonymous callers', async () => {
      expect((await server.post('/auth/v1/password/change', change)).status).to.equal(401)
      const res = await server.operator.post('/auth/v1/password/change', change)
      expect(res.body.code).to.equal('auth.session_required')
    })
  })

  describe('me', () => {
    it('is refused without a credential', async () => {
      const res = await server.get('/auth/v1/me')
      expect(res.status).to.equal(401)
      expect(res.headers.get('www-authenticate')).to.match(/^Bearer/)
    })

    it('changes the name, under If-Match', async () => {
      const person = await makePerson(server)
      const etag = (await person.api.get('/auth/v1/me')).headers.get('etag') ?? ''
      const res = await person.api.with({ 'if-match': etag }).patch('/auth/v1/me', { name: 'Berta' })
      expect(res.status, res.text).to.equal(200)
      expect(res.body.name).to.equal('Berta')
      const stale = await person.api.with({ 'if-match': etag }).patch('/auth/v1/me', { name: 'Carla' })
      expect(stale.status).to.equal(412)
    })

    it('changes the address only when the new one is proved, and tells the old one', async () => {
      const person = await makePerson(server)
      const email = `${unique('moved')}@example.com`
      const res = await person.api.patch('/auth/v1/me', { email })
      expect(res.body.email).to.equal(person.email)
      const token = await mailedToken(server, email)
      expect((await server.post('/auth/v1/email/verify', { token })).status).to.equal(200)
      expect((await person.api.get('/auth/v1/me')).body.email).to.equal(email)
      expect((await mailsTo(server, person.email)).at(-1)?.subject).to.contain('new address')
    })

    it('does not tell whether a wanted address belongs to somebody', async () => {
      const [person, other] = [await makePerson(server), await makePerson(server)]
      expect((await person.api.patch('/auth/v1/me', { email: other.email })).status).to.equal(200)
      expect(await mailsTo(server, other.email)).to.have.length(0)
    })

    it('asks for a recent sign-in before the address is changed', async () => {
      const person = await makePerson(server)
      await sql(
        server,
        "update sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1",
        [person.id],
      )
      const { authState } = await import('./state.js')
      authState(server.resources).identities.drop(person.id)
      const email = `${unique('moved')}@example.com`
      expect((await person.api.patch('/auth/v1/me', { email })).body.code).to.equal(
        'auth.reauthentication_required',
      )
      expect((await person.api.post('/auth/v1/reauthenticate', { password: 'wrong one' })).status).to.equal(
        401,
      )
      expect((await person.api.post('/auth/v1/reauthenticate', { password: PASSWORD })).status).to.equal(200)
      expect((await person.api.patch('/auth/v1/me', { email })).status).to.equal(200)
    })
  })
})

describe('an installation by invitation only', () => {
  const server = useServer({ settings: { AUTH_SIGNUP: 'invite' } })

  it('refuses sign-ups', async () => {
    const res = await server.post('/auth/v1/signup', { email: 'new@example.com', password: PASSWORD })
    expect(res.status).to.equal(403)
    expect(res.body.code).to.equal('auth.signup_closed')
  })
})

describe('an installation whose operator makes the organisations', () => {
  const server = useServer({ settings: { TENANCY_SELF_SERVICE: 'false' } })

  it('takes people, but no organisations of theirs', async () => {
    const body = { email: 'new@example.com', password: PASSWORD }
    const res = await server.post('/auth/v1/signup', { ...body, organization: { name: 'Mine' } })
    expect(res.body.code).to.equal('auth.organizations_closed')
    expect((await server.post('/auth/v1/signup', body)).status).to.equal(202)
  })
})

describe('signing up by invitation', () => {
  const server = useServer({ settings: { AUTH_SIGNUP: 'invite' } })

  async function invite() {
    const admin = await buildMember(server)
    const email = `${unique('guest')}@example.com`
    const res = await admin.api.post('/tenancy/v1/invitations', { email, role: 'billing_admin' })
    expect(res.status, res.text).to.equal(201)
    const [mail] = await mailsTo(server, email)
    const invitation = /vtr_inv_[0-9A-Za-z]+/.exec(mail?.text ?? '')?.[0] ?? ''
    return { admin, email, invitation }
  }

  it('opens a closed installation: the account is made at once, verified and a member', async () => {
    const { admin, email, invitation } = await invite()
    const res = await server.post('/auth/v1/signup', { email, password: PASSWORD, invitation })
    expect(res.body, res.text).to.include({ status: 'account_made' })
    const { api } = await signIn(server, email)
    const me = await api.get('/auth/v1/me')
    expect(me.body).to.deep.include({ email_verified: true, roles: ['billing_admin'] })
    expect(me.body.tenant.id).to.equal(admin.tenant.id)
    const chain = await admin.api.get('/tenancy/v1/audit-logs?action=invitation.accepted')
    expect(chain.body.data.map((line: { actor: { id: string } }) => line.actor.id)).to.deep.equal([
      me.body.id,
    ])
  })

  it('makes one account of one invitation, however many try, and none for another address', async () => {
    const { email, invitation } = await invite()
    const stranger = await server.post('/auth/v1/signup', {
      email: 'other@example.com',
      password: PASSWORD,
      invitation,
    })
    expect(stranger.body.code).to.equal('auth.invitation_for_other')
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        server.post('/auth/v1/signup', { email, password: PASSWORD, invitation }),
      ),
    )
    expect(answers.filter((res) => res.status === 202)).to.have.length(1)
    expect(await sql(server, 'select 1 from users where email = $1', [email])).to.have.length(1)
  })

  it('refuses a token nobody was sent', async () => {
    const invitation = generateToken('vtr_inv_')
    const res = await server.post('/auth/v1/signup', {
      email: 'new@example.com',
      password: PASSWORD,
      invitation,
    })
    expect(res.status).to.equal(404)
  })
})

describe('acting in an organisation as staff', () => {
  const server = useServer()

  it('lets the operator make, list and promote people of a named organisation', async () => {
    const member = await buildMember(server, { role: 'user' })
    const inside = server.operator.in(member.tenant.slug)
    const list = await inside.get('/auth/v1/users')
    expect(list.body.data.map((user: { email: string }) => user.email)).to.deep.equal([member.email])
    expect((await inside.patch(`/auth/v1/users/${member.id}`, { role: 'org_admin' })).body.role).to.equal(
      'org_admin',
    )
    expect((await member.api.get('/auth/v1/me')).body.roles).to.deep.equal(['org_admin'])
  })

  it('adds somebody with an account to another organisation', async () => {
    const [member, other] = [await buildMember(server), await buildMember(server)]
    const inside = server.operator.in(other.tenant.id)
    const res = await inside.post('/auth/v1/users', { email: member.email, role: 'user' })
    expect(res.status, res.text).to.equal(201)
    expect(res.body).to.include({ id: member.id, role: 'user' })
    expect((await member.api.get('/auth/v1/me')).body.memberships).to.have.length(2)
    const again = await other.api.post('/auth/v1/users', { email: member.email, role: 'org_admin' })
    expect(again.body.code).to.equal('auth.email_taken')
  })

  it('lets support read people of a named organisation and change nobody', async () => {
    const member = await buildMember(server)
    const agent = await buildStaff(server, 'support_agent')
    const inside = agent.api.in(member.tenant.id)
    expect((await inside.get(`/auth/v1/users/${member.id}`)).body.email).to.equal(member.email)
    expect((await inside.post(`/auth/v1/users/${member.id}/disable`)).status).to.equal(403)
    expect((await agent.api.get('/auth/v1/users')).status).to.be.oneOf([400, 403])
  })

  it('ends what a member could do the moment the membership ends', async () => {
    const admin = await buildMember(server)
    const member = await buildMember(server, { tenant: admin.tenant, role: 'org_admin' })
    expect((await member.api.get('/auth/v1/users')).status).to.equal(200)
    expect((await admin.api.delete(`/tenancy/v1/members/${member.id}`)).status).to.equal(204)
    expect((await member.api.get('/auth/v1/users')).status).to.be.oneOf([400, 403])
  })
})
