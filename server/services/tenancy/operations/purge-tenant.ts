import type { Ctx } from '../../../kernel/context.js'
import { findTenantRow, lockTenantRow, type Tenant } from '../models/tenant.js'
import { deleteTenantRow, deleteTenantRows, tenantTables } from '../models/tenant-data.js'
import { forgetTenant } from '../state.js'

/** Rows removed in one statement: short enough for the statement timeout, whatever the table. */
const BATCH = 5_000

/**
 * Removes every row of a tenant from every tenant table, then the tenant. Only one whose grace has passed; one
 * resumed meanwhile keeps what is left, so rows go only while the tenant's own row is held. Large tables are emptied
 * in transactions of their own; after a crash the next run goes on. Call it outside of transactions.
 */
export async function purgeTenant(ctx: Ctx, tenantId: string): Promise<void> {
  const across = { role: 'system', tenantId: null } as const
  while (!(await ctx.db.transaction(across, () => purgeStep(ctx, tenantId))));
}

/** One transaction's worth; true when nothing is left to do. */
async function purgeStep(ctx: Ctx, tenantId: string): Promise<boolean> {
  const tenant = await lockTenantRow(ctx.db, tenantId)
  if (!tenant || !isDue(tenant, ctx.now())) return true
  if (!(await emptyTables(ctx, tenantId))) return false
  await finish(ctx, tenant)
  return true
}

/**
 * Removes what was written for a tenant after its purge: counters that some process still held. Call it outside of
 * transactions; safe to repeat.
 */
export async function sweepPurged(ctx: Ctx, tenantId: string): Promise<void> {
  const across = { role: 'system', tenantId: null } as const
  const step = async () => (await findTenantRow(ctx.db, tenantId)) !== null || emptyTables(ctx, tenantId)
  while (!(await ctx.db.transaction(across, step)));
}

/** Removes a batch from every table; true when none is left. */
async function emptyTables(ctx: Ctx, tenantId: string): Promise<boolean> {
  for (const table of await tenantTables(ctx.db)) {
    if ((await deleteTenantRows(ctx.db, table, tenantId, BATCH)) >= BATCH) return false
  }
  return true
}

async function finish(ctx: Ctx, { id, slug }: Tenant): Promise<void> {
  await deleteTenantRow(ctx.db, id)
  await ctx.emit('tenancy.tenant.purged', { tenantId: id, slug }, id)
  // The chain of the tenant ends with this line; operators find the same in their own.
  await ctx.audit({ action: 'tenant.purged', target: id, tenantId: null, detail: { slug } })
  await ctx.audit({ action: 'tenant.purged', target: id, tenantId: id, detail: { slug } })
  forgetTenant(ctx, id, slug)
}

function isDue({ status, purgeAfter }: Tenant, now: Date): boolean {
  return status === 'deleting' && purgeAfter !== null && purgeAfter <= now
}
