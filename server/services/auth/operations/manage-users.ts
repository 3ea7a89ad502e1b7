import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import type { Role } from '../../../kernel/principal.js'
import { authErrors } from '../errors.js'
import { deleteFactors, replaceRecoveryCodes } from '../models/factor.js'
import { findMembershipRole, rolesIn } from '../models/membership.js'
import { listSessions, revokeImpersonationsBy, type Session } from '../models/session.js'
import {
  countOtherSuperAdmins,
  deleteUser,
  listUsers,
  setPasswordHash,
  type User,
  type UserFilter,
  updateUser,
} from '../models/user.js'
import { forgiveFailures, hashPassword } from './attempts.js'
import { installationRoleOf, membershipRoleOf, type UserWithRole } from './create-user.js'
import { endEverything } from './end-sessions.js'
import { authorizeChange, authorizeUsers, findManagedUser, findVisibleUser } from './find-user.js'
import { refuseImpersonator, requireGoodPassword } from './guards.js'
import { giveMembership } from './memberships.js'
import { forgetIdentity } from './open-session.js'

export interface UsersQuery extends Record<string, unknown> {
  limit: number
  cursor?: string | undefined
  q?: string | undefined
  status?: UserFilter['status']
  installation_role?: UserFilter['installationRole']
}

/** One page of the people the caller may see, newest first. */
export async function listVisibleUsers<V>(ctx: Ctx, query: UsersQuery, present: (entry: UserWithRole) => V) {
  authorizeUsers(ctx, 'auth.users.list')
  const tenantId = ctx.principal.tenant?.id
  const filter = { q: query.q, status: query.status, installationRole: query.installation_role, tenantId }
  const fetch = async (window: Parameters<typeof listUsers>[2]) => {
    const users = await listUsers(ctx.db, filter, window)
    const ids = users.map((user) => user.id)
    const roles = tenantId ? await rolesIn(ctx.db, tenantId, ids) : new Map()
    return users.map((user) => ({
      user,
      role: roles.get(user.id) ?? null,
      id: user.id,
      createdAt: user.createdAt,
    }))
  }
  return paginate(ctx, 'auth.users', query, fetch, present)
}

/** One person the caller may see. */
export async function readUser(ctx: Ctx, userId: string): Promise<UserWithRole> {
  return withRole(ctx, await findVisibleUser(ctx, userId, 'auth.users.read'))
}

/**
 * Changes a person's name, or their role: in the caller's organisation where they act in one, else in the
 * installation (null takes it away). The last super_admin and an organisation's last org_admin keep theirs.
 */
export async function updateManagedUser(
  ctx: Ctx,
  {
    userId,
    name,
    role,
  }: { userId: string; name?: string | null | undefined; role?: Role | null | undefined },
): Promise<UserWithRole> {
  const user = await findVisibleUser(ctx, userId, 'auth.users.manage')
  if (name !== undefined) {
    await authorizeChange(ctx, user)
    await updateUser(ctx.db, userId, { name })
  }
  if (role !== undefined) await giveRole(ctx, user, role)
  await ctx.emit('auth.user.updated', { userId })
  forgetIdentity(ctx, userId)
  return readUser(ctx, userId)
}

async function giveRole(ctx: Ctx, user: User, role: Role | null): Promise<void> {
  const { tenant } = ctx.principal
  if (tenant) {
    if (role === null) throw new authErrors.RoleNotAllowed({ role: 'none' })
    await giveMembership(ctx, tenant.id, user.id, membershipRoleOf(role))
    return
  }
  const wanted = installationRoleOf(role ?? undefined)
  if (wanted !== 'super_admin') await keepOneSuperAdmin(ctx, user)
  await updateUser(ctx.db, user.id, { installationRole: wanted })
  if (wanted !== 'super_admin') await endImpersonations(ctx, user.id)
}

/** Removes an account with its sessions, tokens, factors and memberships. */
export async function deleteManagedUser(ctx: Ctx, userId: string): Promise<void> {
  const user = await findManagedUser(ctx, userId)
  refuseSelf(ctx, userId)
  await keepOneSuperAdmin(ctx, user)
  await endEverything(ctx, userId, 'revoked_by_admin')
  await endImpersonations(ctx, userId)
  await deleteUser(ctx.db, userId)
  await ctx.emit('auth.user.deleted', { userId, email: user.email })
}

/** Sets a person's password and signs them out everywhere. */
export async function setUserPassword(
  ctx: Ctx,
  { userId, password }: { userId: string; password: string },
): Promise<void> {
  const user = await ctx.system('find an account', () => findManagedUser(ctx, userId))
  refuseImpersonator(ctx)
  requireGoodPassword(ctx, password, user)
  const hash = await hashPassword(ctx, password)
  await ctx.system('an account belongs to no tenant', async () => {
    await setPasswordHash(ctx.db, userId, hash)
    await endEverything(ctx, userId, 'password_reset')
    await ctx.emit('auth.password.changed', { userId, how: 'set_by_admin', ip: ctx.ip })
  })
  await forgiveFailures(ctx, user.email)
}

/** Locks a person out: no sign-in, and everything that was signed in ends within a second. Safe to repeat. */
export async function disableUser(ctx: Ctx, userId: string): Promise<UserWithRole> {
  const user = await findManagedUser(ctx, userId)
  refuseSelf(ctx, userId)
  await keepOneSuperAdmin(ctx, user)
  if (user.status !== 'disabled') {
    await updateUser(ctx.db, userId, { status: 'disabled' })
    await endEverything(ctx, userId, 'account_disabled')
    await endImpersonations(ctx, userId)
    await ctx.emit('auth.user.disabled', { userId })
  }
  return withRole(ctx, { ...user, status: 'disabled' })
}

/** Lets a person sign in again; what was signed in before stays ended. Safe to repeat. */
export async function enableUser(ctx: Ctx, userId: string): Promise<UserWithRole> {
  const user = await findManagedUser(ctx, userId)
  if (user.status !== 'active') {
    await updateUser(ctx.db, userId, { status: 'active' })
    await ctx.emit('auth.user.enabled', { userId })
    forgetIdentity(ctx, userId)
  }
  return withRole(ctx, { ...user, status: 'active' })
}

/** A person's live sessions, last used first. */
export async function listUserSessions(ctx: Ctx, userId: string): Promise<Session[]> {
  await findManagedUser(ctx, userId)
  return listSessions(ctx.db, userId, ctx.now())
}

/** Signs a person out everywhere, access tokens included; answers how many of each ended. */
export async function revokeUserSessions(
  ctx: Ctx,
  userId: string,
): Promise<{ sessions: number; tokens: number }> {
  await findManagedUser(ctx, userId)
  return endEverything(ctx, userId, 'revoked_by_admin')
}

/** Removes all second factors of a person who lost them, and signs them out everywhere. */
export async function removeUserFactors(ctx: Ctx, userId: string): Promise<void> {
  await findManagedUser(ctx, userId)
  refuseImpersonator(ctx)
  refuseSelf(ctx, userId)
  await deleteFactors(ctx.db, userId)
  await replaceRecoveryCodes(ctx.db, userId, [])
  await endEverything(ctx, userId, 'revoked_by_admin')
  await ctx.emit('auth.factor.removed', { userId, factorId: 'all' })
}

async function withRole(ctx: Ctx, user: User): Promise<UserWithRole> {
  const { tenant } = ctx.principal
  return { user, role: tenant ? await findMembershipRole(ctx.db, tenant.id, user.id) : null }
}

async function keepOneSuperAdmin(ctx: Ctx, user: User): Promise<void> {
  if (user.installationRole !== 'super_admin' || user.status !== 'active') return
  if ((await countOtherSuperAdmins(ctx.db, user.id)) === 0) throw new authErrors.LastSuperAdmin()
}

async function endImpersonations(ctx: Ctx, impersonatorId: string): Promise<void> {
  for (const userId of await revokeImpersonationsBy(ctx.db, impersonatorId, ctx.now()))
    forgetIdentity(ctx, userId)
}

function refuseSelf(ctx: Ctx, userId: string): void {
  if (ctx.principal.kind === 'user' && ctx.principal.id === userId) throw new authErrors.NotYourself()
}
