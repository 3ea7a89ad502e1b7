import { sealedColumn } from '../../../kernel/sealed-column.js'
import type { Database } from '../../../storage/database.js'

/** The installation's pair for web push, its private half sealed. */
export interface SealedPushKey {
  publicKey: string
  privateKeySealed: Buffer
}

/** What the private half is sealed under. */
export const PUSH_KEY_CONTEXT = 'notifications.push-key'

/** Where it is sealed. */
export const sealedPushKeys = sealedColumn({
  table: 'push_keys',
  column: 'private_key_sealed',
  key: ['slot'],
  context: () => PUSH_KEY_CONTEXT,
})

/** The stored pair, or null before there is one. */
export async function readPushKey(db: Database): Promise<SealedPushKey | null> {
  const [row] = await db.readSystem<SealedPushKey & Record<string, unknown>>({
    name: 'push-key-read',
    text: `select public_key as "publicKey", private_key_sealed as "privateKeySealed" from push_keys where slot = 'vapid'`,
  })
  return row ?? null
}

/** Stores a pair unless there is one: of two processes that make one, the first keeps its own. */
export async function storePushKey(db: Database, key: SealedPushKey): Promise<void> {
  await db.readSystem({
    name: 'push-key-store',
    text: `insert into push_keys (slot, public_key, private_key_sealed) values ('vapid', $1, $2) on conflict do nothing`,
    values: [key.publicKey, key.privateKeySealed],
  })
}
