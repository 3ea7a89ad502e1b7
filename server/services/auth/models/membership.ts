import type { MembershipRole } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'

/** The role of a person in a tenant, or null. Needs a transaction that may see the tenant's rows. */
export async function findMembershipRole(
  db: Database,
  tenantId: string,
  userId: string,
): Promise<MembershipRole | null> {
  const rows = await db.query<{ role: MembershipRole }>({
    name: 'auth-membership-role',
    text: 'select role from memberships where tenant_id = $1 and user_id = $2',
    values: [tenantId, userId],
  })
  return rows[0]?.role ?? null
}

/** How many tenants a person is a member of. Needs a system transaction. */
export async function countMemberships(db: Database, userId: string): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: 'select count(*)::int as count from memberships where user_id = $1',
    values: [userId],
  })
  return rows[0]?.count ?? 0
}

/** The roles of people in one tenant, by user id. */
export async function rolesIn(
  db: Database,
  tenantId: string,
  userIds: readonly string[],
): Promise<Map<string, MembershipRole>> {
  if (userIds.length === 0) return new Map()
  const rows = await db.query<{ user_id: string; role: MembershipRole }>({
    text: 'select user_id, role from memberships where tenant_id = $1 and user_id = any($2)',
    values: [tenantId, userIds],
  })
  return new Map(rows.map((row) => [row.user_id, row.role]))
}
