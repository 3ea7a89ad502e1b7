import type { Ctx } from '../../../kernel/context.js'
import { keyErrors } from '../errors.js'
import { keyRegistry } from '../key-registry.js'
import { readUsage as readBuckets } from '../models/key-usage.js'
import { managesAllKeys, personOf } from '../policy.js'
import { presentUsage } from '../present.js'
import type { UsageQuery, UsageView } from '../schemas.js'
import { findVisibleKey } from './find-visible-key.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SPAN = {
  hour: { stepMs: HOUR_MS, usualMs: DAY_MS, mostDays: 31 },
  day: { stepMs: DAY_MS, usualMs: 30 * DAY_MS, mostDays: 400 },
} as const

/** Use of one key in UTC hours or days. Other processes' latest seconds may be missing until they flush. */
export async function readKeyUsage(ctx: Ctx, keyId: string, query: UsageQuery): Promise<UsageView> {
  const key = await findVisibleKey(ctx, keyId)
  return read(ctx, query, key.id, null)
}

/** Use of all keys together that the caller may see, in UTC hours or days. */
export async function readTenantUsage(ctx: Ctx, query: UsageQuery): Promise<UsageView> {
  const { principal } = ctx
  const seesAll = managesAllKeys(principal) || principal.roles.includes('support_agent')
  return read(ctx, query, null, seesAll ? null : (personOf(principal) ?? principal.id))
}

async function read(
  ctx: Ctx,
  query: UsageQuery,
  keyId: string | null,
  ownerUserId: string | null,
): Promise<UsageView> {
  const range = rangeOf(ctx, query)
  // What this process has not written yet should show; where that fails the stored counters are still right.
  await ctx
    .state(keyRegistry)
    .usage.flush()
    .catch(() => undefined)
  const rows = await readBuckets(ctx, { ...range, keyId, ownerUserId })
  return presentUsage(rows, range)
}

/** The range asked for, its start moved back to the start of a bucket. */
function rangeOf(ctx: Ctx, { from, to, bucket }: UsageQuery) {
  const { stepMs, usualMs, mostDays } = SPAN[bucket]
  const end = to ? Date.parse(to) : ctx.now().getTime()
  const wanted = from ? Date.parse(from) : end - usualMs
  const start = wanted - (wanted % stepMs)
  if (end - start > mostDays * DAY_MS + stepMs) throw new keyErrors.RangeTooLong({ days: mostDays })
  return { from: new Date(start), to: new Date(end), bucket }
}
