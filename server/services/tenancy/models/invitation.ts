import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'
import type { InvitationState } from '../schemas.js'

/** An invitation to one address. Its token exists in the newest mail only; here is its keyed hash. */
export interface Invitation extends Record<string, unknown> {
  id: string
  tenantId: string
  email: string
  role: MembershipRole
  invitedBy: string | null
  /** Mails sent so far. */
  mails: number
  mailedAt: Date | null
  expiresAt: Date
  acceptedAt: Date | null
  acceptedBy: string | null
  revokedAt: Date | null
  createdAt: Date
}

const COLUMNS = `i.id, i.tenant_id as "tenantId", i.email, i.role, i.invited_by as "invitedBy", i.mails,
  i.mailed_at as "mailedAt", i.expires_at as "expiresAt", i.accepted_at as "acceptedAt",
  i.accepted_by as "acceptedBy", i.revoked_at as "revokedAt", i.created_at as "createdAt"`

/** What has become of an invitation. */
export function stateOfInvitation(invitation: Invitation, now: Date): InvitationState {
  if (invitation.acceptedAt) return 'accepted'
  if (invitation.revokedAt) return 'revoked'
  return invitation.expiresAt <= now ? 'expired' : 'pending'
}

/** One call at a time may invite this address into this tenant, until the transaction ends. */
export async function lockAddress(db: Database, tenantId: string, email: string): Promise<void> {
  await db.query({
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [`tenancy-invitation ${tenantId} ${email}`],
  })
}

/** Whether somebody with this address is a member. */
export async function isMemberAddress(db: Database, tenantId: string, email: string): Promise<boolean> {
  const rows = await db.query({
    text: 'select 1 from memberships m join users u on u.id = m.user_id where m.tenant_id = $1 and u.email = $2',
    values: [tenantId, email],
  })
  return rows.length > 0
}

/** How many invitations a tenant made since, and how many mails of them went to this address. */
export async function countRecent(
  db: Database,
  tenantId: string,
  email: string,
  since: Date,
): Promise<{ made: number; toAddress: number }> {
  const rows = await db.query<{ made: number; to_address: number }>({
    text: `select count(*)::int as made, coalesce(sum(greatest(mails, 1)) filter (where email = $2), 0)::int as to_address
           from invitations where tenant_id = $1 and created_at > $3`,
    values: [tenantId, email, since],
  })
  return { made: rows[0]?.made ?? 0, toAddress: rows[0]?.to_address ?? 0 }
}

/** Takes back what is still open for this address; answers the ids. */
export async function revokeOpen(db: Database, tenantId: string, email: string, at: Date): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `update invitations set revoked_at = $3
           where tenant_id = $1 and email = $2 and accepted_at is null and revoked_at is null returning id`,
    values: [tenantId, email, at],
  })
  return rows.map((row) => row.id)
}

export interface NewInvitation {
  tenantId: string
  email: string
  role: MembershipRole
  invitedBy: string | null
  expiresAt: Date
}

/** Adds an invitation without a token: whoever writes the mail makes it. */
export async function insertInvitation(db: Database, invitation: NewInvitation): Promise<Invitation> {
  const { tenantId, email, role, invitedBy, expiresAt } = invitation
  const rows = await db.query<Invitation>({
    text: `insert into invitations as i (tenant_id, id, email, role, invited_by, expires_at)
           values ($1, $2, $3, $4, $5, $6) returning ${COLUMNS}`,
    values: [tenantId, newId(), email, role, invitedBy, expiresAt],
  })
  return rows[0] as Invitation
}

/** The invitation of this id in this tenant, or null. */
export async function findInvitation(db: Database, tenantId: string, id: string): Promise<Invitation | null> {
  const rows = await db.query<Invitation>({
    text: `select ${COLUMNS} from invitations i where i.tenant_id = $1 and i.id = $2`,
    values: [tenantId, id],
  })
  return rows[0] ?? null
}

/** The invitation of this id in this tenant, locked until the transaction ends, or null. */
export async function lockInvitation(db: Database, tenantId: string, id: string): Promise<Invitation | null> {
  const rows = await db.query<Invitation>({
    text: `select ${COLUMNS} from invitations i where i.tenant_id = $1 and i.id = $2 for update`,
    values: [tenantId, id],
  })
  return rows[0] ?? null
}

/** The invitation whose newest mail holds the token of this hash, locked, or null. Needs a system transaction. */
export async function lockInvitationByToken(db: Database, tokenHash: string): Promise<Invitation | null> {
  const rows = await db.query<Invitation>({
    name: 'tenancy-invitation-token',
    text: `select ${COLUMNS} from invitations i where i.token_hash = $1 for update`,
    values: [tokenHash],
  })
  return rows[0] ?? null
}

/** Gives an invitation the token of a new mail; the one before is worth nothing from then on. */
export async function armInvitation(
  db: Database,
  { tenantId, id }: Invitation,
  { tokenHash, at }: { tokenHash: string; at: Date },
): Promise<void> {
  await db.query({
    text: 'update invitations set token_hash = $3, mailed_at = $4, mails = mails + 1 where tenant_id = $1 and id = $2',
    values: [tenantId, id, tokenHash, at],
  })
}

/** Lets an open invitation end later. */
export async function extendInvitation(
  db: Database,
  { tenantId, id }: Invitation,
  expiresAt: Date,
): Promise<Invitation> {
  const rows = await db.query<Invitation>({
    text: `update invitations as i set expires_at = $3 where i.tenant_id = $1 and i.id = $2 returning ${COLUMNS}`,
    values: [tenantId, id, expiresAt],
  })
  return rows[0] as Invitation
}

/** Marks an invitation as accepted; it must be locked and open. */
export async function closeInvitation(
  db: Database,
  { tenantId, id }: Invitation,
  { userId, at }: { userId: string; at: Date },
): Promise<void> {
  await db.query({
    text: 'update invitations set accepted_at = $3, accepted_by = $4 where tenant_id = $1 and id = $2',
    values: [tenantId, id, at, userId],
  })
}

/** Takes an invitation back; it must be locked and open. */
export async function revokeInvitationRow(
  db: Database,
  { tenantId, id }: Invitation,
  at: Date,
): Promise<void> {
  await db.query({
    text: 'update invitations set revoked_at = $3 where tenant_id = $1 and id = $2',
    values: [tenantId, id, at],
  })
}

const STATE_SQL: Readonly<Record<InvitationState, string>> = {
  pending: 'i.accepted_at is null and i.revoked_at is null and i.expires_at > $2',
  accepted: 'i.accepted_at is not null and $2::timestamptz is not null',
  revoked: 'i.accepted_at is null and i.revoked_at is not null and $2::timestamptz is not null',
  expired: 'i.accepted_at is null and i.revoked_at is null and i.expires_at <= $2',
}

/** One window of a tenant's invitations, newest first. */
export async function listInvitationRows(
  db: Database,
  tenantId: string,
  filter: { state?: InvitationState | undefined; now: Date },
  { after, limit }: { after: Position | null; limit: number },
): Promise<Invitation[]> {
  const where = filter.state ? STATE_SQL[filter.state] : '$2::timestamptz is not null'
  return db.query<Invitation>({
    text: `select ${COLUMNS} from invitations i where i.tenant_id = $1 and ${where}
             and ($3::timestamptz is null or (i.created_at, i.id) < ($3::timestamptz, $4::uuid))
           order by i.created_at desc, i.id desc limit $5`,
    values: [tenantId, filter.now, after?.createdAt ?? null, after?.id ?? null, limit],
  })
}
