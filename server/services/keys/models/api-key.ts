import type { Ctx } from '../../../kernel/context.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Role } from '../../../kernel/principal.js'
import type { Credits } from '../rules/credits.js'
import type { KeyState } from '../rules/key-verdict.js'
import type { NamedRateLimit } from '../rules/rate-limits.js'

/** A key as stored; its text is not: `hash` never leaves the models. */
export interface ApiKey {
  id: string
  tenantId: string
  name: string
  environment: 'live' | 'test'
  start: string
  /** The first key of its chain of rotations; credits and rate limits belong to the chain. */
  lineageId: string
  /** Owner when a person's; null when the organisation's. */
  ownerUserId: string | null
  /** Roles a key of the organisation is capped at; empty for a person's key, which follows the person's roles. */
  ceilingRoles: Role[]
  scopes: string[]
  allowedIps: string[] | null
  rateLimits: NamedRateLimit[]
  meta: Record<string, unknown>
  enabled: boolean
  onLeak: 'revoke' | 'rotate'
  expiresAt: Date | null
  graceUntil: Date | null
  revokedAt: Date | null
  leakedAt: Date | null
  rotatedFrom: string | null
  rotatedTo: string | null
  createdByKind: 'user' | 'key' | 'system'
  createdById: string
  createdAt: Date
  updatedAt: Date
  credits: Credits | null
  lastUsedAt: Date | null
}

/** A key about to be stored, with the keyed hash of its text. */
export type NewApiKey = Omit<ApiKey, 'createdAt' | 'updatedAt' | 'lastUsedAt' | 'credits'> & { hash: string }

/** What may change about a key after it was made. */
export type ApiKeyChanges = Partial<
  Pick<
    ApiKey,
    | 'name'
    | 'scopes'
    | 'allowedIps'
    | 'rateLimits'
    | 'meta'
    | 'enabled'
    | 'onLeak'
    | 'expiresAt'
    | 'graceUntil'
    | 'revokedAt'
    | 'leakedAt'
    | 'rotatedTo'
  >
>

/** Which keys a list shows. */
export interface KeyFilter {
  ownerUserId?: string | undefined
  environment?: 'live' | 'test' | undefined
  state?: KeyState | undefined
  name?: string | undefined
}

/** Columns of a key, under the names above; `k` is api_keys. */
export const KEY_COLUMNS = `
  k.id, k.tenant_id as "tenantId", k.name, k.environment, k.start, k.lineage_id as "lineageId", k.owner_user_id as "ownerUserId",
  k.ceiling_roles as "ceilingRoles", k.scopes, k.allowed_ips as "allowedIps", k.rate_limits as "rateLimits", k.meta,
  k.enabled, k.on_leak as "onLeak", k.expires_at as "expiresAt", k.grace_until as "graceUntil",
  k.revoked_at as "revokedAt", k.leaked_at as "leakedAt", k.rotated_from as "rotatedFrom",
  k.rotated_to as "rotatedTo", k.created_by_kind as "createdByKind", k.created_by_id as "createdById",
  k.created_at as "createdAt", k.updated_at as "updatedAt"`

const SELECT = `
  select ${KEY_COLUMNS},
    case when c.lineage_id is not null then json_build_object('remaining', c.remaining, 'refilledAt', c.refilled_at,
      'refill', case when c.refill_interval is not null then json_build_object(
        'interval', c.refill_interval, 'amount', c.refill_amount, 'day', c.refill_day) end) end as credits,
    (select max(u.last_at) from (select last_at from api_key_usage
      where tenant_id = k.tenant_id and key_id = k.id order by hour desc limit 8) u) as "lastUsedAt"
  from api_keys k left join api_key_credits c on c.tenant_id = k.tenant_id and c.lineage_id = k.lineage_id
  where k.tenant_id = $1`

// The same sentence as rules/key-verdict.ts keyState, for filtering; a test compares the two.
const STATE = `case
  when k.revoked_at is not null then 'revoked'
  when not k.enabled then 'disabled'
  when least(k.expires_at, k.grace_until) <= $7 then 'expired'
  when k.grace_until is not null then 'retiring'
  else 'active' end`

type StoredCredits = Omit<Credits, 'refilledAt'> & { refilledAt: string }
type Row = Omit<ApiKey, 'credits'> & { credits: StoredCredits | null } & Record<string, unknown>

/** The key with this id in the caller's tenant, or null. */
export async function findKey(ctx: Ctx, keyId: string): Promise<ApiKey | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'keys-find',
    text: `${SELECT} and k.id = $2`,
    values: [ctx.tenant.id, keyId],
  })
  return row ? fromRow(row) : null
}

/** Like findKey, and keeps others from changing the key until the transaction ends. */
export async function lockKey(ctx: Ctx, keyId: string): Promise<ApiKey | null> {
  await ctx.db.query({
    name: 'keys-lock',
    text: 'select 1 from api_keys where tenant_id = $1 and id = $2 for update',
    values: [ctx.tenant.id, keyId],
  })
  return findKey(ctx, keyId)
}

/** Keys of the caller's tenant, newest first by (created_at, id). */
export async function listKeys(
  ctx: Ctx,
  filter: KeyFilter,
  window: { after: Position | null; limit: number },
): Promise<ApiKey[]> {
  const rows = await ctx.db.query<Row>({
    name: 'keys-list',
    text: `${SELECT}
      and ($2::timestamptz is null or (k.created_at, k.id) < ($2, $3::uuid))
      and ($4::uuid is null or k.owner_user_id = $4)
      and ($5::text is null or k.environment = $5)
      and ($6::text is null or k.name = $6)
      and ($8::text is null or ${STATE} = $8)
      order by k.created_at desc, k.id desc limit $9`,
    values: [
      ctx.tenant.id,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      filter.ownerUserId ?? null,
      filter.environment ?? null,
      filter.name ?? null,
      ctx.now(),
      filter.state ?? null,
      window.limit,
    ],
  })
  return rows.map(fromRow)
}

/** Has others who make keys in this tenant wait until the transaction ends, so that counting them is exact. */
export async function lockKeyCount(ctx: Ctx): Promise<void> {
  await ctx.db.query({
    name: 'keys-lock-count',
    text: "select pg_advisory_xact_lock(hashtextextended('keys of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
}

/** How many keys of the caller's tenant are neither revoked nor past their end. */
export async function countLivingKeys(ctx: Ctx): Promise<number> {
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'keys-count',
    text: `select count(*) as count from api_keys
      where tenant_id = $1 and revoked_at is null and coalesce(least(expires_at, grace_until) > $2, true)`,
    values: [ctx.tenant.id, ctx.now()],
  })
  return row?.count ?? 0
}

/** Stores a new key. */
export async function insertKey(ctx: Ctx, key: NewApiKey): Promise<void> {
  await ctx.db.execute({
    name: 'keys-insert',
    text: `insert into api_keys (tenant_id, id, name, environment, hash, start, owner_kind, owner_user_id, ceiling_roles,
        scopes, allowed_ips, rate_limits, meta, enabled, on_leak, expires_at, grace_until, revoked_at, leaked_at,
        rotated_from, rotated_to, created_by_kind, created_by_id, created_at, updated_at, lineage_id)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $24, $25)`,
    values: [
      key.tenantId,
      key.id,
      key.name,
      key.environment,
      key.hash,
      key.start,
      key.ownerUserId ? 'user' : 'tenant',
      key.ownerUserId,
      key.ceilingRoles,
      key.scopes,
      key.allowedIps,
      JSON.stringify(key.rateLimits),
      JSON.stringify(key.meta),
      key.enabled,
      key.onLeak,
      key.expiresAt,
      key.graceUntil,
      key.revokedAt,
      key.leakedAt,
      key.rotatedFrom,
      key.rotatedTo,
      key.createdByKind,
      key.createdById,
      ctx.now(),
      key.lineageId,
    ],
  })
}

const COLUMN_OF: Record<keyof ApiKeyChanges, string> = {
  name: 'name',
  scopes: 'scopes',
  allowedIps: 'allowed_ips',
  rateLimits: 'rate_limits',
  meta: 'meta',
  enabled: 'enabled',
  onLeak: 'on_leak',
  expiresAt: 'expires_at',
  graceUntil: 'grace_until',
  revokedAt: 'revoked_at',
  leakedAt: 'leaked_at',
  rotatedTo: 'rotated_to',
}

/** Changes only the named columns, so that a writer can never undo what another wrote meanwhile. */
export async function updateKey(ctx: Ctx, keyId: string, changes: ApiKeyChanges): Promise<void> {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined) as [
    keyof ApiKeyChanges,
    unknown,
  ][]
  if (named.length === 0) return
  const sets = named.map(([field], i) => `${COLUMN_OF[field]} = $${i + 3}`)
  const values = named.map(([field, value]) =>
    field === 'rateLimits' || field === 'meta' ? JSON.stringify(value) : value,
  )
  await ctx.db.execute({
    text: `update api_keys set ${sets.join(', ')} where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, keyId, ...values],
  })
}

/** Removes a key for good; its use stays on record, and its credits go with the last key of the lineage. */
export async function removeKey(ctx: Ctx, key: Pick<ApiKey, 'id' | 'lineageId'>): Promise<void> {
  await ctx.db.execute({
    name: 'keys-delete',
    text: 'delete from api_keys where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, key.id],
  })
  await ctx.db.execute({
    name: 'keys-delete-credits',
    text: `delete from api_key_credits where tenant_id = $1 and lineage_id = $2
      and not exists (select 1 from api_keys where tenant_id = $1 and lineage_id = $2)`,
    values: [ctx.tenant.id, key.lineageId],
  })
}

/** The stored hash of a key: what the caches of all processes know it by. */
export async function hashOfKey(ctx: Ctx, keyId: string): Promise<string | null> {
  const [row] = await ctx.db.query<{ hash: string }>({
    name: 'keys-hash',
    text: 'select hash from api_keys where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, keyId],
  })
  return row?.hash ?? null
}

/**
 * Revokes the keys of a person that were made until `madeUntil`, in all tenants the open transaction sees;
 * answers those that were not revoked before.
 */
export async function revokeKeysOfOwner(
  ctx: Ctx,
  ownerUserId: string,
  madeUntil: Date,
): Promise<{ id: string; tenantId: string; hash: string }[]> {
  return ctx.db.query({
    name: 'keys-revoke-of-owner',
    text: `update api_keys set revoked_at = $2 where owner_user_id = $1 and revoked_at is null and created_at <= $3
      returning id, tenant_id as "tenantId", hash`,
    values: [ownerUserId, ctx.now(), madeUntil],
  })
}

/** A key whose end is near. */
export interface ExpiringKey extends Record<string, unknown> {
  keyId: string
  tenantId: string
  name: string
  start: string
  ownerUserId: string | null
  expiresAt: Date
}

/**
 * Working keys of all tenants whose end comes within some days and was not told of yet, and keeps that it is told now.
 * Keys that were made for a short time, or have a successor, are left out. Needs a system transaction.
 */
export function announceExpiring(
  ctx: Ctx,
  { aheadDays, limit }: { aheadDays: number; limit: number },
): Promise<ExpiringKey[]> {
  return ctx.db.query<ExpiringKey>({
    name: 'keys-announce-expiring',
    text: `update api_keys k set expiry_announced = k.expires_at
      where (k.tenant_id, k.id) in (select e.tenant_id, e.id from api_keys e
        where e.expires_at > $1 and e.expires_at <= $1::timestamptz + make_interval(days => $2)
          and e.expiry_announced is distinct from e.expires_at
          and e.created_at < e.expires_at - make_interval(days => 2 * $2)
          and e.revoked_at is null and e.rotated_to is null and e.enabled
        order by e.expires_at limit $3 for update skip locked)
      returning k.id as "keyId", k.tenant_id as "tenantId", k.name, k.start, k.owner_user_id as "ownerUserId",
        k.expires_at as "expiresAt"`,
    values: [ctx.now(), aheadDays, limit],
  })
}

function fromRow(row: Row): ApiKey {
  const { credits } = row
  return { ...row, credits: credits && { ...credits, refilledAt: new Date(credits.refilledAt) } }
}
