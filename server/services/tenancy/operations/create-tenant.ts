import type { Ctx } from '../../../kernel/context.js'
import { tenancyErrors } from '../errors.js'
import { insertTenant, type NewTenant, type Tenant } from '../models/tenant.js'
import { forgetTenant } from '../state.js'
import { addMember } from './change-members.js'

/**
 * Makes a tenant, with this person as its org_admin where one is given; whoever calls has been judged. Refuses a
 * slug that is taken, also by a concurrent caller. Needs a system transaction.
 */
export async function createTenant(
  ctx: Ctx,
  { ownerUserId = null, ...tenant }: NewTenant & { ownerUserId?: string | null | undefined },
): Promise<Tenant> {
  const created = await insertTenant(ctx.db, tenant)
  if (!created) throw new tenancyErrors.SlugTaken({ slug: tenant.slug })
  const { id: tenantId, slug } = created
  await ctx.emit('tenancy.tenant.created', { tenantId, slug, ownerUserId }, tenantId)
  if (ownerUserId) await addMember(ctx, { tenantId, userId: ownerUserId, role: 'org_admin' })
  // Somebody may have asked for the slug just before, and that it was free is remembered.
  forgetTenant(ctx, tenantId, slug)
  return created
}
