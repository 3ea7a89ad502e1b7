import type { Ctx } from '../../../kernel/context.js'
import { purgeTenant } from './purge-tenant.js'
import { changeStatus } from './suspend-tenant.js'
import { lockReached } from './update-tenant.js'

const DAY_MS = 86_400_000

/**
 * Deletes a tenant: it is shut at once, and its data goes when the grace has passed; until then it can be resumed.
 * `now` (operators only) has the data gone when the call is answered; should that fail midway, the purge job
 * finishes it. Safe to repeat. Needs a system transaction.
 */
export async function deleteTenant(ctx: Ctx, idOrSlug: string, { now }: { now: boolean }): Promise<void> {
  if (now) ctx.authorize('tenancy.tenants.administer')
  const tenant = await lockReached(ctx, idOrSlug, 'tenancy.tenant.delete')
  const at = ctx.now()
  const graceMs = now ? 0 : ctx.config.TENANCY_DELETE_GRACE_DAYS * DAY_MS
  const purgeAfter = new Date(at.getTime() + graceMs)
  // A second call may bring the purge forward, never put it off.
  const isNew = tenant.purgeAfter === null || purgeAfter < tenant.purgeAfter
  const { principal } = ctx
  if (isNew) {
    ctx.auditDetail = { purge_after: purgeAfter.toISOString() }
    const userId = principal.kind === 'user' ? principal.id : null
    const told = { tenantId: tenant.id, purgeAfter: purgeAfter.toISOString(), userId }
    await ctx.emit('tenancy.tenant.deleted', told, tenant.id)
    await changeStatus(ctx, tenant, 'tenant.deleted', {
      status: 'deleting',
      deleteRequestedAt: tenant.deleteRequestedAt ?? at,
      purgeAfter,
    })
  }
  if (now) ctx.afterCommit(() => purgeTenant(ctx, tenant.id))
}
