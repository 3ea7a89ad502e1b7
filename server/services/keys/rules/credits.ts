/** When a key's credits are put back to the refill amount; always at 00:00 UTC. */
export type Refill = {
  readonly interval: 'daily' | 'monthly'
  /** What `remaining` becomes at a refill: it replaces what is left and is never added to it. */
  readonly amount: number
  /** Day of the month (1–31) of a monthly refill; a shorter month refills on its last day. Ignored when daily. */
  readonly day: number
}

/** The credits of one key as stored. `refilledAt` is when `remaining` was last put back, or set by hand. */
export type Credits = {
  readonly remaining: number
  readonly refill: Refill | null
  readonly refilledAt: Date
}

/** The most credits a key may hold: the largest integer JSON numbers carry exactly. */
export const CREDITS_MAX = Number.MAX_SAFE_INTEGER

/**
 * The latest refill moment that is not after `now`: credits refilled before it are due. Computed here and
 * handed to the database, so that the conditional UPDATE and this file can never disagree about a calendar.
 */
export function lastRefillAt(refill: Refill, now: Date): Date {
  if (refill.interval === 'daily') {
    return utcDate(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())
  }
  const thisMonth = refillDay(now.getUTCFullYear(), now.getUTCMonth(), refill.day)
  return thisMonth <= now ? thisMonth : refillDay(now.getUTCFullYear(), now.getUTCMonth() - 1, refill.day)
}

/** The first refill moment after `now`. */
export function nextRefillAt(refill: Refill, now: Date): Date {
  if (refill.interval === 'daily') {
    return utcDate(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1)
  }
  const thisMonth = refillDay(now.getUTCFullYear(), now.getUTCMonth(), refill.day)
  return thisMonth > now ? thisMonth : refillDay(now.getUTCFullYear(), now.getUTCMonth() + 1, refill.day)
}

/** What is left at `now`, counting a refill that is due but not yet written; never negative. */
export function creditsAt(credits: Credits, now: Date): number {
  const { refill } = credits
  return refill && credits.refilledAt < lastRefillAt(refill, now) ? refill.amount : credits.remaining
}

/**
 * What a spend leaves, or undefined where too little is left and nothing may change. The statement in the
 * credits model is this function in SQL; the tests compare the two.
 */
export function spendCredits(credits: Credits, cost: number, now: Date): Credits | undefined {
  const remaining = creditsAt(credits, now) - cost
  if (remaining < 0) return undefined
  const due = credits.refill && credits.refilledAt < lastRefillAt(credits.refill, now)
  return { ...credits, remaining, refilledAt: due ? now : credits.refilledAt }
}

function refillDay(year: number, month: number, day: number): Date {
  const lastDay = utcDate(year, month + 1, 0).getUTCDate()
  return utcDate(year, month, Math.min(day, lastDay))
}

function utcDate(year: number, month: number, day: number): Date {
  return new Date(Date.UTC(year, month, day))
}
