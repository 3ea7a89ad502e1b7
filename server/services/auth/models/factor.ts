import { newId } from '../../../kernel/ids.js'
import { sealedColumn } from '../../../kernel/sealed-column.js'
import type { Database } from '../../../storage/database.js'

/** A second factor; it counts once it is confirmed. */
export interface Factor extends Record<string, unknown> {
  id: string
  userId: string
  kind: 'totp'
  name: string
  secretSealed: Buffer
  confirmedAt: Date | null
  /** pg gives bigint as a number here: steps stay far below 2^53. */
  lastUsedStep: number | null
  createdAt: Date
}

const COLUMNS = `id, user_id as "userId", kind, name, secret_sealed as "secretSealed", confirmed_at as "confirmedAt",
  last_used_step as "lastUsedStep", created_at as "createdAt"`

/** Factors a person may have, unconfirmed ones included. */
export const MAX_FACTORS = 10

/** What a factor's secret is sealed under, so that no other row's secret can be put in its place. */
export function factorSealContext(factorId: string): string {
  return `auth-factor:${factorId}`
}

/** Where the secrets of factors are sealed. */
export const sealedFactors = sealedColumn({
  table: 'auth_factors',
  column: 'secret_sealed',
  key: ['id'],
  context: ({ id = '' }) => factorSealContext(id),
})

/** Adds an unconfirmed factor; `seal` is given the new id. */
export async function insertFactor(
  db: Database,
  { userId, name, seal }: { userId: string; name: string; seal: (id: string) => Buffer },
): Promise<Factor> {
  const id = newId()
  const rows = await db.query<Factor>({
    text: `insert into auth_factors (id, user_id, kind, name, secret_sealed) values ($1, $2, 'totp', $3, $4)
           returning ${COLUMNS}`,
    values: [id, userId, name, seal(id)],
  })
  const [factor] = rows
  if (!factor) throw new TypeError('the database answered no row')
  return factor
}

/** A person's factors, oldest first. */
export async function listFactors(db: Database, userId: string): Promise<Factor[]> {
  return db.query<Factor>({
    text: `select ${COLUMNS} from auth_factors where user_id = $1 order by created_at, id`,
    values: [userId],
  })
}

/** A person's confirmed factors, outside any transaction. */
export async function readConfirmedFactors(db: Database, userId: string): Promise<Factor[]> {
  return db.readGlobal<Factor>({
    name: 'auth-factors-confirmed',
    text: `select ${COLUMNS} from auth_factors where user_id = $1 and confirmed_at is not null order by created_at, id`,
    values: [userId],
  })
}

/** Marks a time step used; false when it, or a later one, was used before: of many callers exactly one succeeds. */
export async function useTotpStep(db: Database, factorId: string, step: number): Promise<boolean> {
  const changed = await db.execute({
    text: `update auth_factors set last_used_step = $2
           where id = $1 and (last_used_step is null or last_used_step < $2)`,
    values: [factorId, step],
  })
  return changed === 1
}

/** Confirms a factor. */
export async function confirmFactor(db: Database, factorId: string, now: Date): Promise<void> {
  await db.query({
    text: 'update auth_factors set confirmed_at = coalesce(confirmed_at, $2) where id = $1',
    values: [factorId, now],
  })
}

/** Removes one factor of a person, or all; answers how many. */
export async function deleteFactors(db: Database, userId: string, only?: string): Promise<number> {
  return db.execute({
    text: 'delete from auth_factors where user_id = $1 and ($2::uuid is null or id = $2)',
    values: [userId, only ?? null],
  })
}

/** Replaces a person's recovery codes by these hashes; none removes them all. */
export async function replaceRecoveryCodes(
  db: Database,
  userId: string,
  hashes: readonly string[],
): Promise<void> {
  await db.query({ text: 'delete from recovery_codes where user_id = $1', values: [userId] })
  if (hashes.length === 0) return
  await db.query({
    text: 'insert into recovery_codes (user_id, code_hash) select $1, unnest($2::text[])',
    values: [userId, hashes],
  })
}

/** Strikes a recovery code out; false when it is none or was used: of many callers exactly one succeeds. */
export async function useRecoveryCode(
  db: Database,
  userId: string,
  hash: string,
  now: Date,
): Promise<boolean> {
  const changed = await db.execute({
    text: 'update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null',
    values: [userId, hash, now],
  })
  return changed === 1
}

/** How many recovery codes a person has left. */
export async function countRecoveryCodes(db: Database, userId: string): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: 'select count(*)::int as count from recovery_codes where user_id = $1 and used_at is null',
    values: [userId],
  })
  return rows[0]?.count ?? 0
}
