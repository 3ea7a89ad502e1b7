import type { MembershipRole } from '../server/kernel/principal.js'
import type { Caller } from './caller.js'
import type { TestServer } from './server.js'

let made = 0

/** A text no other test of this run uses. */
export function unique(prefix: string): string {
  made += 1
  return `${prefix}-${process.pid}-${made}`
}

export const PASSWORD = 'a quiet river 7 miles long'

export interface BuiltTenant {
  id: string
  slug: string
}

export interface BuiltUser {
  id: string
  email: string
  password: string
  tenant: BuiltTenant
  token: string
  refreshToken: string
  api: Caller
}

/** A tenant made by the operator through the API. */
export async function buildTenant(server: TestServer): Promise<BuiltTenant> {
  const res = await server.operator.post('/tenancy/v1/tenants', {
    slug: unique('org'),
    name: 'An organisation',
  })
  if (res.status !== 201) throw new Error(`cannot build a tenant: ${res.status} ${res.text}`)
  return { id: res.body.id, slug: res.body.slug }
}

/** A member of a tenant (a new one unless given), signed in. */
export async function buildMember(
  server: TestServer,
  options: { role?: MembershipRole; tenant?: BuiltTenant } = {},
): Promise<BuiltUser> {
  const tenant = options.tenant ?? (await buildTenant(server))
  const email = `${unique('person')}@example.com`
  const res = await server.operator
    .in(tenant.id)
    .post('/auth/v1/users', { email, password: PASSWORD, role: options.role ?? 'org_admin' })
  if (res.status !== 201) throw new Error(`cannot build a user: ${res.status} ${res.text}`)
  return { id: res.body.id, tenant, ...(await signIn(server, email)) }
}

/** Somebody of the installation's own staff, signed in. */
export async function buildStaff(server: TestServer, role: 'super_admin' | 'support_agent') {
  const email = `${unique('staff')}@example.com`
  const res = await server.operator.post('/auth/v1/users', { email, password: PASSWORD, role })
  if (res.status !== 201) throw new Error(`cannot build staff: ${res.status} ${res.text}`)
  return { id: res.body.id as string, ...(await signIn(server, email)) }
}

async function signIn(server: TestServer, email: string) {
  const login = await server.post('/auth/v1/login', { email, password: PASSWORD })
  if (login.status !== 200) throw new Error(`cannot sign in: ${login.status} ${login.text}`)
  const { access_token: token, refresh_token: refreshToken } = login.body as Record<string, string>
  if (!token || !refreshToken) throw new Error('login gave no tokens')
  return { email, password: PASSWORD, token, refreshToken, api: server.as(token) }
}

/** An API key of the member's tenant. */
export async function buildKey(owner: { api: Caller }, scopes: string[], more: Record<string, unknown> = {}) {
  const res = await owner.api.post('/keys/v1/keys', { name: unique('key'), scopes, ...more })
  if (res.status !== 201) throw new Error(`cannot build a key: ${res.status} ${res.text}`)
  return res.body as { id: string; key: string }
}
