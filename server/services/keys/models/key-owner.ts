import type { Ctx } from '../../../kernel/context.js'
import type { MembershipRole } from '../../../kernel/principal.js'

/** The role an active person has in the caller's tenant, or null for anybody who is not an active member. */
export async function roleOfMember(ctx: Ctx, userId: string): Promise<MembershipRole | null> {
  const [row] = await ctx.db.query<{ role: MembershipRole }>({
    name: 'keys-owner-role',
    text: `select m.role from memberships m join users u on u.id = m.user_id
      where m.tenant_id = $1 and m.user_id = $2 and u.status = 'active'`,
    values: [ctx.tenant.id, userId],
  })
  return row?.role ?? null
}
