import type { Ctx } from '../../../kernel/context.js'

/** Rows that one statement removes at most: short enough for the statement timeout, whatever depends on them. */
const BATCH = 1_000

/**
 * What is old, by table; $1 is the moment before which a row must have been made. Deliveries and attempts go with their
 * message, which stays while it is still to be sent; a digest's items stay while it is open.
 */
const OLD = {
  notification_messages: `created_at < $1 and coalesce(send_at, created_at) < $1
    and not exists (select 1 from notification_deliveries d where d.tenant_id = t.tenant_id and d.message_id = t.id
      and d.status in ('pending', 'scheduled', 'sending'))
    and not exists (select 1 from notification_deliveries d join notification_digests g
      on g.tenant_id = d.tenant_id and g.id = d.digest_id
      where d.tenant_id = t.tenant_id and d.message_id = t.id and g.closed_at is null)`,
  notification_digests: 'closed_at < $1',
  notification_throttles: 'window_ends < $1',
  notification_inbox_items: 'created_at < $1 and coalesce(snoozed_until, created_at) < $1',
} as const

/** Removes some old rows of a table; answers whether there may be more. Needs a system transaction. */
export async function removeOld(ctx: Ctx, table: keyof typeof OLD, before: Date): Promise<boolean> {
  const gone = await ctx.db.execute({
    text: `delete from ${table} where ctid = any(array(
      select t.ctid from ${table} t where ${OLD[table]} limit ${BATCH}))`,
    values: [before],
  })
  return gone === BATCH
}
