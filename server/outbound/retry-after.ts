/** Longest pause that somebody else may ask for. */
const PAUSE_MAX_MS = 24 * 3_600_000

/**
 * What a Retry-After header asks for (RFC 9110 § 10.2.3: seconds or a date), in milliseconds, at most a day; null
 * where there is none that can be read.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  const ms = /^\d{1,9}$/.test(header.trim())
    ? Number(header) * 1000
    : /^[A-Z][a-z]{2},/.test(header)
      ? Date.parse(header) - now.getTime()
      : Number.NaN
  return Number.isNaN(ms) ? null : Math.min(PAUSE_MAX_MS, Math.max(0, ms))
}
