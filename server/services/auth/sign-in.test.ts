import { expect } from 'chai'
import { unique } from '../../../test/build.js'
import { OPERATOR_EMAIL, OPERATOR_PASSWORD, useServer } from '../../../test/server.js'
import { addTotp, join, makePerson, makeTenant, PASSWORD, signIn, sql, tokensOf } from './test-support.js'

describe('signing in', () => {
  const server = useServer()

  it('gives the operator made at first start a session as super_admin', async () => {
    const res = await server.post('/auth/v1/login', { email: OPERATOR_EMAIL, password: OPERATOR_PASSWORD })
    expect(res.status, res.text).to.equal(200)
    expect(res.body).to.include({ token_type: 'Bearer', expires_in: 900 })
    const me = await server.as(res.body.access_token).get('/auth/v1/me')
    expect(me.status, me.text).to.equal(200)
    expect(me.body).to.deep.include({ email: OPERATOR_EMAIL, roles: ['super_admin'], tenant: null })
  })

  it("takes the operator's opaque token", async () => {
    const me = await server.operator.get('/auth/v1/me')
    expect(me.status, me.text).to.equal(200)
    expect(me.body).to.deep.include({
      email: OPERATOR_EMAIL,
      installation_role: 'super_admin',
      session: null,
    })
  })

  it('acts in the one organisation of a member, or in the one asked for', async () => {
    const [one, two] = [await makeTenant(server), await makeTenant(server)]
    const person = await makePerson(server, { tenant: one, role: 'org_admin' })
    expect((await person.api.get('/auth/v1/me')).body.tenant).to.deep.equal({ ...one, status: 'active' })
    await join(server, { userId: person.id, tenantId: two.id, role: 'billing_admin' })
    const res = await server.post('/auth/v1/login', {
      email: person.email,
      password: PASSWORD,
      tenant: two.slug,
    })
    const me = await tokensOf(server, res).api.get('/auth/v1/me')
    expect(me.body).to.deep.include({ roles: ['billing_admin'], tenant: { ...two, status: 'active' } })
    expect(me.body.memberships).to.have.length(2)
  })

  it('answers the same for a wrong password and for an unknown address', async () => {
    const person = await makePerson(server)
    const [wrong, unknown] = await Promise.all([
      server.post('/auth/v1/login', { email: person.email, password: 'not the password' }),
      server.post('/auth/v1/login', {
        email: `${unique('nobody')}@example.com`,
        password: 'not the password',
      }),
    ])
    expect(wrong.status).to.equal(401)
    expect({ ...unknown.body, request_id: '' }).to.deep.equal({ ...wrong.body, request_id: '' })
    expect(wrong.body.code).to.equal('auth.invalid_credentials')
  })

  it('does the same work for an unknown address: one comparison of the configured cost', async () => {
    const { hasher } = (await import('./state.js')).authState(server.resources)
    const compared: (string | null)[] = []
    const original = hasher.verifyNow.bind(hasher)
    hasher.verifyNow = (password, stored) => {
      compared.push(stored)
      return original(password, stored)
    }
    try {
      await server.post('/auth/v1/login', { email: `${unique('nobody')}@example.com`, password: 'x' })
    } finally {
      hasher.verifyNow = original
    }
    expect(compared).to.deep.equal([null])
  })

  it('never takes the stored hash for the password', async () => {
    const person = await makePerson(server)
    const [row] = await sql<{ password_hash: string }>(
      server,
      'select password_hash from users where id = $1',
      [person.id],
    )
    const res = await server.post('/auth/v1/login', { email: person.email, password: row?.password_hash })
    expect(res.status).to.equal(401)
  })

  it('tells a disabled person so only after the right password', async () => {
    const person = await makePerson(server)
    await server.operator.post(`/auth/v1/users/${person.id}/disable`)
    const wrong = await server.post('/auth/v1/login', { email: person.email, password: 'wrong password' })
    expect(wrong.body.code).to.equal('auth.invalid_credentials')
    const right = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
    expect(right.status).to.equal(403)
    expect(right.body.code).to.equal('auth.account_disabled')
  })

  it('compares addresses without case and surrounding blanks', async () => {
    const person = await makePerson(server)
    await signIn(server, `  ${person.email.toUpperCase()} `)
  })

  it('renews the hash when the configured cost has risen', async () => {
    const person = await makePerson(server)
    const { hasher } = (await import('./state.js')).authState(server.resources)
    Object.assign(hasher, { cost: 5 })
    try {
      await signIn(server, person.email)
    } finally {
      Object.assign(hasher, { cost: 4 })
    }
    const [row] = await sql<{ password_hash: string }>(
      server,
      'select password_hash from users where id = $1',
      [person.id],
    )
    expect(row?.password_hash).to.match(/^v1:\$2b\$05\$/)
    await signIn(server, person.email)
  })

  it('audits sign-ins and refusals', async () => {
    const person = await makePerson(server)
    await server.post('/auth/v1/login', { email: person.email, password: 'wrong password' })
    const lines = await sql<{ outcome: string; actor_id: string | null }>(
      server,
      "select outcome, actor_id from audit_logs where action = 'user.signed_in' order by sequence desc limit 2",
    )
    expect(lines.map((line) => line.outcome)).to.deep.equal(['refused', 'success'])
    expect(lines[1]?.actor_id).to.equal(person.id)
  })

  describe('with a second factor', () => {
    it('opens no session before the code, and one after it', async () => {
      const person = await makePerson(server)
      const totp = await addTotp(server, person)
      const count = async () =>
        (
          await sql<{ n: number }>(server, 'select count(*)::int as n from sessions where user_id = $1', [
            person.id,
          ])
        )[0]?.n
      const before = await count()
      const first = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      expect(first.body).to.include({ mfa_required: true })
      expect(first.body).to.not.have.any.keys('access_token', 'refresh_token')
      expect(await count()).to.equal(before)

      const wrong = await server.post('/auth/v1/login/mfa', {
        mfa_token: first.body.mfa_token,
        code: '000000',
      })
      expect(wrong.body.code).to.equal('auth.invalid_code')
      const res = await server.post('/auth/v1/login/mfa', {
        mfa_token: first.body.mfa_token,
        code: totp.codeAt(0),
      })
      expect(res.status, res.text).to.equal(200)
      const me = await tokensOf(server, res).api.get('/auth/v1/me')
      expect(me.body.session.aal).to.equal(2)
      expect(me.body.mfa_enabled).to.equal(true)

      const again = await server.post('/auth/v1/login/mfa', {
        mfa_token: first.body.mfa_token,
        code: totp.codeAt(1),
      })
      expect(again.body.code).to.equal('auth.invalid_token')
    })

    it('takes a code once, however many send it at the same time', async () => {
      const person = await makePerson(server)
      const totp = await addTotp(server, person)
      const code = totp.codeAt(0)
      const answers = await Promise.all(
        Array.from({ length: 4 }, () =>
          server.post('/auth/v1/login', { email: person.email, password: PASSWORD, code }),
        ),
      )
      expect(answers.filter((res) => res.status === 200)).to.have.length(1)
      const replay = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD, code })
      expect(replay.body.code).to.be.oneOf(['auth.invalid_code', 'auth.locked'])
    })

    it('takes each recovery code once', async () => {
      const person = await makePerson(server)
      const { recoveryCodes } = await addTotp(server, person)
      expect(recoveryCodes).to.have.length(10)
      const [code = ''] = recoveryCodes
      const body = { email: person.email, password: PASSWORD, code: code.toLowerCase() }
      const answers = await Promise.all(Array.from({ length: 3 }, () => server.post('/auth/v1/login', body)))
      expect(answers.filter((res) => res.status === 200)).to.have.length(1)
      const { api } = tokensOf(server, answers.find((res) => res.status === 200) ?? (answers[0] as never))
      expect((await api.get('/auth/v1/factors')).body.recovery_codes_left).to.equal(9)
    })

    it('does not accept a factor that was never confirmed', async () => {
      const person = await makePerson(server)
      await person.api.post('/auth/v1/factors', {})
      const res = await server.post('/auth/v1/login', { email: person.email, password: PASSWORD })
      expect(res.body).to.have.property('access_token')
    })
  })
})
