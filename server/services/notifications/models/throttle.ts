import type { Ctx } from '../../../kernel/context.js'
import type { CountedThrottle } from '../rules/decide.js'

/** Messages counted for a recipient under a throttle's key, in its running period. */
export interface ThrottleCount extends Record<string, unknown> {
  recipientId: string
  key: string
  used: number
}

/** The counts as they stand; what is not there counts nothing. */
export function readThrottles(
  ctx: Ctx,
  recipientIds: readonly string[],
  keys: readonly string[],
): Promise<ThrottleCount[]> {
  return ctx.db.query<ThrottleCount>({
    name: 'throttles-read',
    text: `select recipient_id as "recipientId", key, used from notification_throttles
           where tenant_id = $1 and recipient_id = any($2::uuid[]) and key = any($3::text[]) and window_ends > $4`,
    values: [ctx.tenant.id, recipientIds, keys, ctx.now()],
  })
}

/**
 * Like readThrottles, and has others who count for these recipients wait until the transaction ends, in one order, so
 * that a throttle is exact however many messages come at once.
 */
export function lockThrottles(
  ctx: Ctx,
  recipientIds: readonly string[],
  throttles: readonly CountedThrottle[],
): Promise<ThrottleCount[]> {
  return ctx.db.query<ThrottleCount>({
    name: 'throttles-lock',
    text: `insert into notification_throttles as t (tenant_id, recipient_id, key, window_ends, used)
      select $1, r.id, k.key, $5::timestamptz + make_interval(secs => k.window_s), 0
      from unnest($2::uuid[]) r (id) cross join unnest($3::text[], $4::int[]) k (key, window_s)
      order by r.id, k.key
      on conflict (tenant_id, recipient_id, key) do update set
        used = case when t.window_ends > $5 then t.used else 0 end,
        window_ends = case when t.window_ends > $5 then t.window_ends else excluded.window_ends end
      returning recipient_id as "recipientId", key, used`,
    values: [
      ctx.tenant.id,
      recipientIds,
      throttles.map((throttle) => throttle.key),
      throttles.map((throttle) => throttle.windowS),
      ctx.now(),
    ],
  })
}

/** Counts one message for each of these recipients; the period begins with the first. */
export async function countThrottles(
  ctx: Ctx,
  recipientIds: readonly string[],
  throttles: readonly CountedThrottle[],
): Promise<void> {
  await ctx.db.execute({
    name: 'throttles-count',
    text: `update notification_throttles t set used = t.used + 1,
        window_ends = case when t.used = 0 then $5::timestamptz + make_interval(secs => k.window_s)
          else t.window_ends end
      from unnest($3::text[], $4::int[]) k (key, window_s)
      where t.tenant_id = $1 and t.recipient_id = any($2::uuid[]) and t.key = k.key`,
    values: [
      ctx.tenant.id,
      recipientIds,
      throttles.map((throttle) => throttle.key),
      throttles.map((throttle) => throttle.windowS),
      ctx.now(),
    ],
  })
}
