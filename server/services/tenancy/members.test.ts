import { expect } from 'chai'
import { buildKey, buildMember, buildStaff, buildTenant, unique } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'

const MEMBERS = '/tenancy/v1/members'

describe('/tenancy/v1/members', () => {
  const server = useServer()

  it('refuses calls without identity', async () => {
    const { id } = await buildMember(server)
    const { anonymous } = server
    const calls = [
      anonymous.get(MEMBERS),
      anonymous.get(`${MEMBERS}/${id}`),
      anonymous.patch(`${MEMBERS}/${id}`, { role: 'user' }),
      anonymous.delete(`${MEMBERS}/${id}`),
      anonymous.post(`${MEMBERS}/leave`),
    ]
    for (const res of await Promise.all(calls)) expect(res.status).to.equal(401)
  })

  it('lets every member see the others, and administrators only change them', async () => {
    const admin = await buildMember(server)
    const { tenant } = admin
    const user = await buildMember(server, { tenant, role: 'user' })
    const list = await user.api.get(`${MEMBERS}?role=org_admin`)
    expect(list.body.data).to.have.length(1)
    expect(list.body.data[0]).to.include({ user_id: admin.id, email: admin.email, role: 'org_admin' })
    expect((await user.api.patch(`${MEMBERS}/${admin.id}`, { role: 'user' })).status).to.equal(403)
    expect((await user.api.delete(`${MEMBERS}/${admin.id}`)).status).to.equal(403)
  })

  it('hides members of another tenant', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    const path = `${MEMBERS}/${theirs.id}`
    const answers = [
      await ours.api.get(path),
      await ours.api.patch(path, { role: 'user' }),
      await ours.api.delete(path),
    ]
    for (const res of answers) expect(res.status).to.equal(404)
    expect((await ours.api.get(`${MEMBERS}?q=${theirs.email}`)).body.data).to.deep.equal([])
    expect((await theirs.api.get(path)).body.role).to.equal('org_admin')
  })

  it('changes a role at once, and the version in If-Match guards it', async () => {
    const { api, tenant } = await buildMember(server)
    const user = await buildMember(server, { tenant, role: 'user' })
    const path = `${MEMBERS}/${user.id}`
    const etag = String((await api.get(path)).headers.get('etag'))
    const res = await api.with({ 'if-match': etag }).patch(path, { role: 'billing_admin' })
    expect([res.status, res.body.role]).to.deep.equal([200, 'billing_admin'])
    expect((await api.with({ 'if-match': etag }).patch(path, { role: 'user' })).status).to.equal(412)
  })

  it('keeps the last org_admin, whoever asks and however', async () => {
    const { id, api, tenant } = await buildMember(server)
    const operator = server.operator.in(tenant.id)
    const answers = [
      await api.patch(`${MEMBERS}/${id}`, { role: 'user' }),
      await api.delete(`${MEMBERS}/${id}`),
      await api.post(`${MEMBERS}/leave`),
      await operator.delete(`${MEMBERS}/${id}`),
    ]
    for (const res of answers) expect([res.status, res.body.code]).to.deep.equal([409, 'tenancy.last_admin'])
  })

  it('leaves one org_admin when all of them step down at the same time', async () => {
    const first = await buildMember(server)
    const { tenant } = first
    const admins = [first, ...(await Promise.all([1, 2, 3].map(() => buildMember(server, { tenant }))))]
    const all = await Promise.all(admins.map(({ api }) => api.post(`${MEMBERS}/leave`)))
    expect(all.map((res) => res.status).sort()).to.deep.equal([204, 204, 204, 409])
    const left = await server.operator.in(tenant.id).get(`${MEMBERS}?role=org_admin`)
    expect(left.body.data).to.have.length(1)
  })

  it('shuts a removed member out of the tenant within a second', async () => {
    const { api, tenant } = await buildMember(server)
    const user = await buildMember(server, { tenant, role: 'user' })
    expect((await user.api.get(MEMBERS)).status).to.equal(200)
    expect((await api.delete(`${MEMBERS}/${user.id}`)).status).to.equal(204)
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect((await user.api.get(MEMBERS)).status).to.equal(403)
    expect((await user.api.get(`/tenancy/v1/tenants/${tenant.id}`)).status).to.equal(404)
  })

  it('never gives or takes org_admin by a credential that scopes narrow', async () => {
    const admin = await buildMember(server)
    const other = await buildMember(server, { tenant: admin.tenant })
    const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const { key } = await buildKey(admin, ['tenancy:*'])
    const api = server.as(key)
    const answers = [
      await api.patch(`${MEMBERS}/${user.id}`, { role: 'org_admin' }),
      await api.patch(`${MEMBERS}/${other.id}`, { role: 'user' }),
      await api.delete(`${MEMBERS}/${other.id}`),
      await api.post('/tenancy/v1/invitations', { email: `${unique('x')}@example.com`, role: 'org_admin' }),
    ]
    for (const res of answers) expect(res.body.code).to.equal('tenancy.whole_credential_needed')
    expect((await api.patch(`${MEMBERS}/${user.id}`, { role: 'billing_admin' })).status).to.equal(200)
  })

  it('lets staff in by X-Tenant, support to look only', async () => {
    const { id, tenant } = await buildMember(server)
    const support = (await buildStaff(server, 'support_agent')).api.in(tenant.slug)
    expect((await support.get(MEMBERS)).body.data).to.have.length(1)
    expect((await support.patch(`${MEMBERS}/${id}`, { role: 'user' })).status).to.equal(403)
    expect((await server.operator.get(MEMBERS)).body.code).to.equal('request.tenant_required')
  })

  it('pages through members without missing or repeating one', async () => {
    const { api, tenant } = await buildMember(server)
    await Promise.all(Array.from({ length: 4 }, () => buildMember(server, { tenant, role: 'user' })))
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await api.get(`${MEMBERS}?limit=2${cursor}`)
      seen.push(...page.body.data.map((member: { user_id: string }) => member.user_id))
      cursor = page.body.has_more ? `&cursor=${page.body.next_cursor}` : ''
    } while (cursor)
    expect([seen.length, new Set(seen).size]).to.deep.equal([5, 5])
  })

  it('refuses a cursor of another tenant', async () => {
    const { tenant } = await buildMember(server)
    await buildMember(server, { tenant })
    const other = await buildTenant(server)
    const page = await server.operator.in(tenant.id).get(`${MEMBERS}?limit=1`)
    const res = await server.operator.in(other.id).get(`${MEMBERS}?limit=1&cursor=${page.body.next_cursor}`)
    expect([res.status, res.body.code]).to.deep.equal([400, 'page.bad_cursor'])
  })
})
