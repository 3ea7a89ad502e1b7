/** Failures in a row from which on an endpoint is left in peace between tries. */
const FAILURES_MIN = 5
const FIRST_PAUSE_MS = 10_000
const LAST_PAUSE_MS = 300_000

/** Pause where a receiver says it is asked too often and not for how long. */
const TOO_MANY_MS = 30_000

/**
 * For how long nothing is sent to an endpoint that just failed, in milliseconds: as long as it asked for, and longer
 * the more failures there were in a row, up to five minutes. So that one that hangs keeps no worker busy.
 */
export function pauseOfEndpoint(
  failures: number,
  statusCode: number | null,
  retryAfterMs: number | null,
): number {
  const asked = retryAfterMs ?? (statusCode === 429 ? TOO_MANY_MS : 0)
  const grown =
    failures < FAILURES_MIN
      ? 0
      : Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - FAILURES_MIN, 10))
  return Math.max(asked, grown)
}

/** Time of nothing but failures after which an endpoint is disabled. */
const FAILING_MS = 5 * 86_400_000
/** Attempts there must have been in that time: two failures a week apart say little. */
const FAILING_ATTEMPTS = 10

/** Whether an endpoint has failed for so long that it is disabled. */
export function hasFailedTooLong(failures: number, failingSince: Date, now: Date): boolean {
  return failures >= FAILING_ATTEMPTS && now.getTime() - failingSince.getTime() >= FAILING_MS
}
