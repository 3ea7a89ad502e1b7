/** How many backups are kept: the last ones, and the newest of so many days, weeks (from Monday) and months that have one. */
export interface Retention {
  readonly last: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
}

/** A backup as retention sees it. */
export interface DatedBackup {
  readonly id: string
  readonly created_at: string
}

/**
 * The ids to keep. Days begin where the time zone says. The newest is always kept, and what is kept once is kept again
 * as long as nothing newer comes.
 */
export function chooseKept(
  backups: readonly DatedBackup[],
  keep: Retention,
  timeZone: string,
): ReadonlySet<string> {
  const newestFirst = [...backups].sort(
    (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? 1 : -1),
  )
  const dayOf = dayIn(timeZone)
  const days = newestFirst.map(({ created_at }) => dayOf(new Date(created_at)))
  const kept = new Set(newestFirst.slice(0, Math.max(1, keep.last)).map(({ id }) => id))
  const keepNewestOf = (period: (day: string) => string, most: number) => {
    const seen = new Set<string>()
    for (const [at, { id }] of newestFirst.entries()) {
      const name = period(days[at] ?? '')
      if (seen.has(name)) continue
      if (seen.size >= most) return
      seen.add(name)
      kept.add(id)
    }
  }
  keepNewestOf((day) => day, keep.daily)
  keepNewestOf(mondayOf, keep.weekly)
  keepNewestOf((day) => day.slice(0, 7), keep.monthly)
  return kept
}

/** Gives `2026-11-26` for a time, as a clock in the time zone shows it. */
function dayIn(timeZone: string): (time: Date) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]))
    return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`
  }
}

function mondayOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  return date.toISOString().slice(0, 10)
}
