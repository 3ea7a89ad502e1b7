import { CronPattern, Cron as Matcher } from 'croner'
import { type CronField, CronSyntaxError, explainSyntax } from './cron-syntax.js'
import { describeCron } from './describe-cron.js'
import { ZoneClock } from './zone-clock.js'

/** What a pattern does where the clocks of its zone are set. */
export interface ClockEffect {
  /** When they are set, and how far the wall was and is ahead of UTC, in milliseconds. */
  at: Date
  from: number
  to: number
  /** `moved`: times that do not exist run when the clocks are set. `once`: times that come twice run the first time. */
  effect: 'moved' | 'once' | 'skipped' | 'repeated'
}

/**
 * Times of day and days by a cron pattern, as the clock on the wall of one time zone shows them.
 *
 * Five fields, or six with seconds first; names (MON, JAN), lists, ranges, steps, `L`, `W`, `#`, `?`, and the
 * nicknames from @hourly to @yearly. A day runs if it fits the day of month or the day of week where both are
 * restricted, or both of them with `+` before the latter.
 *
 * Where clocks are set forward or back:
 * - A pattern that names its times (no `*` and no step in seconds, minutes and hours) runs once for each of them on
 *   each of its days: a time that does not exist runs in the moment the clocks are set, a time that comes twice runs
 *   the first time.
 * - A pattern that repeats within the hour or the day follows real time: what does not exist is left out, what
 *   comes twice runs twice.
 *
 * The fields are read and matched by croner, on a calendar without any zone; zones are laid over it here, because
 * croner loses a time that does not exist if the clocks skip midnight with it. docs/decisions/0018 has the details.
 */
export class Cron {
  readonly pattern: string
  readonly timeZone: string
  /** Whether the pattern names its times, instead of repeating within the hour or the day. */
  readonly isFixed: boolean
  readonly #fields: CronPattern
  readonly #matcher: Matcher
  readonly #clock: ZoneClock

  /** @throws CronSyntaxError for a pattern that is none, RangeError for an unknown zone. */
  constructor(pattern: string, timeZone = 'UTC') {
    this.pattern = pattern
    this.timeZone = timeZone
    this.#clock = new ZoneClock(timeZone)
    this.#fields = readPattern(pattern)
    this.isFixed = this.#fields.isFixedTime
    this.#matcher = new Matcher(this.#fields.pattern, { ...OPTIONS, utcOffset: 0 })
  }

  /** The first run after a moment; null where there is none before the year 3000. */
  next(after: Date): Date | null {
    let since = after.getTime()
    let offset = this.#clock.offsetAt(since)
    let wall = Math.max(since + offset, this.#shownBefore(since) - 1)
    let match = this.#match(wall)
    while (match !== null) {
      const change = this.#clock.nextChange(since, match - offset)
      if (!change) return new Date(match - offset)
      const { at, from, to } = change
      // Where the clocks go forward, the wall goes from `at + from` to `at + to` in no time.
      if (this.isFixed && match < at + to) return new Date(at)
      const shown = at + (this.isFixed ? Math.max(from, to) : to) - 1
      // What was found stays the first match, unless the wall stepped over it, or back before where it was sought.
      if (shown < wall || shown >= match) match = this.#match(shown)
      wall = shown
      since = at
      offset = to
    }
    return null
  }

  /** The next runs after a moment, fewer where there are no more. */
  nextRuns(count: number, after: Date): Date[] {
    const runs: Date[] = []
    let run: Date | null = after
    while (runs.length < count) {
      run = this.next(run)
      if (!run) break
      runs.push(run)
    }
    return runs
  }

  /** Seconds that two runs are apart at least; a setting of the clocks may bring them closer. */
  get shortestGapS(): number {
    const { second, minute } = this.#fields
    const seconds = indexesOf(second)
    const hasNeighbours = minute.some((on, at) => on && minute[(at + 1) % minute.length])
    const first = seconds[0] ?? 0
    const gaps = seconds.map((at, i) => (seconds[i + 1] ?? (hasNeighbours ? 60 + first : at + 60)) - at)
    return Math.min(60, ...gaps)
  }

  /** What it does wherever the clocks are set until a moment, as far as it makes a difference. */
  clockEffects(after: Date, until: Date): ClockEffect[] {
    const effects: ClockEffect[] = []
    let change = this.#clock.nextChange(after.getTime(), until.getTime())
    while (change) {
      const { at, from, to } = change
      const wall = this.#match(at + Math.min(from, to) - 1)
      if (wall !== null && wall < at + Math.max(from, to))
        effects.push({ at: new Date(at), from, to, effect: this.#effectOf(to > from) })
      change = this.#clock.nextChange(at, until.getTime())
    }
    return effects
  }

  #effectOf(forward: boolean): ClockEffect['effect'] {
    if (forward) return this.isFixed ? 'moved' : 'skipped'
    return this.isFixed ? 'once' : 'repeated'
  }

  /** The first matching wall time after one, both counted as if the wall were in UTC. */
  #match(wall: number): number | null {
    return this.#matcher.nextRun(new Date(wall))?.getTime() ?? null
  }

  /** Up to where the wall had been before, where the clocks were set back a little earlier; only named times mind. */
  #shownBefore(instant: number): number {
    const change = this.isFixed ? this.#clock.nextChange(instant - LONGEST_SHIFT_MS, instant) : null
    return change ? change.at + change.from : Number.NEGATIVE_INFINITY
  }
}

/** A pattern in words: `at 09:00 on Monday to Friday`; a pattern that is none stands for itself. */
export function describePattern(pattern: string): string {
  try {
    return describeCron(readPattern(pattern))
  } catch {
    return pattern
  }
}

/** The widest that clocks were ever set: a whole day, where an island changed sides of the date line. */
const LONGEST_SHIFT_MS = 25 * 3_600_000

const OPTIONS = { mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' } as const

function readPattern(text: string): CronPattern {
  try {
    return new CronPattern(text, undefined, OPTIONS)
  } catch (error) {
    throw new CronSyntaxError(explainSyntax(text, fits) ?? words(error))
  }
}

/** Whether one field alone is well formed. */
function fits(field: CronField, text: string): boolean {
  const parts = ['*', '*', '*', '*', '*', '*']
  parts[field] = text
  try {
    return new CronPattern(parts.join(' '), undefined, OPTIONS) !== undefined
  } catch {
    return false
  }
}

function words(error: unknown): string {
  return String(error instanceof Error ? error.message : error).replace(/^CronPattern: /, '')
}

function indexesOf(flags: readonly number[]): number[] {
  return flags.flatMap((on, at) => (on ? [at] : []))
}
