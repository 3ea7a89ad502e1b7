import { addressSubject } from '../kernel/addresses.js'
import type { LimitName } from '../kernel/define-route.js'
import type { Principal } from '../kernel/principal.js'
import type { Limit, LimitState } from '../storage/limiter.js'

interface LimitPolicy {
  quota: number
  windowS: number
  /** Count by the caller where one is known, or always by address (credentials and mail, where callers rotate). */
  by: 'caller' | 'address'
}

/** The built-in limits; `RATE_LIMIT_FACTOR` multiplies all quotas. */
export const LIMIT_POLICIES: Readonly<Record<LimitName, LimitPolicy>> = {
  read: { quota: 1200, windowS: 60, by: 'caller' },
  write: { quota: 300, windowS: 60, by: 'caller' },
  enqueue: { quota: 30_000, windowS: 60, by: 'caller' },
  verify: { quota: 60_000, windowS: 60, by: 'caller' },
  auth: { quota: 30, windowS: 300, by: 'address' },
  mail: { quota: 10, windowS: 600, by: 'address' },
  probe: { quota: 600, windowS: 60, by: 'address' },
  // Providers report what became of each message, from few addresses and with a signature.
  callback: { quota: 6_000, windowS: 60, by: 'address' },
}

/** Credentials that were no good, by address: guessing keys or tokens gets slow. */
export const BAD_CREDENTIALS: LimitPolicy = { quota: 60, windowS: 60, by: 'address' }

/** The limit one request counts against. */
export function limitOf(name: LimitName, principal: Principal | null, ip: string, factor: number): Limit {
  const policy = LIMIT_POLICIES[name]
  return limitBy(
    name,
    policy,
    policy.by === 'caller' && principal ? `${principal.kind}:${principal.id}` : null,
    ip,
    factor,
  )
}

/** The limit that a bad credential counts against. */
export function badCredentialLimit(ip: string, factor: number): Limit {
  return limitBy('bad-credentials', BAD_CREDENTIALS, null, ip, factor)
}

function limitBy(
  name: string,
  policy: LimitPolicy,
  caller: string | null,
  ip: string,
  factor: number,
): Limit {
  return {
    policy: name,
    subject: caller ?? `ip:${addressSubject(ip)}`,
    quota: policy.quota * factor,
    windowS: policy.windowS,
  }
}

/** RateLimit headers, as draft-ietf-httpapi-ratelimit-headers-10 spells them. */
export function limitHeaders(state: LimitState): Record<string, string> {
  return {
    'RateLimit-Policy': `"${state.policy}";q=${state.quota};w=${state.windowS}`,
    RateLimit: `"${state.policy}";r=${state.remaining};t=${state.resetS}`,
  }
}
