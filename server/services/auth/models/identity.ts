import type { ActiveTenant, MembershipRole } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'
import { USER_COLUMNS, type User } from './user.js'

/** A live session, as far as deciding about a request needs it. */
export interface SessionFact {
  id: string
  aal: 1 | 2
  /** Unix seconds of the last password or factor check. */
  authenticatedAt: number
  /** Unix milliseconds. */
  expiresAt: number
  impersonatorId: string | null
}

export interface MembershipFact {
  tenant: ActiveTenant
  tenantName: string
  role: MembershipRole
}

/** An active person with all that decides what they may do: one row, so that it is right as a whole. */
export interface Identity extends User {
  /** Whether they have a confirmed second factor. */
  hasFactor: boolean
  sessions: ReadonlyMap<string, SessionFact>
  /** Oldest first. */
  memberships: readonly MembershipFact[]
}

interface IdentityRow extends User {
  hasFactor: boolean
  sessions: SessionFact[]
  memberships: {
    id: string
    slug: string
    name: string
    status: ActiveTenant['status']
    role: MembershipRole
  }[]
}

/**
 * The person of this id if the account is active, else null; one statement, across tenants. Tenants that are being
 * deleted are left out as if they were gone.
 */
export async function readIdentity(db: Database, userId: string): Promise<Identity | null> {
  // In a system transaction it sees what that transaction has changed.
  const read = db.scope?.role === 'system' ? db.query.bind(db) : db.readSystem.bind(db)
  const [row] = await read<IdentityRow>({
    name: 'auth-identity',
    text: `select ${USER_COLUMNS},
        exists (select 1 from auth_factors f where f.user_id = u.id and f.confirmed_at is not null) as "hasFactor",
        coalesce((select json_agg(json_build_object('id', s.id, 'aal', s.aal,
          'authenticatedAt', floor(extract(epoch from s.authenticated_at)),
          'expiresAt', floor(extract(epoch from s.expires_at) * 1000), 'impersonatorId', s.impersonator_id))
          from sessions s where s.user_id = u.id and s.revoked_at is null and s.expires_at > now()), '[]') as sessions,
        coalesce((select json_agg(json_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'status', t.status,
          'role', m.role) order by m.created_at, t.id)
          from memberships m join tenants t on t.id = m.tenant_id
          where m.user_id = u.id and t.status <> 'deleting'), '[]') as memberships
      from users u where u.id = $1 and u.status = 'active'`,
    values: [userId],
  })
  if (!row) return null
  return {
    ...row,
    sessions: new Map(row.sessions.map((session) => [session.id, session])),
    memberships: row.memberships.map(({ id, slug, name, status, role }) => ({
      tenant: { id, slug, status },
      tenantName: name,
      role,
    })),
  }
}

/** The membership in this tenant (by id or slug), or undefined. */
export function membershipIn(
  identity: Identity,
  tenant: string | null | undefined,
): MembershipFact | undefined {
  if (!tenant) return undefined
  return identity.memberships.find((fact) => fact.tenant.id === tenant || fact.tenant.slug === tenant)
}
