import { newId } from '../../../kernel/ids.js'
import type { Database } from '../../../storage/database.js'

/** One signed-in device, or one impersonation. */
export interface Session extends Record<string, unknown> {
  id: string
  userId: string
  tenantId: string | null
  ip: string
  userAgent: string | null
  /** Authentication methods (RFC 8176). */
  amr: string[]
  aal: 1 | 2
  authenticatedAt: Date
  lastUsedAt: Date
  /** Ends without use at this moment, which moves with each refresh. */
  expiresAt: Date
  /** Ends at this moment whatever happens. */
  endsAt: Date
  impersonatorId: string | null
  impersonationReason: string | null
  revokedAt: Date | null
  revokedReason: string | null
  createdAt: Date
}

const COLUMNS = `s.id, s.user_id as "userId", s.tenant_id as "tenantId", s.ip, s.user_agent as "userAgent", s.amr, s.aal,
  s.authenticated_at as "authenticatedAt", s.last_used_at as "lastUsedAt", s.expires_at as "expiresAt",
  s.ends_at as "endsAt", s.impersonator_id as "impersonatorId", s.impersonation_reason as "impersonationReason",
  s.revoked_at as "revokedAt", s.revoked_reason as "revokedReason", s.created_at as "createdAt"`

export type RevokeReason =
  | 'logout'
  | 'revoked_by_user'
  | 'revoked_by_admin'
  | 'refresh_reuse'
  | 'password_changed'
  | 'password_reset'
  | 'account_disabled'
  | 'impersonator_lost_rights'
  | 'too_many_sessions'

/** Live sessions a person may have; the one unused for longest makes room. It also bounds the identity cache. */
export const MAX_SESSIONS = 100

export interface NewSession {
  userId: string
  tenantId: string | null
  ip: string
  userAgent: string | null
  amr: readonly string[]
  aal: 1 | 2
  now: Date
  expiresAt: Date
  endsAt: Date
  impersonatorId?: string | null
  impersonationReason?: string | null
}

/** Adds a session. */
export async function insertSession(db: Database, session: NewSession): Promise<Session> {
  const rows = await db.query<Session>({
    name: 'auth-session-insert',
    text: `insert into sessions as s (id, user_id, tenant_id, ip, user_agent, amr, aal, authenticated_at, last_used_at,
             expires_at, ends_at, impersonator_id, impersonation_reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12) returning ${COLUMNS}`,
    values: [
      newId(),
      session.userId,
      session.tenantId,
      session.ip,
      session.userAgent?.slice(0, 400) ?? null,
      session.amr,
      session.aal,
      session.now,
      session.expiresAt,
      session.endsAt,
      session.impersonatorId ?? null,
      session.impersonationReason ?? null,
    ],
  })
  return only(rows)
}

/** Ends the sessions beyond the newest `MAX_SESSIONS` of a person. */
export async function revokeSurplusSessions(db: Database, userId: string, now: Date): Promise<void> {
  await db.query({
    name: 'auth-session-surplus',
    text: `update sessions set revoked_at = $2, revoked_reason = 'too_many_sessions' where id in (
             select id from sessions where user_id = $1 and revoked_at is null and expires_at > $2
             order by last_used_at desc offset ${MAX_SESSIONS})`,
    values: [userId, now],
  })
}

/** A person's live sessions, last used first. */
export async function listSessions(db: Database, userId: string, now: Date): Promise<Session[]> {
  return db.query<Session>({
    text: `select ${COLUMNS} from sessions s where user_id = $1 and revoked_at is null and expires_at > $2
           order by last_used_at desc, id desc limit ${MAX_SESSIONS}`,
    values: [userId, now],
  })
}

/** A session, live or not, or null. */
export async function findSession(db: Database, id: string): Promise<Session | null> {
  const rows = await db.query<Session>({
    text: `select ${COLUMNS} from sessions s where id = $1`,
    values: [id],
  })
  return rows[0] ?? null
}

/**
 * Whether a session is the first from its device or place: the person had sessions before, and none of those of
 * the last month came from this address or this user agent.
 */
export async function isFromNewPlace(db: Database, session: Session): Promise<boolean> {
  const rows = await db.query<{ others: number; known: number }>({
    text: `select count(*)::int as others,
             count(*) filter (where ip = $3 or user_agent is not distinct from $4)::int as known
           from sessions where user_id = $1 and id <> $2 and created_at <= $5 and impersonator_id is null`,
    values: [session.userId, session.id, session.ip, session.userAgent, session.createdAt],
  })
  const [row] = rows
  return row !== undefined && row.others > 0 && row.known === 0
}

/** A live session, or null. */
export async function findLiveSession(db: Database, id: string, now: Date): Promise<Session | null> {
  const rows = await db.query<Session>({
    name: 'auth-session',
    text: `select ${COLUMNS} from sessions s where id = $1 and revoked_at is null and expires_at > $2`,
    values: [id, now],
  })
  return rows[0] ?? null
}

/**
 * Marks a live session as used now and moves its expiry to `idleUntil`, never beyond its end. Null when it is not
 * live or its person may not sign in any more.
 */
export async function keepSessionAlive(
  db: Database,
  id: string,
  now: Date,
  idleUntil: Date,
): Promise<Session | null> {
  const rows = await db.query<Session>({
    name: 'auth-session-touch',
    text: `update sessions s set last_used_at = $2, expires_at = least($3::timestamptz, s.ends_at)
           from users u where s.id = $1 and s.revoked_at is null and s.expires_at > $2
             and u.id = s.user_id and u.status = 'active' returning ${COLUMNS}`,
    values: [id, now, idleUntil],
  })
  return rows[0] ?? null
}

/** Sets the tenant that the session acts in from now on. */
export async function setSessionTenant(db: Database, id: string, tenantId: string): Promise<void> {
  await db.query({ text: 'update sessions set tenant_id = $2 where id = $1', values: [id, tenantId] })
}

/** Records that the person proved who they are again, by these methods. */
export async function reauthenticateSession(
  db: Database,
  id: string,
  { amr, aal, now }: { amr: readonly string[]; aal: 1 | 2; now: Date },
): Promise<void> {
  await db.query({
    text: `update sessions set authenticated_at = $2, aal = greatest(aal, $3),
             amr = array(select distinct unnest(amr || $4::text[])) where id = $1`,
    values: [id, now, aal, amr],
  })
}

/** Ends sessions of a person: one, all, or all but one. Answers the ids of those that lived until now. */
export async function revokeSessions(
  db: Database,
  userId: string,
  {
    only: one,
    except,
    reason,
    now,
  }: { only?: string; except?: string | null; reason: RevokeReason; now: Date },
): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `update sessions set revoked_at = $2, revoked_reason = $3
           where user_id = $1 and revoked_at is null and ($4::uuid is null or id = $4) and ($5::uuid is null or id <> $5)
           returning id`,
    values: [userId, now, reason, one ?? null, except ?? null],
  })
  return rows.map((row) => row.id)
}

/** Ends the impersonations that this operator carries on; answers whom they acted as. */
export async function revokeImpersonationsBy(
  db: Database,
  impersonatorId: string,
  now: Date,
): Promise<string[]> {
  const rows = await db.query<{ user_id: string }>({
    text: `update sessions set revoked_at = $2, revoked_reason = 'impersonator_lost_rights'
           where impersonator_id = $1 and revoked_at is null returning user_id`,
    values: [impersonatorId, now],
  })
  return rows.map((row) => row.user_id)
}

function only<T>(rows: T[]): T {
  const [row] = rows
  if (row === undefined) throw new TypeError('the database answered no row')
  return row
}
