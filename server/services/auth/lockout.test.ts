import { expect } from 'chai'
import { unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { addTotp, mailsTo, makePerson, PASSWORD, sql } from './test-support.js'

describe('lockout', () => {
  const server = useServer({ settings: { TRUST_PROXY: '127.0.0.1' } })
  let addresses = 0
  /** A caller from an address of its own, so that tests don't lock each other out. */
  const from = (address = `198.51.100.${++addresses}`) =>
    server.anonymous.with({ 'x-forwarded-for': address })
  const login = (email: string, password: string, address?: string) =>
    from(address).post('/auth/v1/login', { email, password })

  afterEach(() => {
    server.now = undefined
  })

  it('stops an account after five failures, also for the right password and from elsewhere, and opens later', async () => {
    const person = await makePerson(server)
    for (let i = 0; i < 5; i++) expect((await login(person.email, 'wrong password')).status).to.equal(401)
    const locked = await login(person.email, PASSWORD)
    expect(locked.status).to.equal(429)
    expect(locked.body.code).to.equal('auth.locked')
    expect(Number(locked.headers.get('retry-after'))).to.be.within(25, 30)
    server.now = () => new Date(Date.now() + 31_000)
    expect((await login(person.email, PASSWORD)).status).to.equal(200)
  })

  it('treats unknown addresses just the same', async () => {
    const email = `${unique('nobody')}@example.com`
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await login(email, 'wrong password')).status)
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429])
  })

  it('forgets failures after a success', async () => {
    const person = await makePerson(server)
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 4; i++) await login(person.email, 'wrong password')
      expect((await login(person.email, PASSWORD)).status).to.equal(200)
    }
  })

  it('lets parallel guesses gain no more than the hashing slots', async () => {
    const person = await makePerson(server)
    const answers = await Promise.all(Array.from({ length: 30 }, () => login(person.email, 'wrong password')))
    const tried = answers.filter((res) => res.status === 401).length
    expect(tried).to.be.within(5, 5 + server.resources.config.AUTH_HASH_CONCURRENCY)
    expect(answers.filter((res) => res.status === 429).length).to.equal(30 - tried)
  })

  it('lets many right sign-ins at once all pass', async () => {
    const person = await makePerson(server)
    const answers = await Promise.all(Array.from({ length: 12 }, () => login(person.email, PASSWORD)))
    expect(answers.map((res) => res.status)).to.deep.equal(Array(12).fill(200))
  })

  it('stops an IPv6 /64 and every spelling of an IPv4 address as one caller, whatever accounts it tries', async () => {
    const person = await makePerson(server)
    for (let i = 0; i < 20; i++) {
      const address = `2001:db8:0:7::${(i + 1).toString(16)}`
      expect((await login(`${unique('nobody')}@example.com`, 'wrong password', address)).status).to.equal(401)
    }
    expect((await login(person.email, PASSWORD, '2001:DB8:0:7:ffff::1')).status).to.equal(429)
    expect((await login(person.email, PASSWORD, '2001:db8:0:8::1')).status).to.equal(200)
  })

  it('counts codes too, one at a time', async () => {
    const person = await makePerson(server)
    const totp = await addTotp(server, person)
    const answers = await Promise.all(
      Array.from({ length: 15 }, () =>
        from().post('/auth/v1/login', { email: person.email, password: PASSWORD, code: '000000' }),
      ),
    )
    expect(answers.filter((res) => res.status === 401)).to.have.length(5)
    expect(answers.filter((res) => res.status === 429)).to.have.length(10)
    const res = await from().post('/auth/v1/login', {
      email: person.email,
      password: PASSWORD,
      code: totp.codeAt(0),
    })
    expect(res.status).to.equal(429)
  })

  it('counts no right code against the address that many share', async () => {
    const person = await makePerson(server)
    const totp = await addTotp(server, person)
    const began = Date.now()
    for (let i = 1; i <= 22; i++) {
      // A code of its own for each: none is taken twice.
      server.now = () => new Date(began + i * 30_000)
      const credentials = { email: person.email, password: PASSWORD, code: totp.codeAt(0) }
      expect((await from('203.0.113.9').post('/auth/v1/login', credentials)).status, `sign-in ${i}`).to.equal(
        200,
      )
    }
  })

  it('tells the owner by mail once, and nobody where there is no account', async () => {
    const person = await makePerson(server)
    const nobody = `${unique('nobody')}@example.com`
    for (const email of [person.email, nobody]) {
      for (let i = 0; i < 7; i++) await login(email, 'wrong password')
    }
    expect(
      (await mailsTo(server, person.email)).filter((mail) => mail.subject.includes('locked')),
    ).to.have.length(1)
    expect(await mailsTo(server, nobody)).to.have.length(0)
  })

  it('keeps no list of addresses: only keyed hashes are stored', async () => {
    const person = await makePerson(server)
    await login(person.email, 'wrong password')
    for (const row of await sql<{ subject: string }>(server, 'select subject from login_failures')) {
      expect(row.subject).to.match(/^[0-9a-f]{64}$/)
    }
  })

  it('survives a restart: failures are in the database', async () => {
    const person = await makePerson(server)
    for (let i = 0; i < 5; i++) await login(person.email, 'wrong password')
    const { startTwin } = await import('../../../test/server.js')
    const { twin, stop } = await startTwin(server)
    try {
      expect(
        (await twin.post('/auth/v1/login', { email: person.email, password: PASSWORD })).status,
      ).to.equal(429)
    } finally {
      await stop()
    }
  })
})

describe('a server with more sign-ins than it can serve', () => {
  const server = useServer({ settings: { AUTH_HASH_CONCURRENCY: '1', AUTH_BCRYPT_COST: '9' } })

  it('answers 503 with Retry-After at once instead of queueing without end', async () => {
    const person = await makePerson(server)
    const answers = await Promise.all(
      Array.from({ length: 60 }, () =>
        server.post('/auth/v1/login', { email: person.email, password: PASSWORD }),
      ),
    )
    const busy = answers.filter((res) => res.status === 503)
    expect(busy.length).to.be.greaterThan(0)
    expect(busy[0]?.body.code).to.equal('auth.busy')
    expect(Number(busy[0]?.headers.get('retry-after'))).to.be.at.least(1)
    expect(answers.filter((res) => res.status === 200).length).to.equal(60 - busy.length)
  })
})
