import { expect } from 'chai'
import fc from 'fast-check'
import { isWithin, minuteOf, quietUntil } from './quiet-hours.js'

const MINUTE_MS = 60_000

/** Zones with an hour, half an hour, midnight and no changes of their clocks. */
const ZONES = [
  ...['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'Asia/Kathmandu', 'UTC'],
]

/** Around the days on which some of these clocks are set, and any day. */
const instants = fc.oneof(
  fc.integer({ min: Date.UTC(2026, 2, 7), max: Date.UTC(2026, 3, 26) }),
  fc.integer({ min: Date.UTC(2026, 9, 2), max: Date.UTC(2026, 10, 3) }),
  fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }),
)
const times = fc
  .integer({ min: 0, max: 1439 })
  .map((minute) => `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`)

function pad(number: number): string {
  return String(number).padStart(2, '0')
}

const clocks = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  ]),
)

/** What the clock on the wall shows, asked in another way than the rule does. */
function shownAt(zone: string, at: number): number {
  return minuteOf(clocks.get(zone)?.format(at) ?? '')
}

describe('quiet hours', () => {
  it('end at the first minute, walked one by one, at which the clock on the wall is out of them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instants, times, times, (zone, instant, from, to) => {
        fc.pre(from !== to)
        const now = instant - (instant % MINUTE_MS)
        const isQuiet = (at: number) => isWithin(shownAt(zone, at), minuteOf(from), minuteOf(to))
        const until = quietUntil({ from, to }, zone, new Date(now))
        if (!isQuiet(now)) {
          expect(until).to.equal(null)
          return
        }
        let end = now
        while (isQuiet(end)) end += MINUTE_MS
        expect(until?.toISOString(), `${zone} ${from}–${to} at ${new Date(now).toISOString()}`).to.equal(
          new Date(end).toISOString(),
        )
      }),
      { numRuns: 400 },
    )
  })

  for (const [title, zone, to, now, end] of [
    [
      'an hour earlier on the day the clock is put forward',
      'Europe/Berlin',
      '07:00',
      '2026-03-28T23:00',
      '2026-03-29T05:00',
    ],
    [
      'an hour later on the day it is put back',
      'Europe/Berlin',
      '07:00',
      '2026-10-24T23:00',
      '2026-10-25T06:00',
    ],
    [
      'in the moment of the jump where their end is jumped over',
      'Europe/Berlin',
      '02:30',
      '2026-03-28T23:00',
      '2026-03-29T01:00',
    ],
    [
      'the first time that their end comes where it comes twice',
      'Europe/Berlin',
      '02:30',
      '2026-10-24T23:00',
      '2026-10-25T00:30',
    ],
    [
      'where a clock jumps by half an hour',
      'Australia/Lord_Howe',
      '02:15',
      '2026-10-03T14:00',
      '2026-10-03T15:30',
    ],
  ] as const) {
    it(`end ${title}`, () => {
      const until = quietUntil({ from: '22:00', to }, zone, new Date(`${now}:00Z`))
      expect(until?.toISOString()).to.equal(`${end}:00.000Z`)
    })
  }
})
