/** The day and the month around a moment, in UTC. */
export interface Periods {
  day: Date
  nextDay: Date
  month: Date
  nextMonth: Date
}

/** Begin of the day and of the month that a moment lies in, and of those after them, all in UTC. */
export function periodsAt(now: Date): Periods {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  return {
    day: new Date(Date.UTC(year, month, day)),
    nextDay: new Date(Date.UTC(year, month, day + 1)),
    month: new Date(Date.UTC(year, month, 1)),
    nextMonth: new Date(Date.UTC(year, month + 1, 1)),
  }
}
