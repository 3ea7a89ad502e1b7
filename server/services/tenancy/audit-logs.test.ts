import { expect } from 'chai'
import { buildKey, buildMember, buildStaff, buildTenant } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'

const LOGS = '/tenancy/v1/audit-logs'

describe('/tenancy/v1/audit-logs', () => {
  const server = useServer()

  it('refuses calls without identity', async () => {
    expect((await server.get(LOGS)).status).to.equal(401)
    expect((await server.post(`${LOGS}/verify`)).status).to.equal(401)
  })

  it('is for administrators, support staff and keys with the scope, not for other members', async () => {
    const admin = await buildMember(server)
    const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const support = (await buildStaff(server, 'support_agent')).api
    const [reader, other] = await Promise.all([
      buildKey(admin, ['audit:read']),
      buildKey(admin, ['tenancy:read']),
    ])
    for (const api of [admin.api, support.in(admin.tenant.slug), server.as(reader.key)]) {
      expect((await api.get(LOGS)).status).to.equal(200)
      expect((await api.post(`${LOGS}/verify`)).body.ok).to.equal(true)
    }
    for (const api of [user.api, server.as(other.key)]) expect((await api.get(LOGS)).status).to.equal(403)
    expect((await support.get(LOGS)).body.code).to.equal('request.tenant_required')
  })

  it('shows a tenant its own chain only, and operators without a tenant that of the installation', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    await theirs.api.patch(`/tenancy/v1/tenants/${theirs.tenant.id}`, { name: 'Renamed' })
    const log = await ours.api.get(`${LOGS}?action=tenant.*`)
    const targets = log.body.data.map((line: { target: string }) => line.target)
    expect(new Set(targets)).to.deep.equal(new Set([ours.tenant.id]))
    const installation = await server.operator.get(`${LOGS}?action=tenant.created&target=${theirs.tenant.id}`)
    expect(installation.body.data).to.have.length(1)
    expect(installation.body.data[0].detail).to.include({ slug: theirs.tenant.slug })
  })

  it('leaves naming another tenant to operators', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    const query = `tenant_id=${theirs.tenant.id}`
    expect((await ours.api.get(`${LOGS}?${query}`)).status).to.equal(403)
    expect((await ours.api.post(`${LOGS}/verify?${query}`)).status).to.equal(403)
    expect((await ours.api.get(`${LOGS}?tenant_id=${ours.tenant.id}`)).status).to.equal(200)
    expect((await server.operator.get(`${LOGS}?${query}`)).body.data.length).to.be.greaterThan(0)
  })

  it('filters by action, actor, target, outcome and time', async () => {
    const { api, id, tenant } = await buildMember(server)
    const path = `/tenancy/v1/tenants/${tenant.id}`
    const user = await buildMember(server, { tenant, role: 'user' })
    await api.patch(path, { name: 'First' })
    await user.api.patch(path, { name: 'Refused' })
    const count = async (query: string) => (await api.get(`${LOGS}?${query}`)).body.data.length

    expect(await count('action=tenant.updated')).to.equal(2)
    expect(await count(`action=tenant.updated&actor=${id}`)).to.equal(1)
    expect(await count('action=tenant.updated&outcome=refused')).to.equal(1)
    expect(await count(`target=${tenant.id}&action=tenant.*&outcome=success`)).to.equal(2)
    expect(await count('action=tenant')).to.equal(0)
    expect(await count(`to=${new Date(Date.now() - 3_600_000).toISOString()}`)).to.equal(0)
    expect(await count(`from=2026-01-01T00:00:00%2B02:00&action=tenant.updated`)).to.equal(2)
    expect((await api.get(`${LOGS}?action=%25`)).status).to.equal(422)
  })

  it('pages through the chain in its exact order, newest first', async () => {
    const operator = server.operator.in((await buildTenant(server)).id)
    for (let i = 0; i < 6; i++) await operator.patch('/tenancy/v1/settings', { i })
    const seen: number[] = []
    let cursor = ''
    do {
      const page = await operator.get(`${LOGS}?limit=2${cursor}`)
      seen.push(...page.body.data.map((line: { sequence: number }) => line.sequence))
      cursor = page.body.has_more ? `&cursor=${page.body.next_cursor}` : ''
    } while (cursor)
    expect(seen).to.deep.equal([7, 6, 5, 4, 3, 2, 1])
  })

  const tampering: [string, string, number][] = [
    ['changed', `update audit_logs set detail = '{"members":["other"]}' where sequence = 2 and`, 2],
    ['removed', 'delete from audit_logs where sequence = 2 and', 2],
    ['cut off at the end', 'delete from audit_logs where sequence = 3 and', 3],
    ['given another author', `update audit_logs set actor_id = 'somebody else' where sequence = 3 and`, 3],
  ]
  for (const [what, sql, brokenAt] of tampering) {
    it(`finds the line that a superuser has ${what}`, async () => {
      const { id } = await buildTenant(server)
      const operator = server.operator.in(id)
      await operator.patch('/tenancy/v1/settings', { a: 1 })
      await operator.patch('/tenancy/v1/settings', { b: 1 })
      expect((await operator.post(`${LOGS}/verify`)).body).to.deep.equal({
        ok: true,
        checked: 3,
        broken_at: null,
      })

      const tamper = `set session_replication_role = replica; ${sql} tenant_id = '${id}'`
      await asAdmin(await stores(), tamper, server.databaseName)
      const { body } = await operator.post(`${LOGS}/verify`)
      expect(body).to.deep.equal({ ok: false, checked: brokenAt - 1, broken_at: brokenAt })
    })
  }

  it("verifies the installation's own chain for operators", async () => {
    const { body } = await server.operator.post(`${LOGS}/verify`)
    expect(body.ok).to.equal(true)
    expect(body.checked).to.be.greaterThan(0)
  })

  it('keeps one unbroken chain when many write at the same time', async () => {
    const operator = server.operator.in((await buildTenant(server)).id)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => operator.patch('/tenancy/v1/settings', { [`k${i}`]: i })),
    )
    expect((await operator.post(`${LOGS}/verify`)).body).to.deep.equal({
      ok: true,
      checked: 21,
      broken_at: null,
    })
  })
})
