import type { Ctx } from '../../../../kernel/context.js'

/** How an endpoint does. */
export interface WebhookHealth {
  /** Since when there were nothing but failures; null after a success. */
  failingSince: Date | null
  /** Failures in a row. */
  failures: number
  lastSuccessAt: Date | null
  lastFailureAt: Date | null
  pausedUntil: Date | null
}

const COLUMNS = `failing_since as "failingSince", failures, last_success_at as "lastSuccessAt",
  last_failure_at as "lastFailureAt", paused_until as "pausedUntil"`

/** Begins the record of a new endpoint. */
export async function insertHealth(ctx: Ctx, endpointId: string): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-health-insert',
    text: 'insert into webhook_health (tenant_id, endpoint_id) values ($1, $2)',
    values: [ctx.tenant.id, endpointId],
  })
}

/** The health of an endpoint, or null where there is no such endpoint. */
export async function readHealth(ctx: Ctx, endpointId: string): Promise<WebhookHealth | null> {
  const [row] = await ctx.db.query<WebhookHealth & Record<string, unknown>>({
    name: 'webhook-health-read',
    text: `select ${COLUMNS} from webhook_health where tenant_id = $1 and endpoint_id = $2`,
    values: [ctx.tenant.id, endpointId],
  })
  return row ?? null
}

/** Seconds within which a further success is not written down: a busy endpoint's row would be changed all the time. */
const SUCCESS_GRAIN_S = 10

/** Ends a time of failures. */
export async function noteSuccess(ctx: Ctx, endpointId: string): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-health-success',
    text: `update webhook_health set failing_since = null, failures = 0, paused_until = null, last_success_at = $3
      where tenant_id = $1 and endpoint_id = $2 and (failures > 0 or last_success_at is null
        or last_success_at < $3::timestamptz - make_interval(secs => $4))`,
    values: [ctx.tenant.id, endpointId, ctx.now(), SUCCESS_GRAIN_S],
  })
}

/** Counts a failure; answers how many there were in a row and since when. Null where the endpoint is gone. */
export async function noteFailure(
  ctx: Ctx,
  endpointId: string,
): Promise<{ failures: number; failingSince: Date } | null> {
  const [row] = await ctx.db.query<{ failures: number; failingSince: Date }>({
    name: 'webhook-health-failure',
    text: `update webhook_health set failures = failures + 1, failing_since = coalesce(failing_since, $3),
        last_failure_at = $3 where tenant_id = $1 and endpoint_id = $2
      returning failures, failing_since as "failingSince"`,
    values: [ctx.tenant.id, endpointId, ctx.now()],
  })
  return row ?? null
}

/** Has nothing sent to an endpoint until then; a pause that ends later stays. */
export async function pauseEndpoint(ctx: Ctx, endpointId: string, until: Date): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-health-pause',
    text: `update webhook_health set paused_until = greatest(paused_until, $3) where tenant_id = $1 and endpoint_id = $2`,
    values: [ctx.tenant.id, endpointId, until],
  })
}

/** Forgets failures, pauses and reserved times: the endpoint starts anew. */
export async function resetHealth(ctx: Ctx, endpointId: string): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-health-reset',
    text: `update webhook_health set failing_since = null, failures = 0, paused_until = null, next_slot_at = null
      where tenant_id = $1 and endpoint_id = $2`,
    values: [ctx.tenant.id, endpointId],
  })
}

/**
 * Takes the next free time of an endpoint whose deliveries are spaced evenly: now, or later when others took it
 * before. Each delivery gets a time of its own, so that however many wait none asks twice.
 */
export async function takeSlot(ctx: Ctx, endpointId: string, perMinute: number, now: Date): Promise<Date> {
  const [row] = await ctx.db.query<{ at: Date }>({
    name: 'webhook-health-slot',
    text: `update webhook_health set next_slot_at = greatest(next_slot_at, $3) + make_interval(secs => 60.0 / $4)
      where tenant_id = $1 and endpoint_id = $2
      returning next_slot_at - make_interval(secs => 60.0 / $4) as at`,
    values: [ctx.tenant.id, endpointId, now, perMinute],
  })
  return row?.at ?? now
}
