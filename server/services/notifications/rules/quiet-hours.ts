import type { QuietHours } from './preferences.js'
import { instantOf, type WallTime, wallTimeAt } from './wall-clock.js'

/**
 * When the quiet hours that reign at `now` end; null where none do. Told by the wall clock of the zone, also on days
 * on which it is put forward or back.
 */
export function quietUntil(hours: QuietHours | null, zone: string, now: Date): Date | null {
  if (!hours) return null
  const [from, to] = [minuteOf(hours.from), minuteOf(hours.to)]
  const wall = wallTimeAt(zone, now)
  if (!isWithin(wall.minute, from, to)) return null
  const endsToday = wall.minute < to
  for (let days = endsToday ? 0 : 1; days < 3; days++) {
    const end = instantOf(zone, { ...dayAfter(wall, days), minute: to }, now)
    if (end) return end
  }
  return null
}

/** Whether a minute of the day is within the hours, which may pass midnight; the end is not part of them. */
export function isWithin(minute: number, from: number, to: number): boolean {
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to
}

/** `HH:MM` as a minute of the day. */
export function minuteOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

function dayAfter({ year, month, day }: WallTime, days: number): Omit<WallTime, 'minute'> {
  const date = new Date(Date.UTC(year, month - 1, day + days))
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}
