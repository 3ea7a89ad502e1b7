import { expect } from 'chai'
import { CronExpressionParser } from 'cron-parser'
import { Cron as Croner } from 'croner'
import fc from 'fast-check'
import { Cron, describePattern } from './cron.js'
import { CronSyntaxError } from './cron-syntax.js'

const MINUTE = 60_000
const SLOT = 30 * MINUTE
const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
const END = Date.UTC(2036, 0, 1)
/** Lord Howe's clocks move by half an hour, Nuuk's skip the end of a day, Troll's move by two hours. */
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Nuuk', 'Antarctica/Troll'],
]

/** One field as text, with what it means said a second time. */
interface Field {
  text: string
  has(value: number, day: Date): boolean
}

describe('a cron pattern', () => {
  const runs = (pattern: string, zone: string, after: string, count = 3) =>
    new Cron(pattern, zone).nextRuns(count, new Date(after)).map((run) => run.toISOString().slice(0, 16))

  it('runs what ten years of minutes, walked one by one in each zone, say it runs', () => {
    fc.assert(
      fc.property(patterns(), fc.constantFrom(...ZONES), moments(), (fields, zone, after) => {
        const found = new Cron(textOf(fields), zone).nextRuns(12, new Date(after)).map(Number)
        expect(found.filter((at) => at < END)).to.deep.equal(walk(fields, zone, after, 12))
      }),
      { numRuns: 120 },
    )
  })

  it('runs the same around every change of the clocks in ten years', () => {
    const texts = ['30 2', '0,30 1-3', '*/15 *', '15 23', '*/20 2']
    for (const zone of ZONES) {
      for (const change of changesOf(zone)) {
        for (const text of texts) {
          const fields = fieldsOf(text)
          const after = change - DAY / 12
          const found = new Cron(textOf(fields), zone).nextRuns(5, new Date(after)).map(Number)
          expect(found, `${text} in ${zone}`).to.deep.equal(walk(fields, zone, after, 5))
        }
      }
    }
  })

  it('reads fields as another library does', () => {
    fc.assert(
      fc.property(patterns(), moments(), (fields, after) => {
        const other = CronExpressionParser.parse(textOf(fields), { tz: 'UTC', currentDate: new Date(after) })
        const theirs = Array.from({ length: 5 }, () => other.next().getTime())
        expect(new Cron(textOf(fields)).nextRuns(5, new Date(after)).map(Number)).to.deep.equal(theirs)
      }),
      { numRuns: 150 },
    )
  })

  it('agrees with croner in zones whose clocks never skip midnight', () => {
    const options = { mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' } as const
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe')
    fc.assert(
      fc.property(patterns(), zones, moments(), (fields, timezone, after) => {
        const theirs = new Croner(textOf(fields), { ...options, timezone }).nextRuns(6, new Date(after))
        expect(new Cron(textOf(fields), timezone).nextRuns(6, new Date(after))).to.deep.equal(theirs)
      }),
      { numRuns: 150 },
    )
  })

  it('runs a time that does not exist once, when the clocks are set forward', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z')).to.deep.equal([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ])
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', 2)).to.deep.equal([
      '2026-10-03T15:30',
      '2026-10-04T15:15',
    ])
  })

  it('does so also where the skipped hour is the last of a day that has no other', () => {
    expect(runs('30 23 28 3 *', 'America/Nuuk', '2026-01-01T00:00Z', 2)).to.deep.equal([
      '2026-03-29T01:00',
      '2027-03-29T00:30',
    ])
  })

  it('runs times that are moved to the same moment, or fall on it, once', () => {
    expect(runs('0,20,40 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 4)).to.deep.equal([
      '2026-03-29T01:00',
      '2026-03-29T01:20',
      '2026-03-29T01:40',
      '2026-03-30T00:00',
    ])
  })

  it('runs a time that comes twice once, and what repeats by the hour both times', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).to.deep.equal([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
    expect(runs('30 * * * *', 'Europe/Berlin', '2026-10-25T00:00Z', 3)).to.deep.equal([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
    ])
  })

  it('is asked in the middle of an hour that comes a second time and stays right', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', 1)).to.deep.equal(['2026-10-26T01:30'])
    expect(runs('*/30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', 1)).to.deep.equal(['2026-10-25T01:30'])
  })

  it('knows seconds, names, nicknames, L, W, # and the day that must fit both', () => {
    const first = (pattern: string) => new Cron(pattern).next(new Date('2026-05-02T10:00:30Z'))?.toISOString()
    expect(first('*/20 * * * * *')).to.equal('2026-05-02T10:00:40.000Z')
    expect(first('0 9 * * mon')).to.equal('2026-05-04T09:00:00.000Z')
    expect(first('0 9 1 Jul ?')).to.equal('2026-07-01T09:00:00.000Z')
    expect(first('@monthly')).to.equal('2026-06-01T00:00:00.000Z')
    expect(first('0 0 L * *')).to.equal('2026-05-31T00:00:00.000Z')
    expect(first('0 0 LW * *')).to.equal('2026-05-29T00:00:00.000Z')
    expect(first('0 0 16W * *')).to.equal('2026-05-15T00:00:00.000Z')
    expect(first('0 0 * * FRI#2')).to.equal('2026-05-08T00:00:00.000Z')
    expect(first('0 0 * * 5L')).to.equal('2026-05-29T00:00:00.000Z')
    expect(first('0 0 13 * FRI')).to.equal('2026-05-08T00:00:00.000Z')
    expect(first('0 0 13 * +FRI')).to.equal('2026-11-13T00:00:00.000Z')
    expect(first('0 0 29 2 *')).to.equal('2028-02-29T00:00:00.000Z')
  })

  it('says so when it never runs, at the end of time too', () => {
    expect(new Cron('0 0 31 2 *', 'Europe/Berlin').next(new Date())).to.equal(null)
    for (const zone of ZONES)
      expect(new Cron('0 0 1 1 *', zone).next(new Date('9999-12-31T23:59:59Z')), zone).to.equal(null)
  })

  it('is refused with what is wrong and where', () => {
    const refusal = (pattern: string) => {
      try {
        new Cron(pattern)
      } catch (error) {
        if (error instanceof CronSyntaxError) return error.message
      }
      return 'taken'
    }
    expect(refusal('0 25 * * *')).to.match(/^"25" at character 3 is wrong: hours take 0 to 23/)
    expect(refusal('0 0 1,32 * *')).to.match(/^"32" at character 7 is wrong: the day of month takes/)
    expect(refusal('0 0 * FOO *')).to.match(/^"FOO" at character 7 is wrong: the month takes/)
    expect(refusal('0 0 1 1 * 2027')).to.match(/^"2027" at character 11 is wrong: the day of week takes/)
    expect(refusal('1,,2 * * * *')).to.match(/^"1,,2" at character 1/)
    expect(refusal('* * * *')).to.match(/^has 4 fields/)
    expect(refusal('')).to.match(/^has 0 fields/)
    expect(refusal('@reboot')).to.contain('@daily')
    expect(refusal('2026-05-01T10:00:00Z')).to.match(/^has 1 fields/)
    expect(() => new Cron('@daily', 'Mars/Olympus')).to.throw(RangeError)
  })

  it('throws nothing else, whatever the text', () => {
    const word = fc.string({ unit: fc.constantFrom(...'0123456789*/,-#?LW+@: aFRIjan\u00e9'), maxLength: 12 })
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(word, { minLength: 4, maxLength: 6 })), (some) => {
        const text = Array.isArray(some) ? some.join(' ') : some
        try {
          const run = new Cron(text).next(new Date(START))
          expect(run === null || run.getTime() > START, text).to.equal(true)
          expect(describePattern(text), text).to.not.match(/undefined|NaN/)
        } catch (error) {
          if (!(error instanceof CronSyntaxError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })

  it('tells how close two runs may be', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(59), { minLength: 1 }), fc.constantFrom('*', '5', '0,59'), (s, m) => {
        const cron = new Cron(`${s.join(',')} ${m} * * * *`)
        const times = cron.nextRuns(200, new Date(START)).map(Number)
        const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
        expect(Math.min(...gaps) / 1_000, cron.pattern).to.be.at.least(cron.shortestGapS)
      }),
      { numRuns: 60 },
    )
    expect(new Cron('*/10 * * * * *').shortestGapS).to.equal(10)
    expect(new Cron('5,55 * * * * *').shortestGapS).to.equal(10)
    expect(new Cron('* * * * *').shortestGapS).to.equal(60)
  })

  it('tells what the next changes of the clocks do to it', () => {
    const effects = (pattern: string, zone: string) =>
      new Cron(pattern, zone)
        .clockEffects(new Date(START), new Date(START + 365 * DAY))
        .map(({ at, effect }) => `${at.toISOString().slice(0, 16)} ${effect}`)
    expect(effects('30 2 * * *', 'Europe/Berlin')).to.deep.equal([
      '2026-03-29T01:00 moved',
      '2026-10-25T01:00 once',
    ])
    expect(effects('*/5 * * * *', 'Europe/Berlin')).to.deep.equal([
      '2026-03-29T01:00 skipped',
      '2026-10-25T01:00 repeated',
    ])
    expect(effects('0 9 * * *', 'Europe/Berlin')).to.deep.equal([])
    expect(effects('30 2 * * *', 'UTC')).to.deep.equal([])
  })

  it('is told in words', () => {
    const told = Object.fromEntries(Object.keys(WORDS).map((text) => [text, describePattern(text)]))
    expect(told).to.deep.equal(WORDS)
  })
})

const WORDS: Readonly<Record<string, string>> = {
  '* * * * *': 'every minute',
  '*/15 * * * *': 'every 15 minutes',
  '*/10 * * * * *': 'every 10 seconds',
  '0-29 * * * * *': 'at seconds 0 to 29 of every minute',
  '@hourly': 'at minute 0 of every hour',
  '5,10 * * * *': 'at minutes 5 and 10 of every hour',
  '0 */2 * * *': 'at minute 0 of every 2nd hour every day',
  '*/10 9-17 * * 1-5': 'every 10 minutes of hours 09 to 17 on Monday to Friday',
  '30 0 9 * * *': 'at 09:00:30 every day',
  '0,30 8,20 * * *': 'at 08:00, 08:30, 20:00 and 20:30 every day',
  '0 9 * jan-mar,dec *': 'at 09:00 every day in January to March and December',
  '0 9 * * SAT,SUN': 'at 09:00 on Saturday and Sunday',
  '0 9 * * FRI-SUN': 'at 09:00 on Friday to Sunday',
  '0 9 * * 1,3#1,5L': 'at 09:00 on Monday, the first Wednesday of the month and the last Friday of the month',
  '0 0 1,L * *': 'at 00:00 on day 1 of the month and the last day of the month',
  '0 0 15W,L * *': 'at 00:00 on the weekday nearest to day 15 and the last day of the month',
  '0 0 LW * *': 'at 00:00 on the last weekday of the month',
  '0 9 13 * FRI': 'at 09:00 on day 13 of the month or on Friday',
  '0 9 13 * +FRI': 'at 09:00 on day 13 of the month if it is Friday',
}

/**
 * What the fields mean by the rules that the class states, found by looking at every minute of the zone until ten
 * years are over.
 */
function walk(fields: readonly Field[], zone: string, after: number, count: number): number[] {
  const named = fields.slice(0, 2).every(({ text }) => !/[*/]/.test(text))
  const found: number[] = []
  const first = Math.floor(after / SLOT) * SLOT - 2 * DAY
  let [shown, before] = [Number.NEGATIVE_INFINITY, offsetAt(zone, first - SLOT)]
  for (let slot = first; slot < END && found.length < count; slot += SLOT) {
    const offset = offsetAt(zone, slot)
    const skipped = named ? minutes(slot + before, slot + offset) : []
    const moved = skipped.some((wall) => matches(fields, wall)) ? [slot] : []
    const walls = fitsDay(fields, slot + offset) ? minutes(slot + offset, slot + offset + SLOT) : []
    const runs = walls.filter((wall) => !(named && wall < shown) && matches(fields, wall))
    found.push(...new Set([...moved, ...runs.map((wall) => wall - offset)].filter((at) => at > after)))
    shown = Math.max(shown, slot + offset + SLOT)
    before = offset
  }
  return found.slice(0, count)
}

function minutes(from: number, until: number): number[] {
  return Array.from({ length: Math.max(0, (until - from) / MINUTE) }, (_, i) => from + i * MINUTE)
}

function matches(fields: readonly Field[], wall: number): boolean {
  const day = new Date(wall)
  const [minute, hour] = fields as [Field, Field]
  return minute.has(day.getUTCMinutes(), day) && hour.has(day.getUTCHours(), day) && fitsDay(fields, wall)
}

function fitsDay([, , date, month, weekday]: readonly Field[], wall: number): boolean {
  const day = new Date(wall)
  if (!date || !month?.has(day.getUTCMonth() + 1, day) || !weekday) return false
  const byDate = date.has(day.getUTCDate(), day)
  const byWeekday = weekday.has(day.getUTCDay(), day)
  if (date.text === '*' || weekday.text === '*') return byDate && byWeekday
  return byDate || byWeekday
}

const clocks = new Map<string, Intl.DateTimeFormat>()
const offsets = new Map<string, Float64Array>()

/** How far the wall is ahead of UTC in a half hour, told by the date and time on it; clocks are set on half hours. */
function offsetAt(zone: string, slot: number): number {
  const known = offsets.get(zone) ?? new Float64Array((END - START + 20 * DAY) / SLOT).fill(Number.NaN)
  offsets.set(zone, known)
  const at = (slot - START) / SLOT + 10 * 48
  const offset = known[at]
  if (offset === undefined || !Number.isNaN(offset)) return offset ?? 0
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  clocks.set(zone, clock)
  known[at] = Date.parse(`${clock.format(slot).replace(' ', 'T')}Z`) - slot
  return known[at] ?? 0
}

function changesOf(zone: string): number[] {
  const isSet = (from: number, until: number) => offsetAt(zone, from) !== offsetAt(zone, until)
  const slots = Array.from({ length: DAY / SLOT }, (_, i) => (i + 1) * SLOT)
  const changes: number[] = []
  for (let day = START; day < END; day += DAY)
    if (isSet(day, day + DAY)) changes.push(...slots.map((i) => day + i).filter((at) => isSet(at - SLOT, at)))
  return changes
}

const LIMITS: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
]

function textOf(fields: readonly Field[]): string {
  return fields.map(({ text }) => text).join(' ')
}

/** Every day at these minutes and hours. */
function fieldsOf(text: string): Field[] {
  return `${text} * * *`.split(' ').map((part, i) => plain(part, ...(LIMITS[i] ?? [0, 0])))
}

/** Five fields; most name few values, so that a few runs span years. */
function patterns(): fc.Arbitrary<Field[]> {
  const [minute, hour, date, month, weekday] = LIMITS.map(([low, high]) => field(low, high))
  const last = fc.constant<Field>({ text: 'L', has: (value, day) => value === daysIn(day) })
  const second = fc.constant<Field>({
    text: '5#2',
    has: (value, day) => value === 5 && Math.ceil(day.getUTCDate() / 7) === 2,
  })
  const any = fc.constant(plain('*', 0, 59))
  const some = (one: fc.Arbitrary<Field> | undefined, ...more: fc.Arbitrary<Field>[]) =>
    fc.oneof({ weight: 2, arbitrary: any }, { weight: 1, arbitrary: one ?? any }, ...more)
  const times = fc.tuple(minute ?? any, hour ?? any)
  return fc
    .tuple(times, some(date, last), some(month), some(weekday, second))
    .map(([time, ...days]) => [...time, ...days])
    .filter((fields) => new Cron(textOf(fields)).next(new Date(START)) !== null)
}

function field(low: number, high: number): fc.Arbitrary<Field> {
  const value = fc.integer({ min: low, max: high })
  const list = fc.uniqueArray(value, { minLength: 1, maxLength: 3 }).map((values) => values.join(','))
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  const step = fc.integer({ min: 1, max: Math.floor(high / 2) })
  const steps = step.map((n) => `*/${n}`)
  const stepped = fc.tuple(range, step).map(([text, n]) => `${text}/${n}`)
  const star = fc.constant('*')
  return fc.oneof(list, list, range, steps, stepped, star).map((text) => plain(text, low, high))
}

function plain(text: string, low: number, high: number): Field {
  const values = new Set(text.split(',').flatMap((part) => valuesOf(part, low, high)))
  return { text, has: (value) => values.has(value) }
}

function valuesOf(part: string, low: number, high: number): number[] {
  const [span = '', step = '1'] = part.split('/')
  const [from = low, to = span === '*' ? high : from] =
    span === '*' ? [low, high] : span.split('-').map(Number)
  return Array.from({ length: Math.floor((to - from) / Number(step)) + 1 }, (_, i) => from + i * Number(step))
}

function daysIn(day: Date): number {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate()
}

/** Any second of the ten years, or one of the days around a change of some clock. */
function moments(): fc.Arbitrary<number> {
  const any = fc.integer({ min: START / 1_000, max: END / 1_000 }).map((s) => s * 1_000)
  const near = fc.tuple(
    fc.constantFrom(...ZONES.flatMap(changesOf)),
    fc.integer({ min: -90_000, max: 9_000 }),
  )
  return fc.oneof(
    any,
    near.map(([change, seconds]) => change + seconds * 1_000),
  )
}
