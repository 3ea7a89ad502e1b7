import { expect } from 'chai'
import type { MountedRoute } from '../server/kernel/assemble.js'
import { judge } from '../server/kernel/permissions.js'
import { MEMBERSHIP_ROLES, type Role } from '../server/kernel/principal.js'
import { type BuiltTenant, buildKey, buildMember, buildStaff, buildTenant } from './build.js'
import type { Answer, Caller } from './caller.js'
import { useServer } from './server.js'

const RANDOM_ID = '01999999-9999-7999-8999-999999999999'

/** No handler runs with this: an unknown parameter is refused after access was judged. */
const NEVER_RUNS = '?walk=1'

/** Bodies that are the tenant's own fields: any name is good. */
const FREE_FORM = new Set(['updateTenantSettings'])

describe('every route', function () {
  this.timeout(120_000)
  const server = useServer()
  const routes = (): readonly MountedRoute[] => server.resources.assembly.routes
  const address = (route: MountedRoute) => route.path.replace(/:[a-zA-Z]+/g, RANDOM_ID)
  const call = (caller: Caller, route: MountedRoute, body?: unknown): Promise<Answer> =>
    caller.call(route.record.method.toUpperCase(), address(route) + NEVER_RUNS, { body })
  const nameOf = ({ record, path }: MountedRoute) => `${record.method.toUpperCase()} ${path}`

  it('refuses an anonymous caller unless it is declared open', async () => {
    for (const route of routes()) {
      const res = await call(server.anonymous, route)
      if (route.record.access.kind === 'open') expect(res.status, nameOf(route)).to.not.equal(401)
      else expect(res.status, nameOf(route)).to.equal(401)
    }
  })

  it('refuses a credential with a good checksum that nobody was given', async () => {
    const stranger = server.as('vtr_live_00000000000000000000000000000000005y1C')
    for (const route of routes().filter((one) => one.record.access.kind !== 'open')) {
      expect((await call(stranger, route)).status, nameOf(route)).to.equal(401)
    }
  })

  it('answers each role as the matrix says', async () => {
    const tenant = await buildTenant(server)
    const callers = await callersByRole(tenant)
    for (const route of routes()) {
      if (route.record.access.kind !== 'can') continue
      const { permission } = route.record.access
      for (const [role, caller] of callers) {
        const allowed = judge(
          server.resources.assembly.permissions,
          principalWith(role, tenant),
          permission,
        ).allowed
        const res = await call(caller, route)
        const words = `${nameOf(route)} as ${role}: ${res.text}`
        if (allowed) expect(res.body?.code, words).to.not.equal('request.forbidden')
        else expect(res.status, words).to.equal(403)
      }
    }
  })

  it('refuses an API key whose scopes do not include what it needs', async () => {
    const admin = await buildMember(server)
    const scopes = [
      ...new Set(Object.values(server.resources.assembly.permissions).flatMap((row) => row.scope ?? [])),
    ]
    for (const route of routes()) {
      if (route.record.access.kind !== 'can') continue
      const needed = server.resources.assembly.permissions[route.record.access.permission]?.scope ?? null
      const other = scopes.find((scope) => scope !== needed && grantable(scope))
      if (!other) continue
      const key = await buildKey(admin, [other])
      const res = await call(server.as(key.key), route)
      expect(res.status, `${nameOf(route)} with ${other}: ${res.text}`).to.equal(403)
    }
  })

  it('refuses unknown fields, wrong types and bodies that are not JSON', async () => {
    const admin = await buildMember(server)
    for (const route of routes().filter(({ record }) => record.input.body && record.accepts === undefined)) {
      const caller = route.record.access.kind === 'can' ? server.operator.in(admin.tenant.id) : admin.api
      const path = address(route)
      const method = route.record.method.toUpperCase()
      const garbage = await caller.call(method, path, { body: '{"a":' })
      expect(garbage.status, `${nameOf(route)}: ${garbage.text}`).to.be.oneOf([400, 403])
      const wrong = await caller.call(method, path, { body: ['no', 'such', 'shape'] })
      expect(wrong.status, `${nameOf(route)}: ${wrong.text}`).to.be.oneOf([422, 403])
      if (FREE_FORM.has(route.record.id)) continue
      const unknown = await caller.call(method, path, { body: { no_such_field: true } })
      expect(unknown.status, `${nameOf(route)}: ${unknown.text}`).to.be.oneOf([422, 403])
    }
  })

  const grantable = (scope: string): boolean =>
    Object.values(server.resources.assembly.permissions).some(
      (row) => row.scope === scope && row.level === 'tenant' && row.roles.includes('org_admin'),
    )

  const callersByRole = async (tenant: BuiltTenant): Promise<Map<Role, Caller>> => {
    const callers = new Map<Role, Caller>()
    for (const role of MEMBERSHIP_ROLES) callers.set(role, (await buildMember(server, { role, tenant })).api)
    callers.set('super_admin', server.operator.in(tenant.id))
    callers.set('support_agent', (await buildStaff(server, 'support_agent')).api.in(tenant.id))
    return callers
  }
})

function principalWith(role: Role, tenant: BuiltTenant) {
  return {
    kind: 'user',
    via: 'jwt',
    id: RANDOM_ID,
    email: 'somebody@example.com',
    sessionId: null,
    aal: 1,
    authenticatedAt: 0,
    hasFactor: false,
    impersonatorId: null,
    tenant: { ...tenant, status: 'active' },
    roles: [role],
    scopes: null,
  } as const
}
