import type { Ctx } from '../../../kernel/context.js'
import type { Database } from '../../../storage/database.js'
import { type Credits, lastRefillAt, type Refill } from '../rules/credits.js'

/** Gives a key and its whole lineage these credits, replacing what they had; null makes them unlimited. */
export async function setCredits(
  ctx: Ctx,
  lineageId: string,
  credits: Omit<Credits, 'refilledAt'> | null,
): Promise<void> {
  if (!credits) {
    await ctx.db.execute({
      name: 'keys-credits-clear',
      text: 'delete from api_key_credits where tenant_id = $1 and lineage_id = $2',
      values: [ctx.tenant.id, lineageId],
    })
    return
  }
  const { remaining, refill } = credits
  await ctx.db.execute({
    name: 'keys-credits-set',
    text: `insert into api_key_credits
        (tenant_id, lineage_id, remaining, refill_interval, refill_amount, refill_day, refilled_at)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant_id, lineage_id) do update set remaining = excluded.remaining,
        refill_interval = excluded.refill_interval, refill_amount = excluded.refill_amount,
        refill_day = excluded.refill_day, refilled_at = excluded.refilled_at`,
    values: [
      ctx.tenant.id,
      lineageId,
      remaining,
      refill?.interval ?? null,
      refill?.amount ?? null,
      refill?.day ?? null,
      ctx.now(),
    ],
  })
}

/** How a spend ended, and what is left. */
export type SpendResult = { ok: boolean; remaining: number }

/**
 * Spends credits in one conditional UPDATE: exact under any number of callers, because the row's lock orders
 * them and the condition is judged again on the newest version. A refill that is due happens in the same
 * statement. The calendar comes from rules/credits.ts as one moment.
 */
export async function spendCredits(
  db: Database,
  key: { tenantId: string; lineageId: string },
  cost: number,
  refill: Refill | null,
  now: Date,
): Promise<SpendResult> {
  const dueBefore = refill ? lastRefillAt(refill, now) : null
  // As vetrai_system: an UPDATE cannot bind its tenant in the same statement, and both ids are given.
  const [row] = await db.readSystem<{ spent: number | null; left: number | null }>({
    name: 'keys-spend',
    text: `with spent as (
        update api_key_credits set
          remaining = case when refilled_at < $4 and refill_amount is not null then refill_amount else remaining end - $3,
          refilled_at = case when refilled_at < $4 and refill_amount is not null then $5 else refilled_at end
        where tenant_id = $1 and lineage_id = $2
          and case when refilled_at < $4 and refill_amount is not null then refill_amount else remaining end >= $3
        returning remaining)
      select (select remaining from spent) as spent,
        (select case when refilled_at < $4 and refill_amount is not null then refill_amount else remaining end
         from api_key_credits where tenant_id = $1 and lineage_id = $2) as left`,
    values: [key.tenantId, key.lineageId, cost, dueBefore, now],
  })
  const spent = row?.spent ?? null
  if (spent !== null) return { ok: true, remaining: spent }
  // No row at all: the credits were taken away a moment ago. Refusing is right until the cache knows more.
  return { ok: false, remaining: row?.left ?? 0 }
}
