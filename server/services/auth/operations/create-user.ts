import type { Ctx } from '../../../kernel/context.js'
import {
  INSTALLATION_ROLES,
  type InstallationRole,
  MEMBERSHIP_ROLES,
  type MembershipRole,
  type Role,
} from '../../../kernel/principal.js'
import { authErrors } from '../errors.js'
import { findUserByEmail, insertUser, type User } from '../models/user.js'
import { hashPassword } from './attempts.js'
import { authorizeUsers, reachesEverybody } from './find-user.js'
import { refuseImpersonator, requireGoodPassword } from './guards.js'
import { giveMembership } from './memberships.js'
import { forgetIdentity } from './open-session.js'
import { requestToken } from './request-token.js'

export interface CreateUserInput {
  email: string
  password?: string | undefined
  name?: string | undefined
  role?: Role | undefined
}

export interface UserWithRole {
  user: User
  /** In the tenant the caller acts in. */
  role: MembershipRole | null
}

/**
 * Makes an account, in the caller's organisation where they act in one. Without a password the person is mailed a
 * link to choose one. A super_admin who names a known address adds that person to the organisation instead.
 */
export async function createUser(ctx: Ctx, input: CreateUserInput): Promise<UserWithRole> {
  authorizeUsers(ctx, 'auth.users.manage')
  refuseImpersonator(ctx)
  const { email, password, name } = input
  const { tenant } = ctx.principal
  const membershipRole = tenant ? membershipRoleOf(input.role ?? 'user') : null
  const installationRole = tenant ? null : installationRoleOf(input.role)
  if (password !== undefined) requireGoodPassword(ctx, password, { email, name: name ?? null })
  const passwordHash = password === undefined ? null : await hashPassword(ctx, password)
  const isOperator = reachesEverybody(ctx)

  return ctx.system('an account belongs to no tenant', async () => {
    const user =
      (await insertUser(ctx.db, {
        email,
        name: name ?? null,
        passwordHash,
        installationRole,
        managedByTenantId: tenant?.id ?? null,
        // An operator answers for the addresses; an organisation's admin has proved nothing.
        emailVerified: isOperator,
      })) ?? (await joinKnownUser(ctx, input, isOperator))
    if (tenant && membershipRole) await giveMembership(ctx, tenant.id, user.id, membershipRole)
    if (!user.hasPassword && user.lastLoginAt === null) {
      await requestToken(ctx, { purpose: 'reset_password', email, payload: { kind: 'welcome' } })
    }
    await ctx.emit('auth.user.created', { userId: user.id })
    forgetIdentity(ctx, user.id)
    return { user, role: membershipRole }
  })
}

async function joinKnownUser(
  ctx: Ctx,
  { email, password }: CreateUserInput,
  isOperator: boolean,
): Promise<User> {
  const known =
    isOperator && ctx.principal.tenant && password === undefined ? await findUserByEmail(ctx.db, email) : null
  if (!known) throw new authErrors.EmailTaken()
  return known
}

/** The role as one of an organisation; 403 for roles of the installation, which no organisation can give. */
export function membershipRoleOf(role: Role): MembershipRole {
  const found = MEMBERSHIP_ROLES.find((one) => one === role)
  if (!found) throw new authErrors.RoleNotAllowed({ role })
  return found
}

/** The role as one of the installation; 403 for roles that only make sense in an organisation. */
export function installationRoleOf(role: Role | undefined): InstallationRole | null {
  if (role === undefined) return null
  const found = INSTALLATION_ROLES.find((one) => one === role)
  if (!found) throw new authErrors.RoleNotAllowed({ role })
  return found
}
