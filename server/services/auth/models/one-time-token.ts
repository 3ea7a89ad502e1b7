import { newId } from '../../../kernel/ids.js'
import { sealedColumn } from '../../../kernel/sealed-column.js'
import type { Database } from '../../../storage/database.js'
import type { OneTimePurpose } from '../tokens/one-time.js'

/** A one-time token as stored: its hash, and sealed what it brings about. */
export interface OneTimeToken extends Record<string, unknown> {
  id: string
  purpose: OneTimePurpose
  userId: string | null
  email: string
  payloadSealed: Buffer | null
  expiresAt: Date
  usedAt: Date | null
}

const COLUMNS = `id, purpose, user_id as "userId", email, payload_sealed as "payloadSealed", expires_at as "expiresAt",
  used_at as "usedAt"`

export interface NewOneTimeToken {
  id?: string
  purpose: OneTimePurpose
  email: string
  expiresAt: Date
  userId?: string | null
  payloadSealed?: Buffer | null
  tokenHash?: string | null
}

/** What a token's payload is sealed under: its row; a sign-in that waits for a code is found by its hash alone. */
export function oneTimeSealContext(purpose: string, id: string): string {
  return purpose === 'mfa_login' ? 'auth-mfa-login' : `auth-one-time:${id}`
}

/** Where payloads of one-time tokens are sealed. */
export const sealedOneTimeTokens = sealedColumn({
  table: 'one_time_tokens',
  column: 'payload_sealed',
  key: ['id'],
  reads: ['purpose'],
  context: ({ purpose = '', id = '' }) => oneTimeSealContext(purpose, id),
})

/** Adds a token, or without `tokenHash` the request for one; answers its id. */
export async function insertOneTimeToken(db: Database, token: NewOneTimeToken): Promise<string> {
  const id = token.id ?? newId()
  await db.query({
    text: `insert into one_time_tokens (id, purpose, user_id, email, payload_sealed, expires_at, token_hash)
           values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      id,
      token.purpose,
      token.userId ?? null,
      token.email,
      token.payloadSealed ?? null,
      token.expiresAt,
      token.tokenHash ?? null,
    ],
  })
  return id
}

/** The unused row of this id, locked, or null. */
export async function lockTokenRequest(db: Database, id: string): Promise<OneTimeToken | null> {
  const rows = await db.query<OneTimeToken>({
    text: `select ${COLUMNS} from one_time_tokens where id = $1 and used_at is null for update`,
    values: [id],
  })
  return rows[0] ?? null
}

/** Gives a requested row its token; an earlier token of the same request is worthless from then on. */
export async function armOneTimeToken(
  db: Database,
  id: string,
  { tokenHash, userId, expiresAt }: { tokenHash: string; userId: string | null; expiresAt: Date },
): Promise<void> {
  await db.query({
    text: 'update one_time_tokens set token_hash = $2, user_id = $3, expires_at = $4 where id = $1',
    values: [id, tokenHash, userId, expiresAt],
  })
}

/** The token of this hash if it is unused and unexpired, outside any transaction. */
export async function readOneTimeToken(
  db: Database,
  tokenHash: string,
  now: Date,
): Promise<OneTimeToken | null> {
  const rows = await db.readGlobal<OneTimeToken>({
    text: `select ${COLUMNS} from one_time_tokens where token_hash = $1 and used_at is null and expires_at > $2`,
    values: [tokenHash, now],
  })
  return rows[0] ?? null
}

/** Strikes a token out and answers it; null when it was struck before: of many callers exactly one gets it. */
export async function useOneTimeToken(
  db: Database,
  tokenHash: string,
  now: Date,
): Promise<OneTimeToken | null> {
  const rows = await db.query<OneTimeToken>({
    text: `update one_time_tokens set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2
           returning ${COLUMNS}`,
    values: [tokenHash, now],
  })
  return rows[0] ?? null
}

/** Makes all open tokens of a purpose for an address worthless. */
export async function strikeOneTimeTokens(
  db: Database,
  purpose: OneTimePurpose,
  email: string,
  now: Date,
): Promise<void> {
  await db.query({
    text: 'update one_time_tokens set used_at = $3 where purpose = $1 and email = $2 and used_at is null',
    values: [purpose, email, now],
  })
}

/**
 * Makes what a person began and did not finish worthless: changes of address and sign-ins that wait for a code.
 * Links to choose a password stay: they lead to the mailbox of the account itself.
 */
export async function strikeUnfinished(db: Database, userId: string, now: Date): Promise<void> {
  await db.query({
    text: `update one_time_tokens set used_at = $2
           where user_id = $1 and purpose in ('verify_email', 'mfa_login') and used_at is null`,
    values: [userId, now],
  })
}

/** The latest open request of a purpose for an address, or null. */
export async function findOpenTokenRequest(
  db: Database,
  purpose: OneTimePurpose,
  email: string,
): Promise<OneTimeToken | null> {
  const rows = await db.query<OneTimeToken>({
    text: `select ${COLUMNS} from one_time_tokens
           where purpose = $1 and email = $2 and used_at is null and payload_sealed is not null
           order by created_at desc limit 1`,
    values: [purpose, email],
  })
  return rows[0] ?? null
}

/** Removes a row. */
export async function deleteOneTimeToken(db: Database, id: string): Promise<void> {
  await db.query({ text: 'delete from one_time_tokens where id = $1', values: [id] })
}

/** Whether a token of this purpose was mailed to this address since then, for another request. */
export async function mailedRecently(db: Database, request: OneTimeToken, since: Date): Promise<boolean> {
  const rows = await db.query({
    text: `select 1 from one_time_tokens where email = $1 and purpose = $2 and id <> $3
             and token_hash is not null and created_at > $4 limit 1`,
    values: [request.email, request.purpose, request.id, since],
  })
  return rows.length > 0
}
