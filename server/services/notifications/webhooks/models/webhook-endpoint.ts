import type { Ctx } from '../../../../kernel/context.js'
import type { Position } from '../../../../kernel/pagination.js'
import type { Scheme } from '../signing/signature.js'

/** Why an endpoint gets nothing: somebody switched it off, it answered 410, or it failed for too long. */
export type DisabledReason = 'manual' | 'gone' | 'failing'

/** A signing key as everybody may see it. */
export interface ShownKey {
  scheme: Scheme
  publicKey: string | null
  createdAt: Date
  /** Null for the key in use. */
  expiresAt: Date | null
}

/** Where a tenant wants to be told. The values of its headers are sealed. */
export interface WebhookEndpoint {
  id: string
  url: string
  description: string
  eventTypes: string[]
  headerNames: string[]
  headersSealed: Buffer | null
  ratePerMinute: number | null
  disabledAt: Date | null
  disabledReason: DisabledReason | null
  createdAt: Date
  updatedAt: Date
  /** Those that sign at the moment, newest first. */
  keys: ShownKey[]
}

/** What its tenant decides about an endpoint. */
export type EndpointFields = Pick<
  WebhookEndpoint,
  | 'url'
  | 'description'
  | 'eventTypes'
  | 'headerNames'
  | 'headersSealed'
  | 'ratePerMinute'
  | 'disabledAt'
  | 'disabledReason'
>

/** Which endpoints a list shows. */
export interface EndpointFilter {
  enabled?: boolean | undefined
  url?: string | undefined
}

const SELECT = `
  select e.id, e.url, e.description, e.event_types as "eventTypes", e.header_names as "headerNames",
    e.headers_sealed as "headersSealed", e.rate_per_minute as "ratePerMinute", e.disabled_at as "disabledAt",
    e.disabled_reason as "disabledReason", e.created_at as "createdAt", e.updated_at as "updatedAt",
    (select coalesce(jsonb_agg(jsonb_build_object('scheme', k.scheme, 'publicKey', k.public_key,
        'createdAt', k.created_at, 'expiresAt', k.expires_at) order by k.created_at desc, k.id desc), '[]')
      from webhook_keys k where k.tenant_id = e.tenant_id and k.endpoint_id = e.id
        and (k.expires_at is null or k.expires_at > $2)) as keys
  from webhook_endpoints e where e.tenant_id = $1`

type StoredKey = Omit<ShownKey, 'createdAt' | 'expiresAt'> & { createdAt: string; expiresAt: string | null }
type Row = Omit<WebhookEndpoint, 'keys'> & { keys: StoredKey[] } & Record<string, unknown>

/** The endpoint with this id in the caller's tenant, or null. */
export async function findEndpoint(ctx: Ctx, endpointId: string): Promise<WebhookEndpoint | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'webhook-endpoints-find',
    text: `${SELECT} and e.id = $3`,
    values: [ctx.tenant.id, ctx.now(), endpointId],
  })
  return row ? fromRow(row) : null
}

/** Like findEndpoint, and keeps others from changing it until the transaction ends. */
export async function lockEndpoint(ctx: Ctx, endpointId: string): Promise<WebhookEndpoint | null> {
  await ctx.db.query({
    name: 'webhook-endpoints-lock',
    text: 'select 1 from webhook_endpoints where tenant_id = $1 and id = $2 for no key update',
    values: [ctx.tenant.id, endpointId],
  })
  return findEndpoint(ctx, endpointId)
}

/** Endpoints of the caller's tenant, newest first by (created_at, id). */
export async function listEndpoints(
  ctx: Ctx,
  filter: EndpointFilter,
  window: { after: Position | null; limit: number },
): Promise<WebhookEndpoint[]> {
  const rows = await ctx.db.query<Row>({
    name: 'webhook-endpoints-list',
    text: `${SELECT}
      and ($3::timestamptz is null or (e.created_at, e.id) < ($3, $4::uuid))
      and ($5::boolean is null or (e.disabled_at is null) = $5)
      and ($6::text is null or e.url = $6)
      order by e.created_at desc, e.id desc limit $7`,
    values: [
      ctx.tenant.id,
      ctx.now(),
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      filter.enabled ?? null,
      filter.url ?? null,
      window.limit,
    ],
  })
  return rows.map(fromRow)
}

/** An endpoint that a message goes to. */
export interface Target {
  id: string
  /** False where it was disabled without its tenant's doing: what it misses is kept, to be sent later. */
  isEnabled: boolean
}

/** Endpoints of the caller's tenant with one of these subscriptions; not those somebody switched off. */
export async function subscribedEndpoints(ctx: Ctx, subscriptions: readonly string[]): Promise<Target[]> {
  return ctx.db.query<Target & Record<string, unknown>>({
    name: 'webhook-endpoints-subscribed',
    text: `select id, disabled_at is null as "isEnabled" from webhook_endpoints
      where tenant_id = $1 and event_types && $2 and disabled_reason is distinct from 'manual' order by id`,
    values: [ctx.tenant.id, subscriptions],
  })
}

/** Those of these endpoints that are there and enabled. */
export async function enabledAmong(ctx: Ctx, endpointIds: readonly string[]): Promise<string[]> {
  const rows = await ctx.db.query<{ id: string }>({
    name: 'webhook-endpoints-enabled',
    text: `select id from webhook_endpoints where tenant_id = $1 and id = any($2::uuid[]) and disabled_at is null
      order by id`,
    values: [ctx.tenant.id, endpointIds],
  })
  return rows.map(({ id }) => id)
}

/** How many endpoints the caller's tenant has; others that make one wait until the transaction ends. */
export async function countEndpoints(ctx: Ctx): Promise<number> {
  await ctx.db.query({
    name: 'webhook-endpoints-lock-count',
    text: "select pg_advisory_xact_lock(hashtextextended('webhook endpoints of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'webhook-endpoints-count',
    text: 'select count(*) as count from webhook_endpoints where tenant_id = $1',
    values: [ctx.tenant.id],
  })
  return row?.count ?? 0
}

/** Stores a new endpoint. */
export async function insertEndpoint(ctx: Ctx, id: string, fields: EndpointFields): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-endpoints-insert',
    text: `insert into webhook_endpoints (tenant_id, id, url, description, event_types, header_names, headers_sealed,
        rate_per_minute, disabled_at, disabled_reason, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
    values: [
      ctx.tenant.id,
      id,
      fields.url,
      fields.description,
      fields.eventTypes,
      fields.headerNames,
      fields.headersSealed,
      fields.ratePerMinute,
      fields.disabledAt,
      fields.disabledReason,
      ctx.now(),
    ],
  })
}

const COLUMN_OF: Record<keyof EndpointFields, string> = {
  url: 'url',
  description: 'description',
  eventTypes: 'event_types',
  headerNames: 'header_names',
  headersSealed: 'headers_sealed',
  ratePerMinute: 'rate_per_minute',
  disabledAt: 'disabled_at',
  disabledReason: 'disabled_reason',
}

/** Changes only the named columns. */
export async function updateEndpoint(
  ctx: Ctx,
  endpointId: string,
  changes: Partial<EndpointFields>,
): Promise<void> {
  const named = Object.entries(changes) as [keyof EndpointFields, unknown][]
  if (named.length === 0) return
  const sets = named.map(([field], i) => `${COLUMN_OF[field]} = $${i + 3}`)
  await ctx.db.execute({
    text: `update webhook_endpoints set ${sets.join(', ')} where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, endpointId, ...named.map(([, value]) => value)],
  })
}

/** Disables an endpoint that is not disabled yet; answers it, or null. */
export async function disableEndpoint(
  ctx: Ctx,
  endpointId: string,
  reason: DisabledReason,
): Promise<{ url: string } | null> {
  const [row] = await ctx.db.query<{ url: string }>({
    name: 'webhook-endpoints-disable',
    text: `update webhook_endpoints set disabled_at = $3, disabled_reason = $4
      where tenant_id = $1 and id = $2 and disabled_at is null returning url`,
    values: [ctx.tenant.id, endpointId, ctx.now(), reason],
  })
  return row ?? null
}

/** Removes an endpoint with its keys; what was sent to it stays on record. */
export async function removeEndpoint(ctx: Ctx, endpointId: string): Promise<boolean> {
  const removed = await ctx.db.execute({
    name: 'webhook-endpoints-delete',
    text: 'delete from webhook_endpoints where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, endpointId],
  })
  return removed > 0
}

function fromRow(row: Row): WebhookEndpoint {
  const keys = row.keys.map((key) => ({
    ...key,
    createdAt: new Date(key.createdAt),
    expiresAt: key.expiresAt ? new Date(key.expiresAt) : null,
  }))
  return { ...row, keys }
}
