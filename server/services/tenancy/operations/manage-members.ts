import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { paginate } from '../../../kernel/pagination.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import { listMembers as fetchMembers, findMembership, type Membership } from '../models/membership.js'
import { presentMember } from '../present.js'
import type { ListMembersQuery } from '../schemas.js'
import { removeMember, setMemberRole } from './change-members.js'
import { guardAdminRole } from './guard-admin-role.js'

/** A page of the members of the caller's tenant, newest first. */
export function listMembers(ctx: Ctx, query: ListMembersQuery) {
  const { role, q } = query
  const fetch = (window: Parameters<typeof fetchMembers>[3]) =>
    fetchMembers(ctx.db, ctx.tenant.id, { role, q }, window)
  return paginate(ctx, 'members', query, fetch, presentMember)
}

/** One member of the caller's tenant. Throws 404 when the person is none. */
export async function readMember(ctx: Ctx, userId: string): Promise<Membership> {
  const member = await findMembership(ctx.db, ctx.tenant.id, userId)
  if (!member) throw new kernelErrors.NotFound()
  return member
}

/** Gives a member of the caller's tenant another role; the last org_admin keeps theirs. */
export async function changeRole(ctx: Ctx, userId: string, role: MembershipRole): Promise<Membership> {
  const before = await readMember(ctx, userId)
  guardAdminRole(ctx, before.role, role)
  ctx.auditDetail = { from: before.role, to: role }
  return setMemberRole(ctx, { tenantId: ctx.tenant.id, userId, role })
}

/** Ends a membership in the caller's tenant; the last org_admin cannot go. */
export async function endMembership(ctx: Ctx, userId: string): Promise<void> {
  const before = await readMember(ctx, userId)
  guardAdminRole(ctx, before.role)
  ctx.auditDetail = { role: before.role }
  await removeMember(ctx, { tenantId: ctx.tenant.id, userId })
}

/** Ends the caller's own membership in the tenant they work in. Throws 404 for who is none of its members. */
export async function leaveTenant(ctx: Ctx): Promise<void> {
  const member = await readMember(ctx, ctx.principal.id)
  ctx.auditDetail = { role: member.role }
  await removeMember(ctx, { tenantId: ctx.tenant.id, userId: ctx.principal.id })
}
