import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Database } from '../../../storage/database.js'

/** An opaque access token of a person; only its keyed hash is stored. */
export interface AccessToken extends Record<string, unknown> {
  id: string
  userId: string
  tenantId: string | null
  name: string
  last4: string
  /** Narrow what the person's roles allow; null does not narrow. */
  scopes: string[] | null
  expiresAt: Date | null
  lastUsedAt: Date | null
  revokedAt: Date | null
  createdAt: Date
}

const COLUMNS = `id, user_id as "userId", tenant_id as "tenantId", name, last4, scopes, expires_at as "expiresAt",
  last_used_at as "lastUsedAt", revoked_at as "revokedAt", created_at as "createdAt"`

/** Live access tokens a person may have. */
export const MAX_ACCESS_TOKENS = 100

export interface NewAccessToken {
  userId: string
  tenantId: string | null
  name: string
  token: string
  tokenHash: string
  scopes?: readonly string[] | null
  expiresAt?: Date | null
}

/** Stores a token by its hash; null when that hash is stored already. */
export async function insertAccessToken(db: Database, token: NewAccessToken): Promise<AccessToken | null> {
  const rows = await db.query<AccessToken>({
    text: `insert into access_tokens (id, token_hash, user_id, tenant_id, name, last4, scopes, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (token_hash) do nothing returning ${COLUMNS}`,
    values: [
      newId(),
      token.tokenHash,
      token.userId,
      token.tenantId,
      token.name,
      token.token.slice(-4),
      token.scopes ?? null,
      token.expiresAt ?? null,
    ],
  })
  return rows[0] ?? null
}

/** The token of this hash, outside any transaction, whatever its state; null when unknown. */
export async function readAccessToken(db: Database, tokenHash: string): Promise<AccessToken | null> {
  const rows = await db.readGlobal<AccessToken>({
    name: 'auth-access-token',
    text: `select ${COLUMNS} from access_tokens where token_hash = $1`,
    values: [tokenHash],
  })
  return rows[0] ?? null
}

/** How many live tokens a person has. */
export async function countAccessTokens(db: Database, userId: string, now: Date): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: `select count(*)::int as count from access_tokens
           where user_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`,
    values: [userId, now],
  })
  return rows[0]?.count ?? 0
}

/** One window of a person's tokens that were not revoked, newest first. */
export async function listAccessTokens(
  db: Database,
  userId: string,
  { after, limit }: { after: Position | null; limit: number },
): Promise<AccessToken[]> {
  return db.query<AccessToken>({
    text: `select ${COLUMNS} from access_tokens
           where user_id = $1 and revoked_at is null
             and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
           order by created_at desc, id desc limit $4`,
    values: [userId, after?.createdAt ?? null, after?.id ?? null, limit],
  })
}

/** Revokes tokens of a person, one or all; answers the hashes of those that lived until now. */
export async function revokeAccessTokens(
  db: Database,
  userId: string,
  { only, reason, now }: { only?: string; reason: string; now: Date },
): Promise<string[]> {
  const rows = await db.query<{ token_hash: string }>({
    text: `update access_tokens set revoked_at = $2, revoked_reason = $3
           where user_id = $1 and revoked_at is null and ($4::uuid is null or id = $4) returning token_hash`,
    values: [userId, now, reason, only ?? null],
  })
  return rows.map((row) => row.token_hash)
}

/** Notes the use of a token, at most once a minute: the time is for people, not for accounting. */
export async function touchAccessToken(db: Database, id: string, now: Date): Promise<void> {
  await db.readGlobal({
    name: 'auth-access-token-touch',
    text: `update access_tokens set last_used_at = $2
           where id = $1 and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')`,
    values: [id, now],
  })
}
