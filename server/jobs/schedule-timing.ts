import { Cron } from './cron.js'

/** What decides when a schedule fires. Exactly one of `cron` and `everyS` is set. */
export interface Timing {
  cron: string | null
  everyS: number | null
  timeZone: string
  /** First and last moment at which it may fire. */
  startsAt: Date | null
  endsAt: Date | null
  createdAt: Date
}

/** What becomes of firings whose time passed while nothing ran: none of them, the last, or each. */
export const CATCH_UPS = ['none', 'last', 'all'] as const
export type CatchUp = (typeof CATCH_UPS)[number]

/** Firings this late still count as in time: a restart, or a database that was away for a moment. */
const IN_TIME_MS = 60_000
/** Firings that `all` makes up for at most; older ones are left out. */
export const CATCH_UP_MAX = 100
/** Firings left out that are counted at most. */
const COUNTED_MAX = 1_000
const HOUR_MS = 3_600_000
const GENERATION_MS = 30 * 366 * 24 * HOUR_MS
/** Nothing fires later: croner ends there, and every moment told of must be an RFC 3339 time. */
const FOREVER = new Date(Date.UTC(3000, 0, 1))

/**
 * The first firing after a moment; null where there is none. `everyS` counts from `startsAt`, which it then begins
 * at, or from when the schedule was made: however late one firing was, the next keeps the rhythm.
 */
export function nextFiring(timing: Timing, after: Date): Date | null {
  return firingsOf(timing)(after)
}

/** The next firings after a moment: fewer where there are no more within a generation, so that listing is cheap. */
export function nextFirings(timing: Timing, count: number, after: Date): Date[] {
  const next = firingsOf(timing)
  const until = after.getTime() + GENERATION_MS
  const firings: Date[] = []
  let at = next(after)
  while (at && (firings.length === 0 || at.getTime() <= until)) {
    firings.push(at)
    at = firings.length < count ? next(at) : null
  }
  return firings
}

/** What is to be done about a schedule whose time has come. */
export interface Plan {
  /** Firings to make a job of, oldest first. */
  due: Date[]
  /** How many were left out; counted up to a bound. */
  leftOut: number
  /** When it fires next; null where it has come to its end. */
  next: Date | null
}

/**
 * Which of the firings from `nextAt` until now are made up for, and when it goes on. `nextAt` is one of them whatever
 * the timing says by now: the rules of a time zone may have changed since it was worked out.
 */
export function planFirings(timing: Timing & { catchUp: CatchUp; nextAt: Date }, now: Date): Plan {
  const { catchUp, nextAt } = timing
  const next = firingsOf(timing)
  const most = catchUp === 'all' ? CATCH_UP_MAX : 1
  const later = newestFirings(next, nextAt, now, most)
  const newest = later.length < most ? [nextAt, ...later] : later
  const due = newest.filter((at) => catchUp !== 'none' || now.getTime() - at.getTime() <= IN_TIME_MS)
  return { due, leftOut: countFirings(next, nextAt, due[0] ?? now), next: next(now) }
}

type Next = (after: Date) => Date | null

function firingsOf(timing: Timing): Next {
  const { startsAt, endsAt } = timing
  const unbounded = timing.cron === null ? everyOf(timing) : cronOf(timing.cron, timing)
  return (after) => {
    const from = startsAt && startsAt > after ? new Date(startsAt.getTime() - 1) : after
    const at = unbounded(from)
    return at && at <= (endsAt ?? FOREVER) && at <= FOREVER ? at : null
  }
}

function cronOf(pattern: string, { timeZone }: Timing): Next {
  const cron = new Cron(pattern, timeZone)
  return (after) => cron.next(after)
}

function everyOf({ everyS, startsAt, createdAt }: Timing): Next {
  const period = (everyS ?? 0) * 1_000
  const [anchor, first] = startsAt ? [startsAt.getTime(), 0] : [createdAt.getTime(), 1]
  return (after) => {
    const beats = Math.max(first, Math.floor((after.getTime() - anchor) / period) + 1)
    return new Date(anchor + beats * period)
  }
}

/** The newest firings up to `until`, oldest first: looked for in ever longer spans, so that a long pause costs little. */
function newestFirings(next: Next, after: Date, until: Date, most: number): Date[] {
  for (let span = HOUR_MS; ; span *= 4) {
    const from = new Date(Math.max(after.getTime(), until.getTime() - span))
    const found: Date[] = []
    for (let at = next(from); at && at <= until; at = next(at)) {
      found.push(at)
      if (found.length > most) found.shift()
    }
    if (found.length >= most || from.getTime() === after.getTime()) return found
  }
}

/** How many there are from `first` on and before `until`, up to a bound. */
function countFirings(next: Next, first: Date, until: Date): number {
  let count = 0
  for (let at: Date | null = first; at && at < until && count < COUNTED_MAX; at = next(at)) count += 1
  return count
}
