import type { CronPattern } from 'croner'

type Fields = Pick<
  CronPattern,
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'month'
  | 'dayOfWeek'
  | 'starDOM'
  | 'starDOW'
  | 'useAndLogic'
  | 'lastDayOfMonth'
  | 'lastWeekday'
  | 'nearestWeekdays'
>

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September'],
  ...['October', 'November', 'December'],
]
const NTH = ['first', 'second', 'third', 'fourth', 'fifth', 'last']
/** croner's mark for every such weekday of the month; below it, one bit for each of NTH. */
const EVERY_WEEK = 63
const SUFFIX: Readonly<Record<number, string>> = { 2: 'nd', 3: 'rd' }
/** Times of day that are listed one by one; more are told as minutes of hours. */
const TIMES_MAX = 8

/** A cron pattern in words: `at 09:00 and 17:30 on Monday to Friday in March`. */
export function describeCron(fields: Fields): string {
  const [times, days] = [timesOf(fields), daysOf(fields)]
  const plain = days === 'every day' && on(fields.hour).length === 24
  return [times, plain ? '' : days, monthsOf(fields)].filter(Boolean).join(' ')
}

function timesOf(fields: Fields): string {
  const [seconds, minutes, hours] = [on(fields.second), on(fields.minute), on(fields.hour)]
  const atSecond =
    seconds.length === 1 && seconds[0] === 0 ? '' : seconds.length === 1 ? `:${two(seconds[0])}` : null
  if (atSecond !== null && minutes.length * hours.length <= TIMES_MAX)
    return `at ${list(hours.flatMap((hour) => minutes.map((minute) => `${two(hour)}:${two(minute)}${atSecond}`)))}`
  const parts = [
    atSecond === '' ? '' : rhythm(seconds, 60, 'second'),
    minutes.length === 60 && atSecond !== '' ? everyMinute(seconds) : rhythm(minutes, 60, 'minute'),
    hours.length === 24 ? everyHour(minutes) : `of ${hourWords(hours)}`,
  ]
  return parts.filter(Boolean).join(' ')
}

function everyMinute(seconds: readonly number[]): string {
  return stepOf(seconds, 60) === null ? 'of every minute' : ''
}

/** Minutes that are named belong to something; `every 15 minutes` stands by itself. */
function everyHour(minutes: readonly number[]): string {
  return stepOf(minutes, 60) === null ? 'of every hour' : ''
}

function hourWords(hours: readonly number[]): string {
  const step = stepOf(hours, 24)
  if (step !== null) return `every ${step}${SUFFIX[step] ?? 'th'} hour`
  return `${hours.length === 1 ? 'hour' : 'hours'} ${ranges(hours, two)}`
}

/** `every minute`, `every 15 minutes`, or `at minute 5 and 10 to 20`. */
function rhythm(values: readonly number[], size: number, unit: string): string {
  const step = stepOf(values, size)
  if (step === 1) return `every ${unit}`
  if (step !== null) return `every ${step} ${unit}s`
  return `at ${unit}${values.length === 1 ? '' : 's'} ${ranges(values, String)}`
}

/** The even step that these values keep all around the clock, or null. */
function stepOf(values: readonly number[], size: number): number | null {
  const step = size / values.length
  const even = values.length > 1 && Number.isInteger(step) && values.every((value, i) => value === i * step)
  return even ? step : null
}

function daysOf(fields: Fields): string {
  const { starDOM, starDOW } = fields
  if (starDOM && starDOW) return 'every day'
  if (starDOW) return `on ${daysOfMonth(fields)}`
  if (starDOM) return `on ${daysOfWeek(fields)}`
  if (fields.useAndLogic) return `on ${daysOfMonth(fields)} if it is ${daysOfWeek(fields)}`
  return `on ${daysOfMonth(fields)} or on ${daysOfWeek(fields)}`
}

function daysOfMonth(fields: Fields): string {
  const days = on(fields.day).map((day) => day + 1)
  return list([
    ...(days.length > 0
      ? [`${days.length === 1 ? 'day' : 'days'} ${ranges(days, String)} of the month`]
      : []),
    ...on(fields.nearestWeekdays).map((day) => `the weekday nearest to day ${day + 1}`),
    ...(fields.lastDayOfMonth ? ['the last day of the month'] : []),
    ...(fields.lastWeekday ? ['the last weekday of the month'] : []),
  ])
}

function daysOfWeek({ dayOfWeek }: Fields): string {
  const masks = dayOfWeek.slice(0, 7)
  const weekly = on(masks.map((mask) => (mask === EVERY_WEEK ? 1 : 0)))
  const some = masks.flatMap((mask, day) =>
    mask === EVERY_WEEK
      ? []
      : NTH.filter((_, bit) => mask & (1 << bit)).map((nth) => `the ${nth} ${DAYS[day]}`),
  )
  return list([
    ...(weekly.length > 0 ? [weekWords(weekly)] : []),
    ...some.map((one) => `${one} of the month`),
  ])
}

/** Sunday is told last where the days run up to it. */
function weekWords(days: readonly number[]): string {
  if (days.length === 7) return 'any day of the week'
  const sundayLast = days.includes(0) && days.includes(6)
  return ranges(sundayLast ? [...days.filter((day) => day > 0), 7] : days, (day) => DAYS[day % 7] ?? '')
}

function monthsOf({ month }: Fields): string {
  const months = on(month)
  return months.length === 12 ? '' : `in ${ranges(months, (at) => MONTHS[at] ?? '')}`
}

/** `1, 3 and 5 to 9`: neighbours are joined from three on. */
function ranges(values: readonly number[], word: (value: number) => string): string {
  const runs: [number, number][] = []
  for (const value of values) {
    const last = runs.at(-1)
    if (last && value === last[1] + 1) last[1] = value
    else runs.push([value, value])
  }
  return list(
    runs.flatMap(([from, to]) => {
      if (to - from < 2) return from === to ? [word(from)] : [word(from), word(to)]
      return [`${word(from)} to ${word(to)}`]
    }),
  )
}

function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

function on(flags: readonly number[]): number[] {
  return flags.flatMap((flag, at) => (flag ? [at] : []))
}

function two(value: number | undefined): string {
  return String(value).padStart(2, '0')
}
