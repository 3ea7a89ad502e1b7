import type { Ctx } from '../../../kernel/context.js'
import type { Quota, QuotaRef } from '../models/quota.js'

/** Shares of a limit that are told of, in percent. */
const SHARES = [80, 100] as const

/**
 * Tells that use of a quota has just reached a share of its limit. Exactly one of those who use it at the same time
 * takes it over the line, because each counts on a locked row. Needs an open transaction.
 */
export async function tellNear(
  ctx: Ctx,
  { tenantId, resource }: QuotaRef,
  { used, limit, resetsAt }: Quota,
  added: number,
): Promise<void> {
  if (!limit) return
  const reached = SHARES.filter(
    (share) => used * 100 >= share * limit && (used - added) * 100 < share * limit,
  )
  const percent = reached.at(-1)
  if (percent === undefined) return
  const facts = { resource, percent, used, limit, resetsAt: resetsAt?.toISOString() ?? null }
  await ctx.emit('tenancy.quota.near', facts, tenantId)
}
