import type { Database } from '../../../storage/database.js'

/** One link of a session's chain of refresh tokens; only the hash is kept. */
export interface RefreshToken extends Record<string, unknown> {
  tokenHash: string
  sessionId: string
  generation: number
  /** When it was exchanged for its successor. */
  usedAt: Date | null
}

/** Adds the first token of a session. */
export async function insertRefreshToken(db: Database, sessionId: string, tokenHash: string): Promise<void> {
  await db.query({
    name: 'auth-refresh-insert',
    text: 'insert into refresh_tokens (token_hash, session_id, generation) values ($1, $2, 1)',
    values: [tokenHash, sessionId],
  })
}

/** The token of this hash, locked until the transaction ends: callers with one token come one after the other. */
export async function lockRefreshToken(db: Database, tokenHash: string): Promise<RefreshToken | null> {
  const rows = await db.query<RefreshToken>({
    name: 'auth-refresh-lock',
    text: `select token_hash as "tokenHash", session_id as "sessionId", generation, used_at as "usedAt"
           from refresh_tokens where token_hash = $1 for update`,
    values: [tokenHash],
  })
  return rows[0] ?? null
}

/** The token of this hash, outside any transaction, or null. */
export async function readRefreshToken(db: Database, tokenHash: string): Promise<RefreshToken | null> {
  const rows = await db.readGlobal<RefreshToken>({
    name: 'auth-refresh-read',
    text: `select token_hash as "tokenHash", session_id as "sessionId", generation, used_at as "usedAt"
           from refresh_tokens where token_hash = $1`,
    values: [tokenHash],
  })
  return rows[0] ?? null
}

/** Marks a locked token used and adds its successor, in one statement. */
export async function rotateRefreshToken(
  db: Database,
  token: RefreshToken,
  successorHash: string,
  now: Date,
): Promise<void> {
  await db.query({
    name: 'auth-refresh-rotate',
    text: `with used as (update refresh_tokens set used_at = $2 where token_hash = $1)
           insert into refresh_tokens (token_hash, session_id, generation) values ($3, $4, $5)`,
    values: [token.tokenHash, now, successorHash, token.sessionId, token.generation + 1],
  })
}
