import type { Ctx } from '../../../kernel/context.js'
import { AppError } from '../../../kernel/define-errors.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import { randomBase62 } from '../../../kernel/token-format.js'
import { addMember, createTenant, guardAdminRole, setMemberRole } from '../../tenancy/api.js'
import { findMembershipRole } from '../models/membership.js'
import type { User } from '../models/user.js'

const SLUG_MAX = 48
const SUFFIX = 6

/**
 * Makes the organisation somebody named when they signed up, with them as its administrator. Its slug is the one
 * asked for or made from the name, with a few random characters where that is taken. Needs a system transaction.
 */
export async function createOrganization(
  ctx: Ctx,
  user: User,
  { name, slug }: { name: string; slug?: string | undefined },
): Promise<void> {
  const wanted = slug ?? slugOf(name)
  const stem = wanted.slice(0, SLUG_MAX - SUFFIX - 1).replace(/-+$/, '')
  let attempt = wanted
  while (!(await madeTenant(ctx, user, { name, slug: attempt }))) {
    attempt = `${stem}-${randomBase62(SUFFIX).toLowerCase()}`
  }
}

/**
 * Makes a person a member with this role, or gives a member this role; neither makes nor unmakes an administrator for
 * a narrowed credential. Needs a system transaction.
 */
export async function giveMembership(
  ctx: Ctx,
  tenantId: string,
  userId: string,
  role: MembershipRole,
): Promise<void> {
  const before = await findMembershipRole(ctx.db, tenantId, userId)
  guardAdminRole(ctx, before, role)
  if (before) await setMemberRole(ctx, { tenantId, userId, role })
  else await addMember(ctx, { tenantId, userId, role })
}

/** A slug made of a name: ASCII letters, digits and inner hyphens; `org` where nothing of it is left. */
export function slugOf(name: string): string {
  const ascii = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '')
  const slug = ascii
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_MAX)
    .replace(/^-+|-+$/g, '')
  return slug.length >= 2 ? slug : 'org'
}

async function madeTenant(ctx: Ctx, user: User, tenant: { name: string; slug: string }): Promise<boolean> {
  try {
    const { id, slug, plan } = await createTenant(ctx, { ...tenant, ownerUserId: user.id })
    const detail = { slug, plan, owner: user.id }
    await ctx.audit({ action: 'tenant.created', target: id, tenantId: id, detail })
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'tenancy.slug_taken') return false
    throw error
  }
}
