const FIRST_MS = 50
const SECOND_MS = 200
const LONGEST_MS = 30_000

/** A child that served this long is sound again: its next death counts as its first. */
export const STABLE_MS = 30_000

/**
 * Milliseconds to wait before a restart after `deaths` (1 or more) in a row: nearly none after the
 * first, then 0.2 s doubling to 30 s.
 */
export function restartDelay(deaths: number): number {
  if (deaths <= 1) return FIRST_MS
  return Math.min(SECOND_MS * 2 ** (deaths - 2), LONGEST_MS)
}
