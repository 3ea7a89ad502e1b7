import type { ActiveTenant, MembershipRole } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'
import { USER_COLUMNS, type User } from './user.js'

/** What a person sees of themselves. */
export interface Account extends User {
  hasFactor: boolean
  memberships: (ActiveTenant & { name: string; role: MembershipRole })[]
}

/** A person with their memberships in one statement, across tenants; null when there is none. */
export async function readAccount(db: Database, userId: string): Promise<Account | null> {
  // In an open transaction (which must be a system one) it sees what that transaction changed.
  const read = db.inTransaction ? db.query.bind(db) : db.readSystem.bind(db)
  const [row] = await read<Account>({
    name: 'auth-account',
    text: `select ${USER_COLUMNS},
        exists (select 1 from auth_factors f where f.user_id = u.id and f.confirmed_at is not null) as "hasFactor",
        coalesce((select json_agg(json_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'status', t.status,
          'role', m.role) order by m.created_at, t.id)
          from memberships m join tenants t on t.id = m.tenant_id
          where m.user_id = u.id and t.status <> 'deleting'), '[]') as memberships
      from users u where u.id = $1`,
    values: [userId],
  })
  return row ?? null
}
