import type { z } from 'zod'
import type { ApiKey } from './models/api-key.js'
import type { KeyIdentity } from './models/key-identity.js'
import type { UsageBucket } from './models/key-usage.js'
import { creditsAt, nextRefillAt } from './rules/credits.js'
import { endsAt, keyState, type VerdictCode } from './rules/key-verdict.js'
import type { keyView, UsageView, VerifyView } from './schemas.js'

const HOUR_MS = 3_600_000

/** A key as its managers see it: everything but its text. */
export function presentKey(key: ApiKey, now: Date): z.input<typeof keyView> {
  return {
    id: key.id,
    name: key.name,
    start: key.start,
    environment: key.environment,
    owner: ownerOf(key.ownerUserId, key.tenantId),
    state: keyState(key, now),
    enabled: key.enabled,
    scopes: key.scopes,
    allowed_ips: key.allowedIps,
    rate_limits: key.rateLimits.map(({ name, limit, windowS, autoApply }) => ({
      name,
      limit,
      window_s: windowS,
      auto_apply: autoApply,
    })),
    credits: presentCredits(key, now),
    meta: key.meta as z.input<typeof keyView>['meta'],
    on_leak: key.onLeak,
    expires_at: iso(key.expiresAt),
    grace_until: iso(key.graceUntil),
    revoked_at: iso(key.revokedAt),
    leaked_at: iso(key.leakedAt),
    rotated_from: key.rotatedFrom,
    rotated_to: key.rotatedTo,
    created_by: { type: key.createdByKind, id: key.createdById },
    // To the hour: the entity tag must not change with every call that somebody makes with the key.
    last_used_at:
      key.lastUsedAt && iso(new Date(key.lastUsedAt.getTime() - (key.lastUsedAt.getTime() % HOUR_MS))),
    created_at: key.createdAt.toISOString(),
    updated_at: key.updatedAt.toISOString(),
  }
}

function presentCredits({ credits }: ApiKey, now: Date) {
  if (!credits) return null
  const { refill } = credits
  return {
    remaining: creditsAt(credits, now),
    refill: refill && { interval: refill.interval, amount: refill.amount, day: refill.day },
    next_refill_at: refill && nextRefillAt(refill, now).toISOString(),
  }
}

/** The one answer for every text that is no key of the caller's organisation, whatever the reason. */
export const NOT_FOUND_VIEW: VerifyView = {
  valid: false,
  code: 'NOT_FOUND',
  key_id: null,
  name: null,
  owner: null,
  environment: null,
  scopes: [],
  expires_at: null,
  remaining: null,
  ratelimit: [],
  meta: {},
}

/** The verdict about a key of the caller's own organisation. */
export function presentVerdict(
  identity: KeyIdentity,
  code: VerdictCode,
  counters: Pick<VerifyView, 'remaining' | 'ratelimit'>,
): VerifyView {
  return {
    valid: code === 'VALID',
    code,
    key_id: identity.id,
    name: identity.name,
    owner: ownerOf(identity.ownerUserId, identity.tenant.id),
    environment: identity.environment,
    scopes: [...identity.facts.scopes],
    expires_at: iso(endsAt(identity.facts)),
    remaining: counters.remaining,
    ratelimit: counters.ratelimit,
    meta: identity.meta as VerifyView['meta'],
  }
}

/** Usage rows as one entry for each bucket that has any, oldest first, with their totals. */
export function presentUsage(
  rows: readonly UsageBucket[],
  range: { from: Date; to: Date; bucket: 'hour' | 'day' },
): UsageView {
  const totals = { requests: 0, verifications: 0, valid: 0, credits: 0 }
  const buckets = new Map<string, UsageView['data'][number]>()
  for (const row of rows) {
    const start = row.start.toISOString()
    const bucket = buckets.get(start) ?? { start, requests: 0, verifications: 0, outcomes: {}, credits: 0 }
    buckets.set(start, bucket)
    if (row.kind === 'request') {
      bucket.requests += row.count
      totals.requests += row.count
      continue
    }
    bucket.verifications += row.count
    bucket.outcomes[row.outcome] = (bucket.outcomes[row.outcome] ?? 0) + row.count
    bucket.credits += row.credits
    totals.verifications += row.count
    totals.credits += row.credits
    if (row.outcome === 'VALID') totals.valid += row.count
  }
  const { from, to, bucket } = range
  return { bucket, from: from.toISOString(), to: to.toISOString(), totals, data: [...buckets.values()] }
}

function ownerOf(ownerUserId: string | null, tenantId: string) {
  return ownerUserId ? { type: 'user' as const, id: ownerUserId } : { type: 'tenant' as const, id: tenantId }
}

function iso(date: Date | null): string | null {
  return date ? date.toISOString() : null
}
