import { isSubset } from '../../../kernel/scopes.js'
import { type AddressRange, addressAllowed } from './address-list.js'

/** Every answer `verify` can give, in the order in which they are decided: the first that applies wins. */
export const VERDICT_CODES = [
  'NOT_FOUND',
  'REVOKED',
  'DISABLED',
  'EXPIRED',
  'FORBIDDEN',
  'IP_REFUSED',
  'INSUFFICIENT_SCOPE',
  'RATE_LIMITED',
  'USAGE_EXCEEDED',
  'VALID',
] as const
export type VerdictCode = (typeof VERDICT_CODES)[number]

/** Where a key is in its life. `retiring` is a rotated or leaked key inside its grace time: it still works. */
export type KeyState = 'active' | 'retiring' | 'disabled' | 'expired' | 'revoked'

/** The facts about a key that time and its owner decide; scopes are already cut to what the owner may do. */
export type KeyFacts = {
  readonly enabled: boolean
  readonly revokedAt: Date | null
  readonly expiresAt: Date | null
  /** End of the grace time after a rotation or leak report. Never extends `expiresAt`: the earlier one ends the key. */
  readonly graceUntil: Date | null
  /** Whether tenant, owner and membership are all in good standing at this moment. */
  readonly ownerActive: boolean
  readonly scopes: readonly string[]
  /** null admits every address; an empty list admits none. */
  readonly allowedIps: readonly AddressRange[] | null
}

/** What the caller asks of the key. An unknown address is refused by a key that has an allow-list. */
export type KeyDemand = {
  readonly scopes: readonly string[]
  readonly address: string | undefined
}

/** The moment the key stops working by itself: the earlier of its expiry and its grace time. */
export function endsAt(facts: Pick<KeyFacts, 'expiresAt' | 'graceUntil'>): Date | null {
  const { expiresAt, graceUntil } = facts
  if (!expiresAt || !graceUntil) return expiresAt ?? graceUntil
  if (expiresAt < graceUntil) return expiresAt
  return graceUntil
}

/** Where the key is in its life at `now`; a key is expired at the very millisecond it ends. */
export function keyState(
  facts: Pick<KeyFacts, 'enabled' | 'revokedAt' | 'expiresAt' | 'graceUntil'>,
  now: Date,
): KeyState {
  if (facts.revokedAt) return 'revoked'
  if (!facts.enabled) return 'disabled'
  const end = endsAt(facts)
  if (end && end <= now) return 'expired'
  return facts.graceUntil ? 'retiring' : 'active'
}

/**
 * Judges a key by everything that needs no counter; `VALID` means that rate limits and credits come next, so
 * that a refused call never spends either.
 */
export function judgeKey(facts: KeyFacts, demand: KeyDemand, now: Date): VerdictCode {
  const state = keyState(facts, now)
  if (state === 'revoked') return 'REVOKED'
  if (state === 'disabled') return 'DISABLED'
  if (state === 'expired') return 'EXPIRED'
  if (!facts.ownerActive) return 'FORBIDDEN'
  if (facts.allowedIps && !addressAllowed(facts.allowedIps, demand.address ?? '')) return 'IP_REFUSED'
  if (!isSubset(facts.scopes, demand.scopes)) return 'INSUFFICIENT_SCOPE'
  return 'VALID'
}
