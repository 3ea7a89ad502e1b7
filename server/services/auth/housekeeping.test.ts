import { expect } from 'chai'
import { unique } from '../../../test/build.js'
import { startTwin, type TestServer, useServer } from '../../../test/server.js'
import type { Database, Statement } from '../../storage/database.js'
import { totpCode, totpStep } from './factors/totp.js'
import { rotateSigningKeys } from './jobs/rotate-signing-keys.js'
import { sweepExpired } from './jobs/sweep.js'
import { base32Decode, mailsTo, makePerson, signIn, sql } from './test-support.js'

/** What a process reads anew when it is so old, whoever asks. */
const BY_THE_CLOCK = new Set(['readGlobal installation-maintenance'])

describe('the work done for a request', () => {
  const server = useServer()

  /** The statements one call causes, by name or text: what an observer could time. */
  async function statementsOf(call: () => Promise<unknown>): Promise<string[]> {
    const { db } = server.resources
    const seen: string[] = []
    const methods = ['query', 'execute', 'readGlobal', 'readSystem', 'readTenant'] as const
    const originals = methods.map((name) => [name, db[name]] as const)
    for (const [name, original] of originals) {
      const spy = (...args: unknown[]) => {
        const statement = args.find((arg): arg is Statement => typeof arg === 'object' && arg !== null)
        seen.push(`${name} ${statement?.name ?? statement?.text}`)
        return (original as (...all: unknown[]) => unknown).apply(db, args)
      }
      Object.assign(db, { [name]: spy })
    }
    try {
      await call()
    } finally {
      for (const [name] of originals) delete (db as Partial<Database>)[name]
    }
    return seen.filter((one) => !BY_THE_CLOCK.has(one))
  }

  const calls: [string, (email: string) => [path: string, body: object]][] = [
    ['a wrong password', (email) => ['/auth/v1/login', { email, password: 'not the password' }]],
    ['a forgotten password', (email) => ['/auth/v1/password/forgot', { email }]],
    ['a sign-up', (email) => ['/auth/v1/signup', { email, password: 'seven lanterns on the pier' }]],
    ['another verification mail', (email) => ['/auth/v1/email/resend', { email }]],
  ]
  for (const [what, request] of calls) {
    it(`is the same for ${what} whether or not the address has an account`, async () => {
      const person = await makePerson(server)
      await server.outbox.drain()
      const known = await statementsOf(() => server.post(...request(person.email)))
      const unknown = await statementsOf(() => server.post(...request(`${unique('nobody')}@example.com`)))
      expect(known).to.have.length.greaterThan(0)
      expect(unknown).to.deep.equal(known)
    })
  }
})

describe('housekeeping', () => {
  const server = useServer()
  const count = async (table: string) =>
    (await sql<{ n: number }>(server, `select count(*)::int as n from ${table}`))[0]?.n ?? 0

  it('sweeps what expired long ago and keeps the rest', async () => {
    const [old, kept] = [await makePerson(server), await makePerson(server)]
    await sql(server, "update sessions set expires_at = now() - interval '31 days' where user_id = $1", [
      old.id,
    ])
    await server.post('/auth/v1/login', { email: 'nobody@example.com', password: 'wrong' })
    await sql(server, "update login_failures set last_failure_at = now() - interval '3 days'")
    await server.post('/auth/v1/password/forgot', { email: kept.email })
    await sql(server, "update one_time_tokens set expires_at = now() - interval '2 days'")
    await server.run(sweepExpired)
    expect(await sql(server, 'select user_id from sessions')).to.deep.equal([{ user_id: kept.id }])
    expect([
      await count('refresh_tokens'),
      await count('login_failures'),
      await count('one_time_tokens'),
    ]).to.deep.equal([1, 0, 0])
    expect((await kept.api.get('/auth/v1/me')).status).to.equal(200)
  })

  it('makes the next signing key once, in time, when several processes try', async () => {
    const { twin, stop } = await startTwin(server)
    try {
      const later = () => new Date(Date.now() + 30 * 86_400_000)
      server.now = later
      twin.now = later
      const run = (one: TestServer) => one.run(rotateSigningKeys)
      await Promise.all([run(server), run(twin)])
      await run(twin)
      expect(await count('signing_keys')).to.equal(2)
    } finally {
      server.now = undefined
      await stop()
    }
  })

  it('drops a signing key a day after it was replaced', async () => {
    await sql(server, "update signing_keys set active_from = active_from - interval '90 days'")
    const before = await count('signing_keys')
    // A process that does not have the keys in memory as they were.
    const { twin, stop } = await startTwin(server)
    await twin.run(rotateSigningKeys)
    twin.now = () => new Date(Date.now() + 2 * 86_400_000)
    await twin.run(rotateSigningKeys)
    await stop()
    expect(before).to.be.at.least(1)
    expect(await count('signing_keys')).to.equal(1)
  })

  it('tells a person of a sign-in from a new place and device, not of the usual ones', async () => {
    const person = await makePerson(server)
    const login = (agent: string) =>
      server.anonymous
        .with({ 'user-agent': agent })
        .post('/auth/v1/login', { email: person.email, password: 'a quiet river 7 miles long' })
    await login('another browser')
    expect(await mailsTo(server, person.email)).to.have.length(0)
    await sql(server, "update sessions set ip = '192.0.2.9' where user_id = $1", [person.id])
    await login('a third browser')
    const [mail] = await mailsTo(server, person.email)
    expect(mail?.subject).to.contain('New sign-in')
    expect(mail?.text).to.contain('a third browser')
  })
})

describe('limits of what a person may have', () => {
  const server = useServer()

  it('hold when many ask at once: ten factors, a hundred tokens, a hundred sessions', async () => {
    const person = await makePerson(server)
    const factors = await Promise.all(
      Array.from({ length: 14 }, () => person.api.post('/auth/v1/factors', {})),
    )
    expect(factors.filter((res) => res.status === 201)).to.have.length(10)
    expect(factors.filter((res) => res.body.code === 'auth.too_many_factors')).to.have.length(4)

    await sql(
      server,
      `insert into access_tokens (id, token_hash, user_id, name, last4)
       select gen_random_uuid(), lpad(n::text, 64, '0'), $1, 'filler', '0000' from generate_series(1, 98) n`,
      [person.id],
    )
    const tokens = await Promise.all(
      Array.from({ length: 6 }, () => person.api.post('/auth/v1/tokens', { name: 'one more' })),
    )
    expect(tokens.filter((res) => res.status === 201)).to.have.length(2)

    await sql(
      server,
      `insert into sessions (id, user_id, ip, aal, authenticated_at, last_used_at, expires_at, ends_at)
       select gen_random_uuid(), $1, '192.0.2.1', 1, now(), now() - interval '1 day', now() + interval '1 day', now() + interval '1 day'
       from generate_series(1, 99)`,
      [person.id],
    )
    const { api } = await signIn(server, person.email)
    expect((await api.get('/auth/v1/sessions')).body.data).to.have.length(100)
    expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
  })

  it('give recovery codes once, to the first of several factors verified at the same time', async () => {
    const person = await makePerson(server)
    const made = await Promise.all(Array.from({ length: 3 }, () => person.api.post('/auth/v1/factors', {})))
    const answers = await Promise.all(
      made.map((res) =>
        person.api.post(`/auth/v1/factors/${res.body.id}/verify`, { code: codeOf(res.body.secret) }),
      ),
    )
    expect(answers.map((res) => res.status)).to.deep.equal([200, 200, 200])
    expect(answers.filter((res) => res.body.recovery_codes !== null)).to.have.length(1)
  })

  function codeOf(secret: string): string {
    return totpCode(base32Decode(secret), totpStep(new Date()))
  }
})
