import type { Database } from '../../../storage/database.js'

/** The quota that bounds how many members a tenant has; its use is counted, not reserved. */
export const SEATS = 'seats'

/** How many members a tenant may have, null without a bound; who asks next waits until this transaction ends. */
export async function lockSeatLimit(db: Database, tenantId: string): Promise<number | null> {
  const rows = await db.query<{ quota_limit: number | null }>({
    text: 'select quota_limit from quotas where tenant_id = $1 and resource = $2 for update',
    values: [tenantId, SEATS],
  })
  return rows[0]?.quota_limit ?? null
}
