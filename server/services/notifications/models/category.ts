import type { Ctx } from '../../../kernel/context.js'
import type { Database } from '../../../storage/database.js'
import type { Category } from '../rules/categories.js'

type Row = Category & Record<string, unknown>

const COLUMNS = 'c.key, c.name, c.description, c.critical, c.consent, c.channels, c.throttle, c.digest'

/** The categories that a tenant declares, by key. */
export function readCategories(db: Database, tenantId: string): Promise<Category[]> {
  return db.readTenant<Row>(tenantId, {
    name: 'categories-read',
    text: `select ${COLUMNS} from notification_categories c where c.tenant_id = ctx.t::uuid order by c.key`,
  })
}

/** Declares a category, or what a built-in one is for this tenant. */
export async function upsertCategory(ctx: Ctx, category: Category): Promise<void> {
  const { key, name, description, critical, consent, channels, throttle, digest } = category
  await ctx.db.execute({
    text: `insert into notification_categories
        (tenant_id, key, name, description, critical, consent, channels, throttle, digest)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      on conflict (tenant_id, key) do update set name = excluded.name, description = excluded.description,
        critical = excluded.critical, consent = excluded.consent, channels = excluded.channels,
        throttle = excluded.throttle, digest = excluded.digest`,
    values: [
      ctx.tenant.id,
      ...[key, name, description, critical, consent, JSON.stringify(channels)],
      throttle && JSON.stringify(throttle),
      digest && JSON.stringify(digest),
    ],
  })
}

/** Takes a declaration back; false when there is none. */
export async function deleteCategory(ctx: Ctx, key: string): Promise<boolean> {
  const gone = await ctx.db.execute({
    text: 'delete from notification_categories where tenant_id = $1 and key = $2',
    values: [ctx.tenant.id, key],
  })
  return gone === 1
}

/** Has others who declare categories wait until the transaction ends, so that counting them is exact. */
export async function lockCategories(ctx: Ctx): Promise<void> {
  await ctx.db.query({
    text: "select pg_advisory_xact_lock(hashtextextended('notification categories of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
}
