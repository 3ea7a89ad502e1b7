import { expect } from 'chai'
import { startTwin, useServer } from '../../../test/server.js'
import { mailsTo, makePerson, signIn, sql, tokensOf } from './test-support.js'

describe('refreshing', () => {
  const server = useServer()
  const refresh = (token: string) => server.post('/auth/v1/refresh', { refresh_token: token })
  const generations = (userId: string) =>
    sql<{ generation: number; used: boolean }>(
      server,
      `select r.generation, r.used_at is not null as used from refresh_tokens r join sessions s on s.id = r.session_id
       where s.user_id = $1 order by r.generation`,
      [userId],
    )

  afterEach(() => {
    server.now = undefined
  })

  it('gives a new pair, and the old refresh token is used', async () => {
    const person = await makePerson(server)
    const res = await refresh(person.refreshToken)
    expect(res.status, res.text).to.equal(200)
    expect(res.body.refresh_token)
      .to.match(/^vtr_rt_[0-9A-Za-z]{36}$/)
      .and.not.equal(person.refreshToken)
    expect((await tokensOf(server, res).api.get('/auth/v1/me')).status).to.equal(200)
    expect(await generations(person.id)).to.deep.equal([
      { generation: 1, used: true },
      { generation: 2, used: false },
    ])
  })

  it('gives 50 parallel callers of one token exactly one successor and leaves the family intact', async () => {
    const person = await makePerson(server)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(person.refreshToken)))
    expect(answers.map((res) => res.status)).to.deep.equal(Array(50).fill(200))
    expect(new Set(answers.map((res) => res.body.refresh_token)).size).to.equal(1)
    expect(await generations(person.id)).to.have.length(2)
    const next = await refresh(answers[0]?.body.refresh_token)
    expect(next.status, next.text).to.equal(200)
  })

  it('forgives a lost answer within the grace time, also when the successor was used meanwhile', async () => {
    const person = await makePerson(server)
    const first = await refresh(person.refreshToken)
    const second = await refresh(first.body.refresh_token)
    const late = await refresh(person.refreshToken)
    expect(late.status).to.equal(200)
    expect(late.body.refresh_token).to.equal(first.body.refresh_token)
    expect((await refresh(second.body.refresh_token)).status).to.equal(200)
  })

  it('takes a token sent again after the grace time for stolen: the family ends and the person is told', async () => {
    const person = await makePerson(server)
    const first = await refresh(person.refreshToken)
    server.now = () => new Date(Date.now() + 11_000)
    const stolen = await refresh(person.refreshToken)
    expect(stolen.status).to.equal(401)
    expect(stolen.body.code).to.equal('auth.refresh_token_reused')
    expect(stolen.body.first_used_at).to.be.a('string')
    expect((await refresh(first.body.refresh_token)).body.code).to.equal('auth.invalid_refresh_token')
    expect((await person.api.get('/auth/v1/me')).status).to.equal(401)
    expect((await tokensOf(server, first).api.get('/auth/v1/me')).status).to.equal(401)

    const [mail] = await mailsTo(server, person.email)
    expect(mail?.subject).to.contain('session')
    const [line] = await sql(server, "select 1 from audit_logs where action = 'session.refresh_reused'")
    expect(line).to.not.equal(undefined)
  })

  it('ends the family even when the thief sends an Idempotency-Key', async () => {
    const person = await makePerson(server)
    const first = await refresh(person.refreshToken)
    server.now = () => new Date(Date.now() + 11_000)
    const thief = server.anonymous.with({ 'idempotency-key': 'k1' })
    expect((await thief.post('/auth/v1/refresh', { refresh_token: person.refreshToken })).status).to.equal(
      401,
    )
    expect((await refresh(first.body.refresh_token)).status).to.equal(401)
  })

  it('refuses junk, other tokens and changed characters alike, without a look-up', async () => {
    const person = await makePerson(server)
    for (const token of [
      'junk',
      person.token,
      server.operatorToken,
      `${person.refreshToken.slice(0, -1)}!`,
    ]) {
      expect((await refresh(token)).body.code).to.equal('auth.invalid_refresh_token')
    }
  })

  it('refuses a disabled person and an expired session', async () => {
    const [one, two] = [await makePerson(server), await makePerson(server)]
    await server.operator.post(`/auth/v1/users/${one.id}/disable`)
    expect((await refresh(one.refreshToken)).status).to.equal(401)
    server.now = () => new Date(Date.now() + 31 * 86_400_000)
    expect((await refresh(two.refreshToken)).status).to.equal(401)
  })

  it('never moves a session beyond its end', async () => {
    const person = await makePerson(server)
    await sql(server, "update sessions set ends_at = now() + interval '5 minutes' where user_id = $1", [
      person.id,
    ])
    const res = await refresh(person.refreshToken)
    expect(res.body.expires_in).to.be.at.most(300)
    const [row] = await sql<{ ok: boolean }>(
      server,
      'select expires_at <= ends_at as ok from sessions where user_id = $1',
      [person.id],
    )
    expect(row?.ok).to.equal(true)
  })

  it('works across processes: what one hands out, the other takes at once', async () => {
    const { twin, stop } = await startTwin(server)
    try {
      const person = await makePerson(server)
      expect((await twin.as(person.token).get('/auth/v1/me')).status).to.equal(200)
      // The twin knows the person now; a session made meanwhile must not be missed by its cache.
      const other = await signIn(server, person.email)
      expect((await twin.as(other.token).get('/auth/v1/me')).status).to.equal(200)
      const res = await twin.post('/auth/v1/refresh', { refresh_token: other.refreshToken })
      expect((await server.as(res.body.access_token).get('/auth/v1/me')).status).to.equal(200)
    } finally {
      await stop()
    }
  })

  it('takes a new session in every process also without Redis', async () => {
    const { twin, stop } = await startTwin(server, { settings: { REDIS_URL: 'redis://127.0.0.1:1/0' } })
    try {
      const person = await makePerson(server)
      expect((await twin.as(person.token).get('/auth/v1/me')).status).to.equal(200)
      const other = await signIn(server, person.email)
      expect((await twin.as(other.token).get('/auth/v1/me')).status).to.equal(200)
    } finally {
      await stop()
    }
  })

  it('holds a revocation in every process within a second, also without Redis', async () => {
    const { twin, stop } = await startTwin(server, { settings: { REDIS_URL: 'redis://127.0.0.1:1/0' } })
    try {
      const person = await makePerson(server)
      expect((await twin.as(person.token).get('/auth/v1/me')).status).to.equal(200)
      await person.api.post('/auth/v1/logout')
      expect((await server.as(person.token).get('/auth/v1/me')).status).to.equal(401)
      await new Promise((resolve) => setTimeout(resolve, 900))
      expect((await twin.as(person.token).get('/auth/v1/me')).status).to.equal(401)
    } finally {
      await stop()
    }
  })
})
