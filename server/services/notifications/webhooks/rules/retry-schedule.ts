const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Pauses before each attempt, as Standard Webhooks 1.0.0 recommends: 76 hours in all. */
export const PAUSES_MS = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/** Attempts of one delivery. */
export const ATTEMPTS = PAUSES_MS.length

/** Share of a pause by which it may be longer or shorter, so that failures of one moment do not come back as one. */
const JITTER = 0.1

/**
 * Milliseconds until the attempt after the one numbered `made` (1 for the first); null when there is none. The
 * receiver's Retry-After makes it longer, never shorter.
 */
export function pauseAfter(
  made: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number | null {
  const pause = PAUSES_MS[made]
  if (pause === undefined) return null
  const spread = Math.round(pause * (1 - JITTER + 2 * JITTER * random()))
  return Math.max(spread, retryAfterMs ?? 0)
}
