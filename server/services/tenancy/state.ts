import type { Ctx } from '../../kernel/context.js'
import type { ActiveTenant } from '../../kernel/principal.js'
import { defineState, type Resources, stateOf } from '../../kernel/resources.js'
import { FreshCache } from '../../storage/fresh-cache.js'
import { readActiveTenant } from './models/tenant.js'

/** Tenants by id and by slug, as known at most 800 ms ago. */
const tenantCache = defineState(
  'tenancy.tenants',
  (resources) =>
    new FreshCache<ActiveTenant>({ name: 'tenant', bus: resources.bus, metrics: resources.metrics }),
  (cache) => cache.close(),
)

/** The tenant of this id or slug, at most 800 ms old, whatever its status; null when there is none. */
export function resolveTenant(resources: Resources, idOrSlug: string): Promise<ActiveTenant | null> {
  const key = idOrSlug.toLowerCase()
  return stateOf(resources, tenantCache).get(key, () => readActiveTenant(resources.db, key))
}

/** Has every process read the tenant anew from the moment the open transaction commits. */
export function forgetTenant(ctx: Ctx, ...names: string[]): void {
  ctx.afterCommit(() => {
    for (const name of names) ctx.state(tenantCache).drop(name)
  })
}
