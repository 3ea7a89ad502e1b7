import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Database } from '../../../storage/database.js'
import type { AddressedChannel } from '../rules/addresses.js'

export const SUPPRESSION_REASONS = ['hard_bounce', 'complaint', 'gone', 'invalid', 'manual'] as const
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number]

/** An address that is not written to; its plain text is kept nowhere. */
export interface Suppression {
  id: string
  channel: AddressedChannel
  masked: string
  reason: SuppressionReason
  source: string
  createdAt: Date
}

/** A suppression about to be stored; all zeros as tenant stand for the whole installation. */
export interface NewSuppression extends Pick<Suppression, 'channel' | 'masked' | 'reason' | 'source'> {
  tenantId: string
  addressHash: string
}

type Row = Suppression & Record<string, unknown>

const COLUMNS = 'id, channel, masked, reason, source, created_at as "createdAt"'

/** Stores a suppression unless the address has one: the first reason stays. */
export async function storeSuppression(
  db: Database,
  { tenantId, channel, addressHash, masked, reason, source }: NewSuppression,
): Promise<{ suppression: Suppression; isNew: boolean }> {
  const [made] = await db.query<Row>({
    name: 'suppressions-store',
    text: `insert into notification_suppressions (tenant_id, id, channel, address_hash, masked, reason, source)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant_id, channel, address_hash) do nothing returning ${COLUMNS}`,
    values: [tenantId, newId(), channel, addressHash, masked, reason, source],
  })
  if (made) return { suppression: made, isNew: true }
  const [known] = await db.query<Row>({
    name: 'suppressions-known',
    text: `select ${COLUMNS} from notification_suppressions
      where tenant_id = $1 and channel = $2 and address_hash = $3`,
    values: [tenantId, channel, addressHash],
  })
  // Removed between the two statements: it is stored anew.
  return known
    ? { suppression: known, isNew: false }
    : storeSuppression(db, { tenantId, channel, addressHash, masked, reason, source })
}

/** Which of these hashes are suppressed in any of these tenants, and why; of several reasons the oldest. */
export async function findSuppressed(
  db: Database,
  tenantIds: readonly string[],
  channel: AddressedChannel,
  hashes: readonly string[],
): Promise<{ addressHash: string; reason: SuppressionReason; since: Date }[]> {
  if (hashes.length === 0) return []
  return db.readSystem({
    name: 'suppressions-find',
    text: `select distinct on (address_hash) address_hash as "addressHash", reason, created_at as since
      from notification_suppressions
      where tenant_id = any($1::uuid[]) and channel = $2 and address_hash = any($3::text[])
      order by address_hash, created_at`,
    values: [tenantIds, channel, hashes],
  })
}

/** What a list shows. */
export interface SuppressionFilter {
  channel?: AddressedChannel | undefined
  reason?: SuppressionReason | undefined
  addressHash?: string | undefined
}

/** Suppressions of a tenant, newest first. */
export function listSuppressions(
  db: Database,
  tenantId: string,
  filter: SuppressionFilter,
  window: { after: Position | null; limit: number },
): Promise<Suppression[]> {
  return db.query<Row>({
    name: 'suppressions-list',
    text: `select ${COLUMNS} from notification_suppressions
      where tenant_id = $1 and ($2::text is null or channel = $2) and ($3::text is null or reason = $3)
        and ($4::text is null or address_hash = $4)
        and ($5::timestamptz is null or (created_at, id) < ($5, $6::uuid))
      order by created_at desc, id desc limit $7`,
    values: [
      tenantId,
      filter.channel ?? null,
      filter.reason ?? null,
      filter.addressHash ?? null,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      window.limit,
    ],
  })
}

/** One suppression of a tenant, or null. */
export async function findSuppression(
  db: Database,
  tenantId: string,
  id: string,
): Promise<Suppression | null> {
  const [row] = await db.query<Row>({
    name: 'suppressions-get',
    text: `select ${COLUMNS} from notification_suppressions where tenant_id = $1 and id = $2`,
    values: [tenantId, id],
  })
  return row ?? null
}

/** Removes a suppression; answers it, or null where there is none. */
export async function removeSuppression(
  db: Database,
  tenantId: string,
  id: string,
): Promise<Suppression | null> {
  const [row] = await db.query<Row>({
    name: 'suppressions-remove',
    text: `delete from notification_suppressions where tenant_id = $1 and id = $2 returning ${COLUMNS}`,
    values: [tenantId, id],
  })
  return row ?? null
}
