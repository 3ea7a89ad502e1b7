import { expect } from 'chai'
import { buildMember, buildStaff, buildTenant, unique } from '../../../test/build.js'
import { startTwin, useServer } from '../../../test/server.js'

const TENANTS = '/tenancy/v1/tenants'

describe('POST /tenancy/v1/tenants', () => {
  const server = useServer()

  it('refuses a call without identity', async () => {
    expect((await server.post(TENANTS, { slug: 'nobody' })).status).to.equal(401)
  })

  it('gives the operator a tenant under any plan, with its address and a view of snake_case fields', async () => {
    const slug = unique('acme')
    const res = await server.operator.post(TENANTS, { slug, plan: 'scale' })

    expect(res.status).to.equal(201)
    expect(res.headers.get('location')).to.equal(`${TENANTS}/${res.body.id}`)
    expect(res.body).to.include({ slug, name: slug, plan: 'scale', status: 'active', purge_after: null })
    expect(res.body.settings).to.deep.equal({})
  })

  it('refuses a slug that is taken, by two at once too', async () => {
    const slug = unique('race')
    const all = await Promise.all(Array.from({ length: 8 }, () => server.operator.post(TENANTS, { slug })))

    expect(all.filter((res) => res.status === 201)).to.have.length(1)
    for (const res of all.filter((one) => one.status !== 201)) {
      expect([res.status, res.body.code]).to.deep.equal([409, 'tenancy.slug_taken'])
    }
  })

  it('refuses a slug that looks like an id, and fields nobody knows', async () => {
    const res = await server.operator.post(TENANTS, {
      slug: '0190c0de-0000-7000-8000-000000000000',
      color: 'red',
    })
    expect(res.status).to.equal(422)
    expect(res.body.errors.map((problem: { pointer: string }) => problem.pointer)).to.have.members([
      '/slug',
      '/color',
    ])
  })

  it('lets a person make an organisation of their own, and only under the free plan', async () => {
    const person = await buildMember(server, { role: 'user' })
    const refused = await person.api.post(TENANTS, { slug: unique('mine'), plan: 'scale' })
    expect(refused.body.code).to.equal('tenancy.operators_only')

    const res = await person.api.post(TENANTS, { slug: unique('mine') })
    expect([res.status, res.body.plan]).to.deep.equal([201, 'free'])
    const list = await person.api.get(TENANTS)
    expect(list.body.data.map((tenant: { id: string }) => tenant.id)).to.deep.equal([
      res.body.id,
      person.tenant.id,
    ])
  })

  it('refuses an owner nobody knows, and one named by anybody but operators', async () => {
    const owner_user_id = '0190c0de-0000-7000-8000-000000000000'
    const unknown = await server.operator.post(TENANTS, { slug: unique('owned'), owner_user_id })
    expect([unknown.status, unknown.body.code]).to.deep.equal([422, 'tenancy.owner_unknown'])
    const { api } = await buildMember(server)
    const refused = await api.post(TENANTS, { slug: unique('owned'), owner_user_id })
    expect(refused.body.code).to.equal('tenancy.operators_only')
  })

  it('gives the first membership to the owner the operator names', async () => {
    const { id } = await buildMember(server)
    const res = await server.operator.post(TENANTS, { slug: unique('owned'), owner_user_id: id })
    const members = await server.operator.in(res.body.id).get('/tenancy/v1/members')
    expect(members.body.data).to.have.length(1)
    expect(members.body.data[0]).to.include({ user_id: id, role: 'org_admin' })
  })
})

describe('how many organisations a person makes', () => {
  const server = useServer()

  it('is bounded', async function () {
    this.timeout(60_000)
    const { api } = await buildMember(server)
    for (let i = 0; i < 19; i++)
      expect((await api.post(TENANTS, { slug: unique('mine') })).status).to.equal(201)
    const res = await api.post(TENANTS, { slug: unique('mine') })
    expect([res.status, res.body.code]).to.deep.equal([409, 'tenancy.too_many_tenants'])
  })
})

describe('POST /tenancy/v1/tenants without self-service', () => {
  const server = useServer({ settings: { TENANCY_SELF_SERVICE: 'false' } })

  it('leaves making organisations to the operator', async () => {
    const person = await buildMember(server)
    const res = await person.api.post(TENANTS, { slug: unique('mine') })
    expect([res.status, res.body.code]).to.deep.equal([403, 'tenancy.self_service_closed'])
  })
})

describe('GET /tenancy/v1/tenants', () => {
  const server = useServer()

  it('refuses a call without identity', async () => {
    expect((await server.get(TENANTS)).status).to.equal(401)
  })

  it('shows staff all tenants page by page, and others none but their own', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    await buildTenant(server)
    const support = await buildStaff(server, 'support_agent')
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await support.api.get(`${TENANTS}?limit=1${cursor}`)
      seen.push(...page.body.data.map((tenant: { id: string }) => tenant.id))
      cursor = page.body.has_more ? `&cursor=${page.body.next_cursor}` : ''
    } while (cursor)

    expect(seen).to.include.members([ours.tenant.id, theirs.tenant.id])
    expect(new Set(seen).size).to.equal(seen.length)
    const own = await ours.api.get(TENANTS)
    expect(own.body.data.map((tenant: { id: string }) => tenant.id)).to.deep.equal([ours.tenant.id])
  })

  it('finds tenants by part of their name and by status, taking % as it is written', async () => {
    const name = unique('Fähre 100%')
    await server.operator.post(TENANTS, { slug: unique('ferry'), name })
    const found = await server.operator.get(
      `${TENANTS}?q=${encodeURIComponent(name.toLowerCase())}&status=active`,
    )
    expect(found.body.data).to.have.length(1)
    const none = await server.operator.get(`${TENANTS}?q=${encodeURIComponent('f%re')}`)
    expect(none.body.data).to.have.length(0)
  })
})

describe('GET /tenancy/v1/tenants/{tenantId}', () => {
  const server = useServer()

  it('refuses a call without identity', async () => {
    const { id } = await buildTenant(server)
    expect((await server.get(`${TENANTS}/${id}`)).status).to.equal(401)
  })

  it('answers members by id and by slug, whatever their role', async () => {
    for (const role of ['org_admin', 'billing_admin', 'user'] as const) {
      const { api, tenant } = await buildMember(server, { role })
      const [byId, bySlug] = await Promise.all([
        api.get(`${TENANTS}/${tenant.id.toUpperCase()}`),
        api.get(`${TENANTS}/${tenant.slug}`),
      ])
      expect(byId.status).to.equal(200)
      expect(bySlug.body).to.deep.equal(byId.body)
    }
  })

  it("answers another tenant's id and slug like a random one, byte for byte", async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    const random = '0190c0de-0000-7000-8000-000000000000'
    const asked = await Promise.all(
      [theirs.tenant.id, theirs.tenant.slug, random, 'no-such-tenant'].map(async (name) => {
        const res = await ours.api.with({ 'x-request-id': 'always-the-same' }).get(`${TENANTS}/${name}`)
        return [res.status, res.text.replaceAll(name, '…')]
      }),
    )
    expect(asked[0]?.[0]).to.equal(404)
    expect(new Set(asked.map(String)).size).to.equal(1)
  })

  it('answers staff about any tenant without a chosen one', async () => {
    const { id, slug } = await buildTenant(server)
    const support = await buildStaff(server, 'support_agent')
    expect((await support.api.get(`${TENANTS}/${slug}`)).body.id).to.equal(id)
    expect((await server.operator.get(`${TENANTS}/no-such-tenant`)).status).to.equal(404)
  })

  it('answers 304 while nothing changed', async () => {
    const { api, tenant } = await buildMember(server)
    const first = await api.get(`${TENANTS}/${tenant.id}`)
    const etag = String(first.headers.get('etag'))
    const again = await api.with({ 'if-none-match': etag }).get(`${TENANTS}/${tenant.id}`)
    expect([again.status, again.text]).to.deep.equal([304, ''])
    await api.patch(`${TENANTS}/${tenant.id}`, { name: 'Changed' })
    expect((await api.with({ 'if-none-match': etag }).get(`${TENANTS}/${tenant.id}`)).status).to.equal(200)
  })
})

describe('PATCH /tenancy/v1/tenants/{tenantId}', () => {
  const server = useServer()

  it('refuses a call without identity', async () => {
    const { id } = await buildTenant(server)
    expect((await server.anonymous.patch(`${TENANTS}/${id}`, { name: 'x' })).status).to.equal(401)
  })

  it('refuses members without the permission, and support staff', async () => {
    const { api, tenant } = await buildMember(server, { role: 'user' })
    const support = await buildStaff(server, 'support_agent')
    expect((await api.patch(`${TENANTS}/${tenant.id}`, { name: 'x' })).status).to.equal(403)
    expect((await support.api.patch(`${TENANTS}/${tenant.id}`, { name: 'x' })).status).to.equal(403)
  })

  it('hides the tenant from the administrators of another, and leaves it as it was', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    expect((await ours.api.patch(`${TENANTS}/${theirs.tenant.id}`, { name: 'Taken over' })).status).to.equal(
      404,
    )
    expect((await theirs.api.get(`${TENANTS}/${theirs.tenant.id}`)).body.name).not.to.equal('Taken over')
  })

  it('renames and moves a tenant to another slug, which X-Tenant knows at once', async () => {
    const { api, tenant } = await buildMember(server)
    await server.operator.in(tenant.slug).get('/tenancy/v1/members')
    const slug = unique('moved')
    const res = await api.patch(`${TENANTS}/${tenant.id}`, { name: 'New name', slug })
    expect(res.body).to.include({ name: 'New name', slug })
    expect((await server.operator.in(slug).get('/tenancy/v1/members')).status).to.equal(200)
    expect((await server.operator.in(tenant.slug).get('/tenancy/v1/members')).status).to.equal(404)
  })

  it('leaves the plan to operators', async () => {
    const { api, tenant } = await buildMember(server)
    const refused = await api.patch(`${TENANTS}/${tenant.id}`, { plan: 'scale' })
    expect(refused.body.code).to.equal('tenancy.operators_only')
    expect((await server.operator.patch(`${TENANTS}/${tenant.slug}`, { plan: 'scale' })).body.plan).to.equal(
      'scale',
    )
  })

  it('refuses a slug that is taken', async () => {
    const [{ id }, { slug }] = await Promise.all([buildTenant(server), buildTenant(server)])
    const res = await server.operator.patch(`${TENANTS}/${id}`, { slug })
    expect(res.body.code).to.equal('tenancy.slug_taken')
  })

  it('lets one of many writers with the same version through, by id or by slug', async () => {
    const { id, slug } = await buildTenant(server)
    const etag = String((await server.operator.get(`${TENANTS}/${id}`)).headers.get('etag'))
    const writer = server.operator.with({ 'if-match': etag })
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        writer.patch(`${TENANTS}/${i % 2 ? id : slug}`, { name: `Writer ${i}` }),
      ),
    )
    expect(all.map((res) => res.status).sort()).to.deep.equal([200, 412, 412, 412, 412, 412])
  })
})

describe('suspending a tenant', () => {
  const server = useServer()

  it('is for operators only', async () => {
    const { api, tenant } = await buildMember(server)
    const support = await buildStaff(server, 'support_agent')
    for (const what of ['suspend', 'resume']) {
      expect((await server.post(`${TENANTS}/${tenant.id}/${what}`)).status).to.equal(401)
      expect((await api.post(`${TENANTS}/${tenant.id}/${what}`)).status).to.equal(403)
      expect((await support.api.post(`${TENANTS}/${tenant.id}/${what}`)).status).to.equal(403)
    }
  })

  it('shuts its people out of every process within a second, and lets them back in', async function () {
    this.timeout(60_000)
    const { twin, stop } = await startTwin(server)
    try {
      const { token, tenant } = await buildMember(server)
      const path = `${TENANTS}/${tenant.id}`
      const callers = [server.as(token), twin.as(token)]
      for (const caller of callers) expect((await caller.get(path)).status).to.equal(200)

      await server.operator.post(`${path}/suspend`, { reason: 'unpaid' })
      await new Promise((resolve) => setTimeout(resolve, 900))
      for (const caller of callers)
        expect((await caller.get(path)).body.code).to.equal('request.tenant_suspended')

      await twin.operator.post(`${path}/resume`)
      await new Promise((resolve) => setTimeout(resolve, 900))
      for (const caller of callers)
        expect((await caller.get(path)).body).to.include({ status: 'active', suspended_reason: null })
    } finally {
      await stop()
    }
  })

  it('keeps the first reason when it is repeated, and shows it to operators', async () => {
    const { slug } = await buildTenant(server)
    const first = await server.operator.post(`${TENANTS}/${slug}/suspend`, { reason: 'unpaid' })
    const second = await server.operator.post(`${TENANTS}/${slug}/suspend`, { reason: 'again' })
    expect(second.body).to.deep.equal(first.body)
    expect(first.body).to.include({ status: 'suspended', suspended_reason: 'unpaid' })
    expect((await server.operator.post(`${TENANTS}/no-such-tenant/suspend`)).status).to.equal(404)
  })

  it('is told in the chain of the tenant and in that of the installation', async () => {
    const { id, slug } = await buildTenant(server)
    await server.operator.post(`${TENANTS}/${slug}/suspend`)
    const filter = `action=tenant.suspended&target=${id}`
    for (const reader of [server.operator, server.operator.in(slug)]) {
      const { body } = await reader.get(`/tenancy/v1/audit-logs?${filter}`)
      expect(body.data).to.have.length(1)
    }
  })
})
