import { sealedColumn } from '../../../kernel/sealed-column.js'
import type { Database } from '../../../storage/database.js'
import type { PublicJwk } from '../jwt/signing-key.js'

export interface StoredSigningKey extends Record<string, unknown> {
  kid: string
  publicJwk: PublicJwk
  privateSealed: Buffer
  activeFrom: Date
}

const SELECT = `select kid, public_jwk as "publicJwk", private_sealed as "privateSealed", active_from as "activeFrom"
  from signing_keys order by active_from`

/** What a private key is sealed under, so that no other row's key can be put in its place. */
export function signingKeySealContext(kid: string): string {
  return `auth-signing-key:${kid}`
}

/** Where private halves are sealed. */
export const sealedSigningKeys = sealedColumn({
  table: 'signing_keys',
  column: 'private_sealed',
  key: ['kid'],
  context: ({ kid = '' }) => signingKeySealContext(kid),
})

/** All signing keys, outside any transaction. */
export async function readSigningKeys(db: Database): Promise<StoredSigningKey[]> {
  return db.readGlobal<StoredSigningKey>({ text: SELECT })
}

/** All signing keys, and nobody else may add one until the transaction ends. */
export async function lockSigningKeys(db: Database): Promise<StoredSigningKey[]> {
  await db.query({ text: "select pg_advisory_xact_lock(hashtext('vetrai.signing_keys'))" })
  return db.query<StoredSigningKey>({ text: SELECT })
}

/** Adds a key. */
export async function insertSigningKey(db: Database, key: StoredSigningKey): Promise<void> {
  await db.query({
    text: 'insert into signing_keys (kid, public_jwk, private_sealed, active_from) values ($1, $2, $3, $4)',
    values: [key.kid, JSON.stringify(key.publicJwk), key.privateSealed, key.activeFrom],
  })
}

/** Removes keys nothing is verified with any more. */
export async function deleteSigningKeys(db: Database, kids: readonly string[]): Promise<void> {
  await db.query({ text: 'delete from signing_keys where kid = any($1)', values: [kids] })
}
