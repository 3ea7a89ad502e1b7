import type { Database } from '../../../storage/database.js'

/** A key that somebody found in public, with what was done about it. */
export interface LeakedKey {
  id: string
  tenantId: string
  name: string
  hash: string
  onLeak: 'revoke' | 'rotate'
  graceUntil: Date | null
  revokedAt: Date | null
  /** False when it was reported before. */
  first: boolean
}

/**
 * Marks the keys with these hashes as leaked, whichever tenants they are of, and stops them as each was told
 * to: at once, or at the end of a grace time that never makes a key live longer. Reporting again changes
 * nothing. Needs a transaction as vetrai_system: whoever holds a leaked key need not belong to its tenant.
 */
export async function markLeaked(
  db: Database,
  hashes: readonly string[],
  input: { now: Date; graceUntil: Date },
): Promise<LeakedKey[]> {
  return db.query<LeakedKey & Record<string, unknown>>({
    name: 'keys-mark-leaked',
    text: `with found as (
        select tenant_id, id, leaked_at is null as first from api_keys where hash = any($1) order by id for update)
      update api_keys k set
        leaked_at = coalesce(k.leaked_at, $2),
        revoked_at = case when k.on_leak = 'revoke' then coalesce(k.revoked_at, $2) else k.revoked_at end,
        grace_until = case when k.on_leak = 'rotate' and f.first then least(k.grace_until, $3) else k.grace_until end
      from found f where k.tenant_id = f.tenant_id and k.id = f.id
      returning k.id, k.tenant_id as "tenantId", k.name, k.hash, k.on_leak as "onLeak",
        k.grace_until as "graceUntil", k.revoked_at as "revokedAt", f.first`,
    values: [hashes, input.now, input.graceUntil],
  })
}
