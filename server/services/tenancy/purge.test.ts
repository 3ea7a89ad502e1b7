import { expect } from 'chai'
import { buildKey, buildMember, unique } from '../../../test/build.js'
import { type TestServer, useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { readMailbox } from '../../outbound/read-mailbox.js'
import { purgeTenants } from './jobs/purge-tenants.js'

const TENANTS = '/tenancy/v1/tenants'
const DAY_MS = 86_400_000

describe('DELETE /tenancy/v1/tenants/{tenantId}', () => {
  const server = useServer()
  afterEach(() => {
    server.now = undefined
  })

  it('refuses calls without identity, other members, and hides the tenant from others', async () => {
    const [{ tenant }, other] = await Promise.all([buildMember(server), buildMember(server)])
    const user = await buildMember(server, { tenant, role: 'user' })
    const path = `${TENANTS}/${tenant.id}`
    expect((await server.anonymous.delete(path)).status).to.equal(401)
    expect((await user.api.delete(path)).status).to.equal(403)
    expect((await other.api.delete(path)).status).to.equal(404)
    expect((await user.api.get(path)).body.status).to.equal('active')
  })

  it('leaves purging at once to operators', async () => {
    const { api, tenant } = await buildMember(server)
    expect((await api.delete(`${TENANTS}/${tenant.id}?purge=now`)).status).to.equal(403)
    expect((await api.get(`${TENANTS}/${tenant.id}`)).body.status).to.equal('active')
  })

  it('shuts the tenant within a second, says until when that can be taken back, and keeps its data until then', async () => {
    const admin = await buildMember(server)
    const { key } = await buildKey(admin, ['tenancy:read'])
    const path = `${TENANTS}/${admin.tenant.id}`
    expect((await server.as(key).get(path)).status).to.equal(200)
    expect((await admin.api.delete(path)).status).to.equal(204)
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect((await admin.api.get(path)).status).to.equal(404)
    expect((await server.as(key).get(path)).status).to.be.oneOf([401, 403])

    const { body } = await server.operator.get(path)
    expect(body.status).to.equal('deleting')
    expect(Date.parse(body.purge_after) - Date.parse(body.delete_requested_at)).to.equal(14 * DAY_MS)
    await server.outbox.drain()
    const mail = (await readMailbox(server.mailbox)).find(({ to }) => to.includes(admin.email))
    const day = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' })
    expect(mail?.text).to.include(day.format(new Date(body.purge_after)))

    await server.run(purgeTenants)
    expect((await server.operator.post(`${path}/resume`)).body).to.include({
      status: 'active',
      purge_after: null,
    })
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect((await admin.api.get(path)).status).to.equal(200)
    expect((await server.as(key).get(path)).status).to.equal(200)
  })

  it('leaves no row in any tenant table once the grace has passed, and none of another tenant less', async () => {
    const [gone, kept] = await Promise.all([furnished(server), furnished(server)])
    const before = await rowsOf(server, kept.tenant.id)
    expect(
      Object.values(await rowsOf(server, gone.tenant.id)).filter((count) => count > 0),
    ).to.have.length.above(5)

    await server.operator.delete(`${TENANTS}/${gone.tenant.slug}`)
    const start = Date.now()
    server.now = () => new Date(start + 14 * DAY_MS - 60_000)
    await server.run(purgeTenants)
    expect((await server.operator.get(`${TENANTS}/${gone.tenant.id}`)).status).to.equal(200)

    server.now = () => new Date(start + 14 * DAY_MS + 60_000)
    const late = await server.operator.post(`${TENANTS}/${gone.tenant.slug}/resume`)
    expect([late.status, late.body.code]).to.deep.equal([409, 'tenancy.grace_over'])
    await server.run(purgeTenants)
    expect((await server.operator.get(`${TENANTS}/${gone.tenant.id}`)).status).to.equal(404)
    const left = Object.entries(await rowsOf(server, gone.tenant.id)).filter(([, count]) => count > 0)
    expect(left).to.deep.equal([])
    // Use of keys is written a moment after it happened.
    expect({ ...(await rowsOf(server, kept.tenant.id)), api_key_usage: 1 }).to.deep.equal({
      ...before,
      api_key_usage: 1,
    })
  })

  it('purges at once for operators, and keeps the audit chain, whole and ending with the purge', async () => {
    const { tenant } = await furnished(server)
    expect((await server.operator.delete(`${TENANTS}/${tenant.slug}?purge=now`)).status).to.equal(204)
    const left = Object.entries(await rowsOf(server, tenant.id)).filter(([, count]) => count > 0)
    expect(left).to.deep.equal([])
    expect((await server.operator.delete(`${TENANTS}/${tenant.slug}`)).status).to.equal(404)

    const logs = '/tenancy/v1/audit-logs'
    const chain = await server.operator.get(`${logs}?tenant_id=${tenant.id}&limit=2`)
    const actions = chain.body.data.map((line: { action: string }) => line.action)
    expect(actions).to.deep.equal(['tenant.purged', 'tenant.deleted'])
    expect((await server.operator.post(`${logs}/verify?tenant_id=${tenant.id}`)).body.ok).to.equal(true)
    const log = await server.operator.get(`${logs}?action=tenant.purged&target=${tenant.id}`)
    expect(log.body.data).to.have.length(1)
    // The slug is free again, and nothing of the old tenant shows in the new one.
    const again = await server.operator.post(TENANTS, { slug: tenant.slug })
    expect(again.status).to.equal(201)
    expect((await server.operator.in(tenant.slug).get('/tenancy/v1/members')).body.data).to.deep.equal([])
  })

  it('finds what was written for a tenant after its purge, and leaves tenants that exist alone', async () => {
    const [gone, kept] = await Promise.all([furnished(server), furnished(server)])
    await server.operator.delete(`${TENANTS}/${gone.tenant.slug}?purge=now`)
    const late = (
      id: string,
    ) => `insert into api_key_usage (tenant_id, key_id, hour, kind, outcome, count, last_at)
      values ('${id}', gen_random_uuid(), now(), 'verify', 'VALID', 1, now());`
    await asAdmin(await stores(), late(gone.tenant.id) + late(kept.tenant.id), server.databaseName)
    await server.run(purgeTenants)
    expect((await rowsOf(server, gone.tenant.id)).api_key_usage).to.equal(0)
    expect((await rowsOf(server, kept.tenant.id)).api_key_usage).to.be.greaterThan(0)
  })

  it('brings a purge forward and never puts it off', async () => {
    const { tenant, api } = await buildMember(server)
    const path = `${TENANTS}/${tenant.id}`
    await api.delete(path)
    const first = (await server.operator.get(path)).body
    const start = Date.now()
    server.now = () => new Date(start + DAY_MS)
    expect((await server.operator.delete(path)).status).to.equal(204)
    expect((await server.operator.get(path)).body).to.deep.equal(first)
    expect((await server.operator.post(`${path}/suspend`)).body.code).to.equal('tenancy.being_deleted')
    expect((await server.operator.delete(`${path}?purge=now`)).status).to.equal(204)
    expect((await server.operator.get(path)).status).to.equal(404)
  })
})

/** A tenant with something in many tables. */
async function furnished(server: TestServer) {
  const admin = await buildMember(server)
  const operator = server.operator.in(admin.tenant.id)
  await buildMember(server, { tenant: admin.tenant, role: 'user' })
  const { key } = await buildKey(admin, ['tenancy:read', 'quotas:write'], { credits: 5 })
  await admin.api.post('/keys/v1/verify', { key })
  await admin.api.post('/tenancy/v1/invitations', { email: `${unique('guest')}@example.com` })
  await operator.put('/tenancy/v1/quotas/tokens', { limit: 10, period: 'month' })
  const held = await admin.api.post('/tenancy/v1/quotas/tokens/reserve', { amount: 1 })
  expect(held.status).to.equal(201)
  // Use of keys is written a moment after it happened, and must not come after the purge.
  while ((await rowsOf(server, admin.tenant.id)).api_key_usage === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return admin
}

/** How many rows of a tenant each table holds that has a tenant_id under forced row security, audit log aside. */
async function rowsOf(server: TestServer, tenantId: string): Promise<Record<string, number>> {
  const shared = await stores()
  const tables = await asAdmin(
    shared,
    `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relforcerowsecurity
       and c.relname not like 'audit_%'`,
    server.databaseName,
  )
  const counts: Record<string, number> = {}
  for (const { relname } of tables.rows) {
    const sql = `select count(*)::int as n from ${relname} where tenant_id = '${tenantId}'`
    counts[relname] = (await asAdmin(shared, sql, server.databaseName)).rows[0].n
  }
  return counts
}
