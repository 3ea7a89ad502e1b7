import type { Ctx } from '../../../kernel/context.js'
import { guardAdminRole } from '../../tenancy/api.js'
import { authErrors } from '../errors.js'
import { countMemberships, findMembershipRole } from '../models/membership.js'
import { findUser } from '../models/user.js'
import type { ManagedUser } from '../policy.js'

type UsersPermission = 'auth.users.list' | 'auth.users.read' | 'auth.users.manage'

/** Whether the caller looks after the whole installation now, rather than after one organisation. */
export function actsForInstallation(ctx: Ctx): boolean {
  return ctx.principal.tenant === null && ctx.principal.roles.includes('super_admin')
}

/** Whether the caller may reach every account, wherever they act. Scopes never include that. */
export function reachesEverybody(ctx: Ctx): boolean {
  return ctx.may('auth.users.administer').allowed
}

/** Throws 403 unless the caller may do this to people: of their organisation, or as super_admin of all. */
export function authorizeUsers(ctx: Ctx, permission: UsersPermission): void {
  ctx.authorize(actsForInstallation(ctx) ? 'auth.users.administer' : permission)
}

/**
 * A person the caller may see: a member of their organisation, or anybody for a super_admin. Everybody else's id
 * answers like one that does not exist. Needs a system transaction.
 */
export async function findVisibleUser(
  ctx: Ctx,
  userId: string,
  permission: UsersPermission,
): Promise<ManagedUser> {
  authorizeUsers(ctx, permission)
  const user = await findUser(ctx.db, userId)
  if (!user) throw new authErrors.UserNotFound()
  if (!reachesEverybody(ctx)) {
    const role = await findMembershipRole(ctx.db, ctx.tenant.id, userId)
    if (role === null) throw new authErrors.UserNotFound()
  }
  return { ...user, memberships: await countMemberships(ctx.db, userId) }
}

/** A person whose account the caller may change; 404 where it is not theirs to see, 403 where not to change. */
export async function findManagedUser(ctx: Ctx, userId: string): Promise<ManagedUser> {
  const user = await findVisibleUser(ctx, userId, 'auth.users.manage')
  await authorizeChange(ctx, user)
  return user
}

/** Throws 403 unless the caller may change this account, which they may see. Needs a system transaction. */
export async function authorizeChange(ctx: Ctx, user: ManagedUser): Promise<void> {
  if (actsForInstallation(ctx)) return
  ctx.authorize('auth.users.manage', user)
  guardAdminRole(ctx, await findMembershipRole(ctx.db, ctx.tenant.id, user.id))
}
