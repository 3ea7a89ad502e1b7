/** How failed attempts at one thing (an account, an address) slow down the next ones. */
export interface BackoffPolicy {
  /** Failures that cost nothing: people mistype. */
  free: number
  /** Wait after the first failure beyond those, in seconds; it doubles with each further one. */
  baseSeconds: number
  /** The longest wait, in seconds: a lock that never ends would be a way to shut people out. */
  maxSeconds: number
  /** A failure is forgotten after this many seconds without another. */
  forgetSeconds: number
}

export interface FailureRecord {
  failures: number
  lastFailureAt: Date
}

/** For one account: 5 free, then 30 s, 1 min, 2 min … 15 min. About 100 guesses a day. */
export const ACCOUNT_BACKOFF: BackoffPolicy = {
  free: 5,
  baseSeconds: 30,
  maxSeconds: 900,
  forgetSeconds: 86_400,
}

/** For one address, shared by an office or a home: four times as patient, forgetting sooner. */
export const ADDRESS_BACKOFF: BackoffPolicy = {
  free: 20,
  baseSeconds: 30,
  maxSeconds: 900,
  forgetSeconds: 3_600,
}

/** When the next attempt is allowed; null when it is allowed already at `now`. Pure. */
export function lockedUntil(record: FailureRecord | null, policy: BackoffPolicy, now: Date): Date | null {
  const failures = effectiveFailures(record, policy, now)
  if (record === null || failures < policy.free) return null
  // The exponent is bounded before 2 ** n overflows to Infinity times 0.
  const doublings = Math.min(failures - policy.free, 30)
  const waitSeconds = Math.min(policy.baseSeconds * 2 ** doublings, policy.maxSeconds)
  const until = new Date(record.lastFailureAt.getTime() + waitSeconds * 1000)
  return until > now ? until : null
}

/** The failures that still count at `now`: all of them, or none once `forgetSeconds` passed since the last. */
export function effectiveFailures(record: FailureRecord | null, policy: BackoffPolicy, now: Date): number {
  if (record === null) return 0
  const idleSeconds = (now.getTime() - record.lastFailureAt.getTime()) / 1000
  return idleSeconds >= policy.forgetSeconds ? 0 : record.failures
}
