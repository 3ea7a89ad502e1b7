import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'

/** A person in a tenant, with what the account says of them. */
export interface Membership extends Record<string, unknown> {
  id: string
  tenantId: string
  userId: string
  role: MembershipRole
  email: string
  name: string | null
  /** Whether the account is active or disabled. */
  userStatus: 'active' | 'disabled'
  createdAt: Date
  updatedAt: Date
}

const COLUMNS = `m.id, m.tenant_id as "tenantId", m.user_id as "userId", m.role, u.email, u.name,
  u.status as "userStatus", m.created_at as "createdAt", m.updated_at as "updatedAt"`

/** The membership of a person, or null. Needs a transaction that may see the tenant. */
export async function findMembership(
  db: Database,
  tenantId: string,
  userId: string,
): Promise<Membership | null> {
  const rows = await db.query<Membership>({
    name: 'tenancy-member',
    text: `select ${COLUMNS} from memberships m join users u on u.id = m.user_id where m.tenant_id = $1 and m.user_id = $2`,
    values: [tenantId, userId],
  })
  return rows[0] ?? null
}

/** Like `findMembership`, but the membership stays as it is until the transaction ends. */
export async function lockMembership(
  db: Database,
  tenantId: string,
  userId: string,
): Promise<Membership | null> {
  const rows = await db.query<Membership>({
    text: `select ${COLUMNS} from memberships m join users u on u.id = m.user_id
           where m.tenant_id = $1 and m.user_id = $2 for update of m`,
    values: [tenantId, userId],
  })
  return rows[0] ?? null
}

/** Makes a person a member; false when they are one already, also by a concurrent caller. */
export async function insertMembership(
  db: Database,
  { tenantId, userId, role }: { tenantId: string; userId: string; role: MembershipRole },
): Promise<boolean> {
  const added = await db.execute({
    text: `insert into memberships (tenant_id, id, user_id, role) values ($1, $2, $3, $4)
           on conflict (tenant_id, user_id) do nothing`,
    values: [tenantId, newId(), userId, role],
  })
  return added === 1
}

/** Gives a member another role. */
export async function updateMembershipRole(
  db: Database,
  { tenantId, userId, role }: { tenantId: string; userId: string; role: MembershipRole },
): Promise<void> {
  await db.query({
    text: 'update memberships set role = $3 where tenant_id = $1 and user_id = $2',
    values: [tenantId, userId, role],
  })
}

/** Ends a membership. */
export async function deleteMembership(db: Database, tenantId: string, userId: string): Promise<void> {
  await db.query({
    text: 'delete from memberships where tenant_id = $1 and user_id = $2',
    values: [tenantId, userId],
  })
}

/**
 * The org_admins of a tenant. Their rows are locked in one order, so that of two who remove each other at the
 * same time the second sees what the first did.
 */
export async function lockAdmins(db: Database, tenantId: string): Promise<string[]> {
  const rows = await db.query<{ user_id: string }>({
    text: `select user_id from memberships where tenant_id = $1 and role = 'org_admin' order by user_id for update`,
    values: [tenantId],
  })
  return rows.map((row) => row.user_id)
}

/** How many members a tenant has. */
export async function countMembers(db: Database, tenantId: string): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: 'select count(*)::int as count from memberships where tenant_id = $1',
    values: [tenantId],
  })
  return rows[0]?.count ?? 0
}

/** How many tenants a person is org_admin of. Needs a system transaction. */
export async function countAdministered(db: Database, userId: string): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: `select count(*)::int as count from memberships where user_id = $1 and role = 'org_admin'`,
    values: [userId],
  })
  return rows[0]?.count ?? 0
}

export interface MemberFilter {
  role?: MembershipRole | undefined
  /** Part of the e-mail or the name. */
  q?: string | undefined
}

/** One window of a tenant's members, newest first. */
export async function listMembers(
  db: Database,
  tenantId: string,
  filter: MemberFilter,
  { after, limit }: { after: Position | null; limit: number },
): Promise<Membership[]> {
  const values: unknown[] = [tenantId]
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = ['m.tenant_id = $1']
  if (filter.role) where.push(`m.role = ${bind(filter.role)}`)
  if (filter.q) {
    const pattern = bind(`%${filter.q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`)
    where.push(`(u.email like ${pattern} or lower(u.name) like ${pattern})`)
  }
  if (after)
    where.push(`(m.created_at, m.id) < (${bind(after.createdAt)}::timestamptz, ${bind(after.id)}::uuid)`)
  return db.query<Membership>({
    text: `select ${COLUMNS} from memberships m join users u on u.id = m.user_id where ${where.join(' and ')}
           order by m.created_at desc, m.id desc limit ${bind(limit)}`,
    values,
  })
}
