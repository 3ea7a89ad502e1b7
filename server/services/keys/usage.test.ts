import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import { startTwin, useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { backgroundContext } from '../../kernel/context.js'
import { newId } from '../../kernel/ids.js'
import { pruneUsage } from './jobs/prune-usage.js'
import { storeUsage } from './models/key-usage.js'

describe('use of keys', () => {
  const server = useServer()
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })

  const verify = (key: string, more: object = {}) => admin.api.post('/keys/v1/verify', { key, ...more })
  const usage = async (id: string, query = '') =>
    (await admin.api.get(`/keys/v1/keys/${id}/usage${query}`)).body

  it('counts calls, verifications by outcome and credits, by hour and by day', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'], { credits: 5 })
    for (let i = 0; i < 3; i++) await verify(key, { cost: 2 })
    await verify(key, { scopes: ['audit:read'] })
    await server.as(key).get('/keys/v1/keys')

    for (const bucket of ['hour', 'day']) {
      const body = await usage(id, `?bucket=${bucket}`)
      expect(body.totals).to.deep.equal({ requests: 1, verifications: 4, valid: 2, credits: 4 })
      expect(body.data).to.have.length(1)
      expect(body.data[0].outcomes).to.deep.equal({ VALID: 2, USAGE_EXCEEDED: 1, INSUFFICIENT_SCOPE: 1 })
    }
    expect((await admin.api.get(`/keys/v1/keys/${id}`)).body.last_used_at).to.be.a('string')
  })

  it('sums all keys of the organisation, and only the own ones for a member', async () => {
    const boss = await buildMember(server)
    const member = await buildMember(server, { tenant: boss.tenant, role: 'user' })
    const [ours, own] = [await buildKey(boss, ['keys:read']), await buildKey(member, ['keys:read'])]
    for (const { key } of [ours, own, own]) await server.as(key).get('/keys/v1/keys')
    expect((await boss.api.get('/keys/v1/usage')).body.totals.requests).to.equal(3)
    expect((await member.api.get('/keys/v1/usage')).body.totals.requests).to.equal(2)
    expect((await admin.api.get('/keys/v1/usage?bucket=day')).body.totals.requests).to.equal(1)
  })

  it('keeps the use of a deleted key in the sum', async () => {
    const boss = await buildMember(server)
    const { id, key } = await buildKey(boss, ['keys:read'])
    await server.as(key).get('/keys/v1/keys')
    await boss.api.delete(`/keys/v1/keys/${id}`)
    expect((await boss.api.get('/keys/v1/usage')).body.totals.requests).to.equal(1)
  })

  it('bounds and checks the range', async () => {
    const { id } = await buildKey(admin, ['keys:read'])
    const wide = await admin.api.get(`/keys/v1/keys/${id}/usage?from=2020-01-01T00:00:00Z`)
    expect([wide.status, wide.body.code]).to.deep.equal([422, 'keys.range_too_long'])
    const backwards = '?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z'
    expect((await admin.api.get(`/keys/v1/keys/${id}/usage${backwards}`)).status).to.equal(422)
  })

  it('loses nothing when a server stops cleanly', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    const { twin, stop } = await startTwin(server)
    await Promise.all(Array.from({ length: 25 }, () => twin.as(key).get('/keys/v1/keys')))
    await stop()
    expect((await usage(id)).totals.requests).to.equal(25)
  })

  it('writes what it counted by itself within seconds', async () => {
    const { id, key } = await buildKey(admin, ['keys:read'])
    await server.as(key).get('/keys/v1/keys')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const { rows } = await sql(`select count from api_key_usage where key_id = '${id}'`)
    expect(rows.map((row) => Number(row.count))).to.deep.equal([1])
  })

  it('adds a batch once, however often it is sent', async () => {
    const keyId = newId()
    const hour = Date.parse('2026-01-01T10:00:00Z')
    const row = {
      tenantId: admin.tenant.id,
      keyId,
      kind: 'verify',
      outcome: 'VALID',
      hour,
      count: 4,
      credits: 2,
      lastAt: hour,
    } as const
    const batch = { id: newId(), rows: [row] }
    await Promise.all([1, 2, 3].map(() => storeUsage(server.resources.db, batch)))
    await storeUsage(server.resources.db, { ...batch, id: newId() })
    const { rows } = await sql(`select count, credits from api_key_usage where key_id = '${keyId}'`)
    expect(rows.map((one) => [Number(one.count), Number(one.credits)])).to.deep.equal([[8, 4]])
  })

  it('forgets counters after 400 days', async () => {
    const keyId = newId()
    const at = (days: number) => Date.now() - days * 86_400_000
    for (const days of [10, 399, 402]) {
      const hour = at(days)
      const row = {
        tenantId: admin.tenant.id,
        keyId,
        kind: 'verify',
        outcome: 'VALID',
        hour,
        count: 1,
        credits: 0,
        lastAt: hour,
      } as const
      await storeUsage(server.resources.db, { id: newId(), rows: [row] })
    }
    const { resources } = server
    await resources.db.transaction({ role: 'system', tenantId: null }, () =>
      pruneUsage.run(backgroundContext(resources, 'test'), {}, {} as never),
    )
    expect((await sql(`select 1 from api_key_usage where key_id = '${keyId}'`)).rows).to.have.length(2)
  })

  async function sql(text: string) {
    return asAdmin(await stores(), text, server.databaseName)
  }
})
