import { newId } from '../../../kernel/ids.js'
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

/** Makes a person a member, or gives a member this role; true when they are new there. */
export async function setMembership(
  db: Database,
  { tenantId, userId, role }: { tenantId: string; userId: string; role: MembershipRole },
): Promise<boolean> {
  const rows = await db.query<{ added: boolean }>({
    text: `insert into memberships (tenant_id, id, user_id, role) values ($1, $2, $3, $4)
           on conflict (tenant_id, user_id) do update set role = excluded.role returning xmax = 0 as added`,
    values: [tenantId, newId(), userId, role],
  })
  return rows[0]?.added ?? false
}

/** How many tenants a person is a member of. Needs a system transaction. */
export async function countMemberships(db: Database, userId: string): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: 'select count(*)::int as count from memberships where user_id = $1',
    values: [userId],
  })
  return rows[0]?.count ?? 0
}

/**
 * How many org_admins a tenant has besides this person; their rows are locked in one order, so that two of them
 * cannot step down at the same time.
 */
export async function countOtherOrgAdmins(db: Database, tenantId: string, userId: string): Promise<number> {
  const rows = await db.query<{ user_id: string }>({
    text: `select user_id from memberships where tenant_id = $1 and role = 'org_admin' order by user_id for update`,
    values: [tenantId],
  })
  return rows.filter((row) => row.user_id !== userId).length
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

/** Adds a tenant under this slug; null when the slug is taken. Needs a system transaction. */
export async function insertTenant(
  db: Database,
  { name, slug }: { name: string; slug: string },
): Promise<string | null> {
  const rows = await db.query<{ id: string }>({
    text: 'insert into tenants (id, slug, name) values ($1, $2, $3) on conflict (slug) do nothing returning id',
    values: [newId(), slug, name],
  })
  return rows[0]?.id ?? null
}
