import type { Ctx } from '../../../kernel/context.js'
import { randomBase62 } from '../../../kernel/token-format.js'
import { insertTenant, setMembership } from '../models/membership.js'
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
): Promise<string> {
  const wanted = slug ?? slugOf(name)
  let tenantId = await insertTenant(ctx.db, { name, slug: wanted })
  while (tenantId === null) {
    const suffix = randomBase62(SUFFIX).toLowerCase()
    tenantId = await insertTenant(ctx.db, {
      name,
      slug: `${wanted.slice(0, SLUG_MAX - SUFFIX - 1).replace(/-+$/, '')}-${suffix}`,
    })
  }
  await setMembership(ctx.db, { tenantId, userId: user.id, role: 'org_admin' })
  await ctx.emit('auth.organization.created', { tenantId, userId: user.id }, tenantId)
  return tenantId
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
