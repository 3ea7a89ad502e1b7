import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import { tenancyErrors } from '../errors.js'
import {
  countMembers,
  deleteMembership,
  findMembership,
  insertMembership,
  lockAdmins,
  lockMembership,
  type Membership,
  updateMembershipRole,
} from '../models/membership.js'
import { lockSeatLimit } from '../models/quota.js'

/** Bus topic that tells every process, with the user's id, that what a person is a member of changed. */
export const MEMBERSHIP_TOPIC = 'tenancy.membership'

export interface MemberInput {
  tenantId: string
  userId: string
  role: MembershipRole
}

/**
 * Makes a person a member; refuses one who is a member already, and one more than the quota `seats` allows,
 * exactly, also when many join at once. Needs an open transaction: system, or bound to that tenant.
 */
export async function addMember(ctx: Ctx, { tenantId, userId, role }: MemberInput): Promise<Membership> {
  const seats = await lockSeatLimit(ctx.db, tenantId)
  if (!(await insertMembership(ctx.db, { tenantId, userId, role }))) throw new tenancyErrors.AlreadyMember()
  if (seats !== null && (await countMembers(ctx.db, tenantId)) > seats)
    throw new tenancyErrors.SeatsUsed({ limit: seats })

  await ctx.emit('tenancy.member.added', { tenantId, userId, role }, tenantId)
  tellProcesses(ctx, userId)
  return existing(await findMembership(ctx.db, tenantId, userId))
}

/**
 * Gives a member another role; the last org_admin keeps theirs. Safe to repeat. Needs an open transaction: system,
 * or bound to that tenant.
 */
export async function setMemberRole(ctx: Ctx, { tenantId, userId, role }: MemberInput): Promise<Membership> {
  await refuseLastAdmin(ctx, tenantId, userId, role)
  const member = existing(await lockMembership(ctx.db, tenantId, userId))
  if (member.role === role) return member

  await updateMembershipRole(ctx.db, { tenantId, userId, role })
  await ctx.emit('tenancy.member.role_changed', { tenantId, userId, from: member.role, to: role }, tenantId)
  tellProcesses(ctx, userId)
  return existing(await findMembership(ctx.db, tenantId, userId))
}

/**
 * Ends a membership and answers it as it was; the last org_admin cannot go. Needs an open transaction: system, or
 * bound to that tenant.
 */
export async function removeMember(
  ctx: Ctx,
  { tenantId, userId }: { tenantId: string; userId: string },
): Promise<Membership> {
  await refuseLastAdmin(ctx, tenantId, userId, null)
  const member = existing(await lockMembership(ctx.db, tenantId, userId))

  await deleteMembership(ctx.db, tenantId, userId)
  await ctx.emit('tenancy.member.removed', { tenantId, userId, role: member.role }, tenantId)
  tellProcesses(ctx, userId)
  return member
}

/** Two who step down at the same time wait for each other here, so that one of them stays. */
async function refuseLastAdmin(
  ctx: Ctx,
  tenantId: string,
  userId: string,
  next: MembershipRole | null,
): Promise<void> {
  if (next === 'org_admin') return
  const admins = await lockAdmins(ctx.db, tenantId)
  if (admins.length === 1 && admins[0] === userId) throw new tenancyErrors.LastAdmin()
}

function existing(member: Membership | null): Membership {
  if (!member) throw new kernelErrors.NotFound()
  return member
}

function tellProcesses(ctx: Ctx, userId: string): void {
  ctx.afterCommit(() => ctx.bus.publish(MEMBERSHIP_TOPIC, userId))
}
