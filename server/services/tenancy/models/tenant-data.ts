import type { Database } from '../../../storage/database.js'

/**
 * Every table that holds rows of tenants, children before what they refer to, from the catalogue: those with a
 * tenant_id under forced row-level security, whichever service made them. The audit log is left out: it is
 * append-only by decree of the database, and the proof of what was done must outlive whom it was done to.
 */
export async function tenantTables(db: Database): Promise<string[]> {
  const tables = await db.query<{ name: string }>({
    text: `select quote_ident(c.relname) as name from pg_class c join pg_attribute a on a.attrelid = c.oid
           where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
             and c.relforcerowsecurity and a.attname = 'tenant_id' and not a.attisdropped
             and c.relname not in ('audit_logs', 'audit_heads')
           order by c.relname`,
  })
  const references = await db.query<{ child: string; parent: string }>({
    text: `select quote_ident(c.relname) as child, quote_ident(p.relname) as parent from pg_constraint k
           join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
           where k.contype = 'f' and k.conrelid <> k.confrelid`,
  })
  return childrenFirst(
    tables.map((table) => table.name),
    references,
  )
}

/** Removes at most `limit` of a tenant's rows from a table; answers how many went. Needs a system transaction. */
export async function deleteTenantRows(
  db: Database,
  table: string,
  tenantId: string,
  limit: number,
): Promise<number> {
  return db.execute({
    text: `delete from ${table} where tenant_id = $1 and ctid = any(array(
             select ctid from ${table} where tenant_id = $1 limit $2))`,
    values: [tenantId, limit],
  })
}

/** Removes the tenant itself. Needs a system transaction. */
export async function deleteTenantRow(db: Database, tenantId: string): Promise<void> {
  await db.query({ text: 'delete from tenants where id = $1', values: [tenantId] })
}

function childrenFirst(names: string[], references: readonly { child: string; parent: string }[]): string[] {
  const sorted: string[] = []
  const visit = (name: string, trail: readonly string[]): void => {
    if (sorted.includes(name) || trail.includes(name)) return
    for (const { child, parent } of references) {
      if (parent === name && names.includes(child)) visit(child, [...trail, name])
    }
    sorted.push(name)
  }
  for (const name of names) visit(name, [])
  return sorted
}
