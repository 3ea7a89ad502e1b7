import type { Client, TenantTable } from './catalogue.js'

/** Rows that went, by table. */
export type Deleted = Record<string, number>

/**
 * Deletes every row of a tenant but its audit chain, children before parents, in the open transaction. Answers how many
 * went from each table that had any.
 */
export async function deleteRows(
  client: Client,
  tables: readonly TenantTable[],
  tenantId: string,
): Promise<Deleted> {
  const deleted: Deleted = {}
  for (const { name } of [...tables].reverse()) {
    if (name === 'audit_logs') continue
    const column = name === 'tenants' ? 'id' : 'tenant_id'
    const { rowCount } = await client.query(`delete from ${name} where ${column} = $1`, [tenantId])
    if (rowCount) deleted[name] = rowCount
  }
  return deleted
}
