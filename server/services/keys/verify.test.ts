import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { FRESH_MS } from '../../storage/fresh-cache.js'
import { isBehindGate } from '../../storage/maintenance-gate.js'

describe('POST /keys/v1/verify', () => {
  const server = useServer()
  let admin: BuiltUser
  let stranger: BuiltUser

  before(async () => {
    ;[admin, stranger] = await Promise.all([buildMember(server), buildMember(server)])
  })

  const verify = async (body: object) => (await admin.api.post('/keys/v1/verify', body)).body

  it('answers what a good key is and may', async () => {
    const { id, key } = await buildKey(admin, ['tenancy:read', 'documents:*'], { meta: { plan: 'pro' } })
    expect(await verify({ key, scopes: ['documents:read'] })).to.deep.equal({
      ...{ valid: true, code: 'VALID', key_id: id, environment: 'live', expires_at: null, remaining: null },
      ...{
        name: (await admin.api.get(`/keys/v1/keys/${id}`)).body.name,
        ratelimit: [],
        meta: { plan: 'pro' },
      },
      owner: { type: 'tenant', id: admin.tenant.id },
      scopes: ['documents:*', 'tenancy:read'],
    })
  })

  it("answers alike, byte for byte, for nonsense, a wrong checksum, an unknown key and another tenant's key", async () => {
    const foreign = await buildKey(stranger, ['*'])
    const gone = await buildKey(admin, ['*'])
    await admin.api.delete(`/keys/v1/keys/${gone.id}`)
    const texts = ['nonsense', `${foreign.key.slice(0, -1)}_`, gone.key, foreign.key]
    const answers = await Promise.all(texts.map((key) => admin.api.post('/keys/v1/verify', { key })))
    for (const answer of answers) expect([answer.status, answer.text]).to.deep.equal([200, answers[0]?.text])
    expect(answers[0]?.body.code).to.equal('NOT_FOUND')
    expect((await stranger.api.get(`/keys/v1/keys/${foreign.id}/usage`)).body.totals.verifications).to.equal(
      0,
    )
  })

  it('names why a key is refused', async () => {
    const ends = new Date(Date.now() + 60_000)
    const keys = {
      DISABLED: await buildKey(admin, ['keys:read'], { enabled: false }),
      EXPIRED: await buildKey(admin, ['keys:read'], { expires_at: ends.toISOString() }),
      REVOKED: await buildKey(admin, ['keys:read']),
      IP_REFUSED: await buildKey(admin, ['keys:read'], { allowed_ips: ['203.0.113.0/24'] }),
      INSUFFICIENT_SCOPE: await buildKey(admin, ['tenancy:read']),
    }
    await admin.api.post(`/keys/v1/keys/${keys.REVOKED.id}/revoke`)
    const operator = server.operator.in(admin.tenant.id)
    server.now = () => ends
    try {
      for (const [code, { id, key }] of Object.entries(keys)) {
        const { body } = await operator.post('/keys/v1/verify', {
          key,
          scopes: ['keys:read'],
          ip: '198.51.100.1',
        })
        expect(body).to.include({ valid: false, code, key_id: id })
      }
    } finally {
      server.now = undefined
    }
  })

  it('judges the address it is told of, IPv4-mapped or not, and refuses none at all', async () => {
    const { key } = await buildKey(admin, ['keys:read'], { allowed_ips: ['203.0.113.0/24', '2001:db8::/32'] })
    const code = async (ip?: string) => (await verify({ key, ...(ip ? { ip } : {}) })).code
    expect(await code('203.0.113.77')).to.equal('VALID')
    expect(await code('::ffff:203.0.113.77')).to.equal('VALID')
    expect(await code('2001:db8::7')).to.equal('VALID')
    expect(await code('198.51.100.1')).to.equal('IP_REFUSED')
    expect(await code()).to.equal('IP_REFUSED')
  })

  it('counts named limits: automatic ones always, others when named, with their cost', async () => {
    const limits = [
      { name: 'requests', limit: 3, window_s: 600 },
      { name: 'tokens', limit: 100, window_s: 600, auto_apply: false },
    ]
    const { key } = await buildKey(admin, ['keys:read'], { rate_limits: limits })
    const first = await verify({ key })
    expect(first.ratelimit).to.have.length(1)
    expect(first.ratelimit[0]).to.include({ name: 'requests', limit: 3, remaining: 2, exceeded: false })
    const second = await verify({ key, rate_limits: [{ name: 'tokens', cost: 90 }] })
    expect(second.ratelimit.map((one: { remaining: number }) => one.remaining)).to.deep.equal([1, 10])
    const over = await verify({ key, rate_limits: [{ name: 'tokens', cost: 20 }] })
    expect([over.valid, over.code]).to.deep.equal([false, 'RATE_LIMITED'])
    expect((await verify({ key })).code, 'a refused call takes nothing').to.equal('VALID')
    expect((await verify({ key })).code).to.equal('RATE_LIMITED')
    const unknown = await admin.api.post('/keys/v1/verify', { key, rate_limits: [{ name: 'images' }] })
    expect([unknown.status, unknown.body.code]).to.deep.equal([422, 'keys.unknown_limit'])
  })

  it('spends credits by cost, says what is left and refuses what does not fit', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'], { credits: 10 })
    expect(await verify({ key, cost: 4 })).to.include({ valid: true, remaining: 6 })
    expect(await verify({ key, cost: 7 })).to.include({ valid: false, code: 'USAGE_EXCEEDED', remaining: 6 })
    expect(await verify({ key, cost: 0 })).to.include({ valid: true, remaining: 6 })
    expect(await verify({ key, scopes: ['audit:read'], cost: 1 })).to.include({ code: 'INSUFFICIENT_SCOPE' })
    expect((await admin.api.get(`/keys/v1/keys/${id}`)).body.credits.remaining).to.equal(6)
    await admin.api.patch(`/keys/v1/keys/${id}`, { credits: { remaining: 2 } })
    expect(await verify({ key, cost: 3 })).to.include({ code: 'USAGE_EXCEEDED', remaining: 2 })
    await admin.api.patch(`/keys/v1/keys/${id}`, { credits: null })
    expect(await verify({ key, cost: 1000 })).to.include({ valid: true, remaining: null })
  })

  it('refills by replacing, on the day it says', async () => {
    const refill = { interval: 'daily', amount: 5 }
    const { id, key } = await buildKey(admin, ['keys:read'], { credits: { remaining: 3, refill } })
    const operator = server.operator.in(admin.tenant.id)
    const spend = async (cost: number) =>
      (await operator.post('/keys/v1/verify', { key, cost })).body.remaining
    expect(await spend(2)).to.equal(1)
    const { next_refill_at: next } = (await admin.api.get(`/keys/v1/keys/${id}`)).body.credits
    server.now = () => new Date(next)
    try {
      expect((await operator.get(`/keys/v1/keys/${id}`)).body.credits.remaining).to.equal(5)
      expect(await spend(1)).to.equal(4)
      expect(await spend(1)).to.equal(3)
    } finally {
      server.now = undefined
    }
  })

  it('never lets 200 parallel spends go below zero', async () => {
    const { key } = await buildKey(admin, ['keys:read'], { credits: 37 })
    const answers = await Promise.all(Array.from({ length: 200 }, () => verify({ key, cost: 1 })))
    expect(answers.filter((answer) => answer.valid)).to.have.length(37)
    const left = answers.filter((answer) => answer.valid).map((answer) => answer.remaining as number)
    expect(left.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 37 }, (_, i) => i))
    expect(answers.filter((answer) => answer.code === 'USAGE_EXCEEDED')).to.have.length(163)
  })

  it('refills once however many spend at that moment', async () => {
    const refill = { interval: 'monthly', amount: 20, day: 31 }
    const { id, key } = await buildKey(admin, ['keys:read'], { credits: { remaining: 1, refill } })
    const { next_refill_at: next } = (await admin.api.get(`/keys/v1/keys/${id}`)).body.credits
    const operator = server.operator.in(admin.tenant.id)
    server.now = () => new Date(next)
    try {
      const answers = await Promise.all(
        Array.from({ length: 60 }, () => operator.post('/keys/v1/verify', { key })),
      )
      expect(answers.filter((answer) => answer.body.valid)).to.have.length(20)
    } finally {
      server.now = undefined
    }
  })

  it('needs no statement once it knows the key', async () => {
    const { key } = await buildKey(admin, ['keys:read'])
    const { db } = server.resources
    const [read, transaction] = [db.readSystem.bind(db), db.transaction.bind(db)]
    let statements = 0
    const counted =
      <A extends unknown[], R>(work: (...args: A) => R) =>
      (...args: A): R => {
        // Of requests: what the server does by itself is nobody's here.
        if (isBehindGate()) statements += 1
        return work(...args)
      }
    const count = async () => {
      statements = 0
      await verify({ key })
      return statements
    }
    Object.assign(db, { readSystem: counted(read), transaction: counted(transaction) })
    try {
      // On a machine that stands still it is forgotten in between, and asked for again.
      for (let took = FRESH_MS; took >= FRESH_MS; await sleep(FRESH_MS)) {
        const asked = performance.now()
        expect(await count()).to.be.greaterThan(0)
        const known = await count()
        took = performance.now() - asked
        if (took < FRESH_MS) expect(known).to.equal(0)
      }
    } finally {
      Object.assign(db, { readSystem: read, transaction })
    }
  })
})
