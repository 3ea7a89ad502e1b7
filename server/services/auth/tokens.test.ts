import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { startTwin, useServer } from '../../../test/server.js'
import { authState } from './state.js'
import { join, makePerson, makeTenant, sql, tokensOf } from './test-support.js'

describe('access tokens', () => {
  const server = useServer()

  afterEach(() => {
    server.now = undefined
  })

  describe('opaque', () => {
    it('are shown once, act as their maker in the present organisation, and are listed and revoked', async () => {
      const tenant = await makeTenant(server)
      const person = await makePerson(server, { tenant, role: 'org_admin' })
      const made = await person.api.post('/auth/v1/tokens', { name: 'ci', expires_in_days: 30 })
      expect(made.status, made.text).to.equal(201)
      expect(made.body.token).to.match(/^vtr_at_[0-9A-Za-z]{36}$/)
      const api = server.as(made.body.token)
      expect((await api.get('/auth/v1/me')).body).to.deep.include({
        roles: ['org_admin'],
        tenant: { ...tenant, status: 'active' },
      })
      const list = await api.get('/auth/v1/tokens')
      expect(list.body.data).to.have.length(1)
      expect(list.text).to.not.contain(made.body.token)
      expect(list.body.data[0]).to.include({ id: made.body.id, last4: made.body.token.slice(-4) })
      const [row] = await sql<{ text: string }>(
        server,
        'select t::text as text from access_tokens t where id = $1',
        [made.body.id],
      )
      expect(row?.text).to.not.contain(made.body.token)

      expect((await person.api.delete(`/auth/v1/tokens/${made.body.id}`)).status).to.equal(204)
      expect((await api.get('/auth/v1/me')).status).to.equal(401)
      expect((await person.api.delete(`/auth/v1/tokens/${made.body.id}`)).status).to.equal(404)
    })

    it('are refused in every process at once after they are revoked', async () => {
      const person = await makePerson(server)
      const made = await person.api.post('/auth/v1/tokens', { name: 'ci' })
      const { twin, stop } = await startTwin(server)
      try {
        expect((await twin.as(made.body.token).get('/auth/v1/me')).status).to.equal(200)
        await person.api.delete(`/auth/v1/tokens/${made.body.id}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect((await twin.as(made.body.token).get('/auth/v1/me')).status).to.equal(401)
      } finally {
        await stop()
      }
    })

    it('are narrowed by scopes', async () => {
      const tenant = await makeTenant(server)
      const person = await makePerson(server, { tenant, role: 'org_admin' })
      const made = await person.api.post('/auth/v1/tokens', { name: 'reader', scopes: ['auth:read'] })
      const api = server.as(made.body.token)
      expect((await api.get('/auth/v1/users')).status).to.equal(200)
      expect((await api.post('/auth/v1/users', { email: 'x@example.com' })).status).to.equal(403)
      expect((await api.get('/auth/v1/me')).status).to.equal(403)
    })

    it('cannot make tokens, whatever they are for', async () => {
      const res = await server.operator.post('/auth/v1/tokens', { name: 'more' })
      expect(res.body.code).to.equal('auth.session_required')
    })

    it('expire, and end with the membership they were made for', async () => {
      const tenant = await makeTenant(server)
      const person = await makePerson(server, { tenant })
      const made = await person.api.post('/auth/v1/tokens', { name: 'ci', expires_in_days: 1 })
      const lasting = await person.api.post('/auth/v1/tokens', { name: 'lasting' })
      server.now = () => new Date(Date.now() + 86_401_000)
      expect((await server.as(made.body.token).get('/auth/v1/me')).status).to.equal(401)
      expect((await server.as(lasting.body.token).get('/auth/v1/me')).status).to.equal(200)
      await sql(server, 'delete from memberships where user_id = $1', [person.id])
      authState(server.resources).identities.drop(person.id)
      expect((await server.as(lasting.body.token).get('/auth/v1/me')).status).to.equal(401)
    })

    it("hide from others: another person's token answers like a random id", async () => {
      const [one, two] = [await makePerson(server), await makePerson(server)]
      const made = await one.api.post('/auth/v1/tokens', { name: 'ci' })
      const foreign = await two.api.delete(`/auth/v1/tokens/${made.body.id}`)
      const random = await two.api.delete('/auth/v1/tokens/0190d9c8-0000-7000-8000-000000000000')
      expect([foreign.status, foreign.body.code]).to.deep.equal([random.status, random.body.code])
      expect(foreign.status).to.equal(404)
    })
  })

  describe('signed', () => {
    it('verify with the published key set', async () => {
      const person = await makePerson(server)
      const res = await server.get('/auth/.well-known/jwks.json')
      expect(res.headers.get('cache-control')).to.equal('public, max-age=600')
      const kid = jwt.decode(person.token, { complete: true })?.header.kid
      const key = res.body.keys.find((one: { kid: string }) => one.kid === kid)
      expect(key).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }).and.not.have.property('d')
    })

    it('are refused when another key signed them, when altered, and when late', async () => {
      const person = await makePerson(server)
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const { payload, header } = jwt.decode(person.token, { complete: true }) ?? {}
      const forged = jwt.sign(payload as object, privateKey, {
        algorithm: 'ES256',
        header: header as jwt.JwtHeader,
      })
      const [head, body, signature] = person.token.split('.')
      const altered = Buffer.from(JSON.stringify({ ...(payload as object), role: 'super_admin' })).toString(
        'base64url',
      )
      for (const token of [
        forged,
        `${head}.${altered}.${signature}`,
        `${head}.${body}.`,
        `${person.token}x`,
      ]) {
        expect((await server.as(token).get('/auth/v1/me')).status).to.equal(401)
      }
      expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
      server.now = () => new Date(Date.now() + 901_000)
      expect((await person.api.get('/auth/v1/me')).status).to.equal(401)
    })

    it('go on being good while keys rotate, also in a process that did not rotate', async () => {
      const { twin, stop } = await startTwin(server)
      try {
        const person = await makePerson(server)
        expect((await twin.as(person.token).get('/auth/v1/me')).status).to.equal(200)
        const before = (await server.get('/auth/.well-known/jwks.json')).body.keys.length
        // A month later a key is due: it is published first and signs twenty minutes after.
        server.now = () => new Date(Date.now() + 30 * 86_400_000 - 60_000)
        await authState(server.resources).keyring.rotate()
        expect((await server.get('/auth/.well-known/jwks.json')).body.keys).to.have.length(before + 1)
        server.now = () => new Date(Date.now() + 30 * 86_400_000 + 21 * 60_000)
        twin.now = server.now
        const res = await server.post('/auth/v1/login', {
          email: person.email,
          password: 'a quiet river 7 miles long',
        })
        const fresh = tokensOf(server, res)
        const kids = [person.token, fresh.token].map(
          (token) => jwt.decode(token, { complete: true })?.header.kid,
        )
        expect(kids[0]).to.not.equal(kids[1])
        expect((await server.as(fresh.token).get('/auth/v1/me')).status).to.equal(200)
        // An unknown key id asks the database at most every two seconds.
        await new Promise((resolve) => setTimeout(resolve, 2_050))
        expect((await twin.as(fresh.token).get('/auth/v1/me')).status).to.equal(200)
      } finally {
        await stop()
      }
    })

    it('keep their private keys sealed in the database', async () => {
      for (const row of await sql<{ sealed: Buffer; jwk: object }>(
        server,
        'select private_sealed as sealed, public_jwk as jwk from signing_keys',
      )) {
        expect(row.sealed[0]).to.equal(1)
        expect(row.jwk).to.not.have.property('d')
      }
    })

    it('read /me without any statement once the session is known, and with one after a change', async () => {
      const person = await makePerson(server)
      // Redis repeats what the sign-in told all processes; after that the session is known.
      await new Promise((resolve) => setTimeout(resolve, 50))
      await person.api.get('/auth/v1/me')
      const { db } = server.resources
      const calls: string[] = []
      const [read, transaction] = [db.readSystem, db.transaction]
      db.readSystem = ((statement: { name: string }) => {
        // Each process looks for new keys now and then, whatever is asked of it.
        if (!statement.name.startsWith('installation-keys')) calls.push(statement.name)
        return read.call(db, statement as never)
      }) as never
      db.transaction = (() => {
        calls.push('transaction')
        throw new TypeError('no transaction is wanted')
      }) as never
      try {
        expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
        expect(calls).to.deep.equal([])
        authState(server.resources).identities.drop(person.id)
        await new Promise((resolve) => setTimeout(resolve, 50))
        expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
      } finally {
        Object.assign(db, { readSystem: read, transaction })
      }
      expect(calls).to.deep.equal(['auth-identity'])
    })

    it('act in another organisation after a switch, and only in ones of their own', async () => {
      const [one, two, three] = [await makeTenant(server), await makeTenant(server), await makeTenant(server)]
      const person = await makePerson(server, { tenant: one })
      await join(server, { userId: person.id, tenantId: two.id, role: 'org_admin' })
      const res = await person.api.post('/auth/v1/switch', { tenant: two.slug })
      expect(res.status, res.text).to.equal(200)
      const api = server.as(res.body.access_token)
      expect((await api.get('/auth/v1/me')).body).to.deep.include({ roles: ['org_admin'] })
      const refreshed = await server.post('/auth/v1/refresh', { refresh_token: person.refreshToken })
      expect((await tokensOf(server, refreshed).api.get('/auth/v1/me')).body.tenant.id).to.equal(two.id)
      const [foreign, unknown] = await Promise.all([
        api.post('/auth/v1/switch', { tenant: three.slug }),
        api.post('/auth/v1/switch', { tenant: 'no-such-org' }),
      ])
      expect(foreign.status).to.equal(404)
      expect({ ...foreign.body, request_id: '' }).to.deep.equal({ ...unknown.body, request_id: '' })
    })
  })

  describe('introspection (RFC 7662)', () => {
    const ask = (
      api: {
        form(
          path: string,
          fields: Record<string, string>,
        ): Promise<{ status: number; body: Record<string, unknown> }>
      },
      token: string,
    ) => api.form('/auth/v1/introspect', { token })

    it('describes the three kinds of token to their owner', async () => {
      const person = await makePerson(server)
      const made = await person.api.post('/auth/v1/tokens', { name: 'ci', scopes: ['auth:read'] })
      for (const token of [person.token, person.refreshToken, made.body.token]) {
        const res = await ask(person.api, token)
        expect(res.body).to.include({ active: true, sub: person.id, username: person.email })
      }
      expect((await ask(person.api, made.body.token)).body).to.include({
        scope: 'auth:read',
        token_type: 'access_token',
      })
    })

    it("calls junk, ended sessions and strangers' tokens inactive, all alike", async () => {
      const [person, stranger, ended] = [
        await makePerson(server),
        await makePerson(server),
        await makePerson(server),
      ]
      await ended.api.post('/auth/v1/logout')
      for (const token of ['junk', stranger.token, stranger.refreshToken, ended.token]) {
        expect((await ask(person.api, token)).body).to.deep.equal({ active: false })
      }
    })

    it('lets administrators ask about tokens of their organisation, and operators about all', async () => {
      const [tenant, other] = [await makeTenant(server), await makeTenant(server)]
      const admin = await makePerson(server, { tenant, role: 'org_admin' })
      const [member, foreign] = [
        await makePerson(server, { tenant }),
        await makePerson(server, { tenant: other }),
      ]
      expect((await ask(admin.api, member.token)).body.active).to.equal(true)
      expect((await ask(member.api, admin.token)).body.active).to.equal(false)
      expect((await ask(admin.api, foreign.token)).body.active).to.equal(false)
      expect((await ask(server.operator, foreign.token)).body.active).to.equal(true)
    })

    it('refuses anonymous callers in the words of RFC 6749', async () => {
      const res = await ask(server.anonymous, 'x')
      expect(res.status).to.equal(401)
      expect(res.body.error).to.be.a('string')
    })
  })

  describe('revocation (RFC 7009)', () => {
    const revoke = (token: string) => server.anonymous.form('/auth/v1/revoke', { token })

    it('ends a session by its refresh token or its access token', async () => {
      for (const pick of ['token', 'refreshToken'] as const) {
        const person = await makePerson(server)
        expect((await revoke(person[pick])).status).to.equal(200)
        expect((await person.api.get('/auth/v1/me')).status).to.equal(401)
        expect(
          (await server.post('/auth/v1/refresh', { refresh_token: person.refreshToken })).status,
        ).to.equal(401)
      }
    })

    it('ends an opaque token, and takes unknown tokens as ended', async () => {
      const person = await makePerson(server)
      const made = await person.api.post('/auth/v1/tokens', { name: 'ci' })
      expect((await revoke(made.body.token)).status).to.equal(200)
      expect((await server.as(made.body.token).get('/auth/v1/me')).status).to.equal(401)
      expect((await revoke(made.body.token)).status).to.equal(200)
      expect((await revoke('junk')).status).to.equal(200)
    })
  })

  describe('sessions', () => {
    it('are listed with the present one marked, and ended one by one or all others at once', async () => {
      const person = await makePerson(server)
      const { signIn } = await import('./test-support.js')
      const [second, third] = [await signIn(server, person.email), await signIn(server, person.email)]
      const list = await person.api.get('/auth/v1/sessions')
      expect(list.body.data).to.have.length(3)
      expect(list.body.data.filter((one: { current: boolean }) => one.current)).to.have.length(1)
      const { body } = await second.api.get('/auth/v1/me')
      expect((await person.api.delete(`/auth/v1/sessions/${body.session.id}`)).status).to.equal(204)
      expect((await second.api.get('/auth/v1/me')).status).to.equal(401)
      expect((await person.api.post('/auth/v1/sessions/revoke-others')).body).to.deep.equal({
        sessions: 1,
        tokens: 0,
      })
      expect((await third.api.get('/auth/v1/me')).status).to.equal(401)
      expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
    })

    it("hide from others: another person's session answers like a random id", async () => {
      const [one, two] = [await makePerson(server), await makePerson(server)]
      const { body } = await one.api.get('/auth/v1/me')
      expect((await two.api.delete(`/auth/v1/sessions/${body.session.id}`)).body.code).to.equal(
        'auth.session_not_found',
      )
      expect((await one.api.get('/auth/v1/me')).status).to.equal(200)
    })

    it('end with the refresh token alone when the access token has expired', async () => {
      const person = await makePerson(server)
      expect((await server.post('/auth/v1/logout', { refresh_token: person.refreshToken })).status).to.equal(
        204,
      )
      expect((await person.api.get('/auth/v1/me')).status).to.equal(401)
    })
  })
})
