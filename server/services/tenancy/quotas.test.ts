import { expect } from 'chai'
import { buildKey, buildMember, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { expireReservationsJob } from './jobs/expire-reservations.js'

const QUOTAS = '/tenancy/v1/quotas'

describe('/tenancy/v1/quotas', () => {
  const server = useServer()
  afterEach(() => {
    server.now = undefined
  })

  async function withQuota(limit: number | null, period = 'none') {
    const admin = await buildMember(server)
    const resource = unique('tokens')
    const path = `${QUOTAS}/${resource}`
    const operator = server.operator.in(admin.tenant.id)
    const res = await operator.put(path, { limit, period })
    expect(res.status).to.equal(200)
    return { admin, api: admin.api, operator, path, resource }
  }

  it('refuses calls without identity', async () => {
    const { anonymous } = server
    const path = `${QUOTAS}/tokens`
    const calls = [
      anonymous.get(QUOTAS),
      anonymous.get(path),
      anonymous.put(path, { limit: 1 }),
      anonymous.delete(path),
      anonymous.get(`${path}/reservations/0190c0de-0000-7000-8000-000000000000`),
      ...['reserve', 'commit', 'release'].map((verb) => anonymous.post(`${path}/${verb}`, { amount: 1 })),
    ]
    for (const res of await Promise.all(calls)) expect(res.status).to.equal(401)
  })

  it('lets operators set limits, administrators use them and members look', async () => {
    const { admin, api, path, resource } = await withQuota(10)
    const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    expect((await api.put(path, { limit: 1_000 })).status).to.equal(403)
    expect((await api.delete(path)).status).to.equal(403)
    expect((await user.api.post(`${path}/reserve`, { amount: 1 })).status).to.equal(403)
    const list = await user.api.get(QUOTAS)
    expect(list.body.data[0]).to.include({
      resource,
      limit: 10,
      used: 0,
      reserved: 0,
      remaining: 10,
      resets_at: null,
    })
  })

  it('keeps quotas of one tenant from another', async () => {
    const { path } = await withQuota(10)
    const other = await buildMember(server)
    expect((await other.api.get(path)).body.code).to.equal('tenancy.quota_unknown')
    expect((await other.api.post(`${path}/reserve`, { amount: 1 })).body.code).to.equal(
      'tenancy.quota_unknown',
    )
    expect((await other.api.get(QUOTAS)).body.data).to.deep.equal([])
  })

  it('counts what was used of a reservation and gives back the rest, once', async () => {
    const { api, path } = await withQuota(10)
    const held = await api.post(`${path}/reserve`, { amount: 8, reference: 'run 7' })
    expect(held.status).to.equal(201)
    expect((await api.get(String(held.headers.get('location')))).body).to.deep.equal(held.body)
    expect((await api.get(path)).body).to.include({ used: 0, reserved: 8, remaining: 2 })

    const tooMuch = await api.post(`${path}/commit`, { reservation_id: held.body.id, amount: 9 })
    expect(tooMuch.body.code).to.equal('tenancy.amount_too_high')
    const done = await api.post(`${path}/commit`, { reservation_id: held.body.id, amount: 5 })
    expect(done.body).to.include({ used: 5, reserved: 0, remaining: 5 })
    for (const verb of ['commit', 'release']) {
      const again = await api.post(`${path}/${verb}`, { reservation_id: held.body.id })
      expect(again.body.code).to.equal('tenancy.reservation_ended')
    }
  })

  it('releases reservations, and use that ended', async () => {
    const { api, path } = await withQuota(10)
    const held = await api.post(`${path}/reserve`, { amount: 4 })
    const released = await api.post(`${path}/release`, { reservation_id: held.body.id })
    expect(released.body).to.include({ used: 0, reserved: 0 })
    await api.post(`${path}/commit`, { amount: 3 })
    expect((await api.post(`${path}/release`, { amount: 4 })).body.code).to.equal('tenancy.amount_too_high')
    expect((await api.post(`${path}/release`, { amount: 3 })).body.used).to.equal(0)
  })

  it('grants exactly the limit to 200 who reserve at the same time', async function () {
    this.timeout(60_000)
    const { admin, api, path } = await withQuota(70)
    const { key } = await buildKey(admin, ['quotas:write', 'tenancy:read'])
    const all = await Promise.all(
      Array.from({ length: 200 }, () => server.as(key).post(`${path}/reserve`, { amount: 1 })),
    )
    expect(all.filter((res) => res.status === 201)).to.have.length(70)
    for (const res of all.filter((one) => one.status !== 201)) {
      expect([res.status, res.body.code, res.body.remaining]).to.deep.equal([
        409,
        'tenancy.quota_exceeded',
        0,
      ])
    }
    expect((await api.get(path)).body).to.include({ used: 0, reserved: 70, remaining: 0 })
  })

  it('settles one reservation once when 20 commit and release it at the same time', async () => {
    const { api, path } = await withQuota(10)
    const { body } = await api.post(`${path}/reserve`, { amount: 6 })
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        api.post(`${path}/${i % 2 ? 'commit' : 'release'}`, { reservation_id: body.id }),
      ),
    )
    expect(all.filter((res) => res.status === 200)).to.have.length(1)
    const { used, reserved } = (await api.get(path)).body
    expect(reserved).to.equal(0)
    expect(used).to.be.oneOf([0, 6])
  })

  it('gives overdue reservations back, by the job or at the next call that needs the room', async () => {
    const { api, path } = await withQuota(10)
    await api.post(`${path}/reserve`, { amount: 6, ttl_s: 60 })
    const late = await api.post(`${path}/reserve`, { amount: 4, ttl_s: 600 })
    expect((await api.post(`${path}/reserve`, { amount: 1 })).status).to.equal(409)

    const start = Date.now()
    server.now = () => new Date(start + 61_000)
    expect((await api.post(`${path}/reserve`, { amount: 6, ttl_s: 60 })).status).to.equal(201)
    server.now = () => new Date(start + 601_000)
    await server.run(expireReservationsJob)
    expect((await api.get(path)).body).to.include({ reserved: 0, remaining: 10 })
    const ended = await api.post(`${path}/commit`, { reservation_id: late.body.id })
    expect([ended.body.code, ended.body.detail]).to.deep.equal([
      'tenancy.reservation_ended',
      'The reservation is expired.',
    ])
  })

  it('starts a period anew at midnight UTC, and keeps what is held', async () => {
    // The operator's token does not run out with the day.
    const { operator: api, path } = await withQuota(10, 'day')
    await api.post(`${path}/commit`, { amount: 9 })
    await api.post(`${path}/reserve`, { amount: 1, ttl_s: 86_400 })
    const today = await api.get(path)
    expect(today.body).to.include({ used: 9, reserved: 1, remaining: 0 })

    server.now = () => new Date(Date.parse(today.body.resets_at) + 1)
    expect((await api.get(path)).body).to.include({ used: 0, reserved: 1, remaining: 9 })
    expect((await api.post(`${path}/commit`, { amount: 10 })).status).to.equal(409)
    expect((await api.post(`${path}/commit`, { amount: 9 })).body).to.include({ used: 9, remaining: 0 })
  })

  it('keeps use when the limit changes, and counts without a bound when there is none', async () => {
    const { api, operator, path } = await withQuota(10)
    await api.post(`${path}/commit`, { amount: 8 })
    expect((await operator.put(path, { limit: 5 })).body).to.include({ used: 8, limit: 5, remaining: 0 })
    expect((await operator.put(path, { limit: null })).body).to.include({
      used: 8,
      limit: null,
      remaining: null,
    })
    expect((await api.post(`${path}/commit`, { amount: 1_000_000 })).body.used).to.equal(1_000_008)
    expect((await operator.delete(path)).status).to.equal(204)
    expect((await api.get(path)).status).to.equal(404)
  })

  it('counts members for the quota "seats", which cannot be reserved', async () => {
    const { tenant, api } = await buildMember(server)
    const operator = server.operator.in(tenant.id)
    await operator.put(`${QUOTAS}/seats`, { limit: 3 })
    expect((await api.get(`${QUOTAS}/seats`)).body).to.include({ used: 1, remaining: 2 })
    expect((await api.post(`${QUOTAS}/seats/reserve`, { amount: 1 })).body.code).to.equal(
      'tenancy.quota_counted',
    )
  })
})
