import type { Api, Page } from '../../clients/api.js'
import { ApiError } from '../../clients/api-error.js'
import type { ApiKey, Tenant } from '../../clients/resources.js'
import type { Progress } from '../../runtimes/runtime.js'
import { createKey } from '../keys.js'
import { createTenant, getTenant, suspendTenant } from '../tenants.js'
import { createUser, findByEmail } from '../users.js'
import { DEMO_TENANTS, type DemoTenant, demoEmail } from './demo-data.js'
import { type SeededWork, seedWork } from './seed-work.js'

/** One thing of the demo; `created` is false when it was there already. */
export interface Seeded {
  tenant: string
  created: boolean
}

/** What the demo consists of now. The secret of a key is there only when this run made it. */
export interface SeedResult {
  tenants: (Seeded & { id: string })[]
  users: (Seeded & { email: string; role: string })[]
  keys: (Seeded & { name: string; key: string | null })[]
  work: (Seeded & SeededWork)[]
  password_file: string
}

/**
 * Makes the demo organisations with their people, keys and what goes on in them. Safe to repeat: what is there stays as
 * it is, what is missing is made.
 */
export async function seedDemo(
  api: Api,
  { password, passwordFile, progress }: { password: string; passwordFile: string; progress: Progress },
): Promise<SeedResult> {
  const result: SeedResult = { tenants: [], users: [], keys: [], work: [], password_file: passwordFile }
  for (const demo of DEMO_TENANTS) {
    const step = progress.step(demo.name)
    const { tenant, created } = await ensureTenant(api, demo)
    result.tenants.push({ tenant: demo.slug, id: tenant.id, created })
    // A tenant that is suspended already is complete, and would refuse what follows.
    if (tenant.status === 'active') await furnish(api.inTenant(demo.slug), demo, password, result)
    if (demo.suspended && tenant.status === 'active')
      await suspendTenant(api, demo.slug, { reason: 'demo of a suspended organisation' })
    step.done(created ? undefined : 'was there')
  }
  return result
}

async function furnish(api: Api, demo: DemoTenant, password: string, result: SeedResult): Promise<void> {
  for (const { name, role } of demo.people) {
    const email = demoEmail(name, demo.slug)
    const created = await ensureUser(api, { email, name, role, password })
    result.users.push({ tenant: demo.slug, email, role, created })
  }
  for (const key of demo.keys) {
    const made = await ensureKey(api, key)
    result.keys.push({ tenant: demo.slug, name: key.name, created: made !== null, key: made })
  }
  if (!demo.work) return
  for (const one of await seedWork(api, demo.work)) result.work.push({ tenant: demo.slug, ...one })
}

async function ensureTenant(api: Api, demo: DemoTenant): Promise<{ tenant: Tenant; created: boolean }> {
  try {
    return { tenant: await getTenant(api, demo.slug), created: false }
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
  }
  return { tenant: await createTenant(api, { slug: demo.slug, name: demo.name }), created: true }
}

async function ensureUser(api: Api, user: { email: string; name: string; role: string; password: string }) {
  if (await findByEmail(api, user.email)) return false
  await createUser(api, user)
  return true
}

async function ensureKey(api: Api, key: DemoTenant['keys'][number]): Promise<string | null> {
  const { data } = await api.get<Page<ApiKey>>('/keys/v1/keys', { name: key.name, limit: 10 })
  if (data.some(({ state }) => state === 'active')) return null
  return (await createKey(api, key)).key
}
