const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** A day and a minute of it as a wall clock shows them. */
export interface WallTime {
  year: number
  month: number
  day: number
  /** 0 to 1439. */
  minute: number
}

/** The canonical name of an IANA time zone, or null for anything else. */
export function canonicalZone(name: string): string | null {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

/** What a wall clock in the zone shows at an instant. */
export function wallTimeAt(zone: string, at: Date): WallTime {
  const shown = new Date(at.getTime() + offsetAt(zone, at.getTime()))
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    minute: shown.getUTCHours() * 60 + shown.getUTCMinutes(),
  }
}

/**
 * The first instant after `after` at which a wall clock shows this time of this day; null when it was before. A time
 * that the clock jumps over is reached in the moment of the jump; of one that it shows twice, each counts.
 */
export function instantOf(zone: string, wall: WallTime, after: Date): Date | null {
  const shown = Date.UTC(wall.year, wall.month - 1, wall.day, 0, wall.minute)
  // No zone changes twice within two days, so one of these two is in force at the time.
  const offsets = [offsetAt(zone, shown - DAY_MS), offsetAt(zone, shown + DAY_MS)]
  const candidates = offsets.map((offset) => shown - offset).filter((at) => at + offsetAt(zone, at) === shown)
  if (candidates.length === 0) candidates.push(jumpOver(zone, shown, offsets))
  const later = candidates.filter((at) => at > after.getTime())
  return later.length > 0 ? new Date(Math.min(...later)) : null
}

/** The moment in which a clock jumps over what it would have shown, to the minute. */
function jumpOver(zone: string, shown: number, offsets: readonly number[]): number {
  let before = shown - Math.max(...offsets)
  let after = shown - Math.min(...offsets)
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / (2 * MINUTE_MS)) * MINUTE_MS
    if (middle + offsetAt(zone, middle) > shown) after = middle
    else before = middle
  }
  return after
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** How far the zone's wall clock is ahead of UTC, in milliseconds. */
function offsetAt(zone: string, at: number): number {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
    formats.set(zone, format)
  }
  const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  const [, sign, hours = '0', minutes = '0'] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
}
