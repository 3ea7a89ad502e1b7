import { expect } from 'chai'
import fc from 'fast-check'
import {
  CATCH_UP_MAX,
  type CatchUp,
  nextFiring,
  nextFirings,
  planFirings,
  type Timing,
} from './schedule-timing.js'

const MADE = new Date('2026-03-01T10:00:07Z')

const timing = (differs: Partial<Timing>): Timing => ({
  cron: null,
  everyS: null,
  timeZone: 'UTC',
  startsAt: null,
  endsAt: null,
  createdAt: MADE,
  ...differs,
})

describe('the timing of a schedule', () => {
  const times = (differs: Partial<Timing>, after = MADE, count = 3) =>
    nextFirings(timing(differs), count, after).map((at) => at.toISOString().slice(0, 19))
  const plan = (differs: Partial<Timing>, catchUp: CatchUp, nextAt: string, now: string) => {
    const { due, leftOut, next } = planFirings(
      { ...timing(differs), catchUp, nextAt: new Date(nextAt) },
      new Date(now),
    )
    return {
      due: due.map((at) => at.toISOString().slice(11, 19)),
      leftOut,
      next: next?.toISOString().slice(11, 19),
    }
  }

  it('counts a rhythm from when it was made, or begins with its start', () => {
    expect(times({ everyS: 90 })).to.deep.equal([
      '2026-03-01T10:01:37',
      '2026-03-01T10:03:07',
      '2026-03-01T10:04:37',
    ])
    const startsAt = new Date('2026-03-02T00:00:00Z')
    expect(times({ everyS: 3_600, startsAt })).to.deep.equal([
      '2026-03-02T00:00:00',
      '2026-03-02T01:00:00',
      '2026-03-02T02:00:00',
    ])
  })

  it('keeps the rhythm, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90_000 }), fc.nat(10_000_000), (everyS, lateMs) => {
        const after = new Date(MADE.getTime() + lateMs)
        const next = nextFiring(timing({ everyS }), after)
        expect(next?.getTime())
          .to.be.above(after.getTime())
          .and.at.most(after.getTime() + everyS * 1_000)
        expect(((next?.getTime() ?? 0) - MADE.getTime()) % (everyS * 1_000)).to.equal(0)
      }),
    )
  })

  it('fires from its start to its end, both included', () => {
    const [startsAt, endsAt] = [new Date('2026-03-05T09:00:00Z'), new Date('2026-03-07T09:00:00Z')]
    expect(times({ cron: '0 9 * * *', startsAt, endsAt }, MADE, 9)).to.deep.equal([
      '2026-03-05T09:00:00',
      '2026-03-06T09:00:00',
      '2026-03-07T09:00:00',
    ])
    expect(nextFiring(timing({ everyS: 60, endsAt: MADE }), MADE)).to.equal(null)
  })

  it('fires nothing after the year 2999', () => {
    const end = new Date('2999-12-31T23:59:30Z')
    expect(times({ everyS: 20, startsAt: end }, end, 9)).to.deep.equal(['2999-12-31T23:59:50'])
    expect(times({ cron: '*/20 * * * * *' }, end, 9)).to.have.length.within(1, 2)
    expect(times({ everyS: 20, startsAt: new Date('9999-12-31T23:59:59Z') })).to.deep.equal([])
  })

  it('is listed for a generation, or to the next firing where that is further off', () => {
    const rare = { cron: '0 0 29 2 +MON', timeZone: 'Europe/Berlin' }
    expect(times(rare, MADE, 100)).to.deep.equal(['2044-02-28T23:00:00'])
    expect(times(rare, new Date('2092-01-01T00:00:00Z'), 100)).to.deep.equal(['2112-02-28T23:00:00'])
    expect(times({ cron: '@yearly' }, MADE, 100)).to.have.length(30)
  })

  it('makes up for what was missed as it was told to', () => {
    const hourly = { cron: '0 * * * *' }
    const missed = (catchUp: CatchUp) => plan(hourly, catchUp, '2026-03-01T08:00:00Z', '2026-03-01T12:30:00Z')
    const all = ['08:00:00', '09:00:00', '10:00:00', '11:00:00', '12:00:00']
    expect(missed('none')).to.deep.equal({ due: [], leftOut: 5, next: '13:00:00' })
    expect(missed('last')).to.deep.equal({ due: ['12:00:00'], leftOut: 4, next: '13:00:00' })
    expect(missed('all')).to.deep.equal({ due: all, leftOut: 0, next: '13:00:00' })
  })

  it('takes what is hardly late for being in time', () => {
    const late = (now: string) => plan({ everyS: 10 }, 'none', '2026-03-01T10:00:17Z', now)
    expect(late('2026-03-01T10:00:17.005Z')).to.deep.equal({
      due: ['10:00:17'],
      leftOut: 0,
      next: '10:00:27',
    })
    expect(late('2026-03-01T10:00:55Z')).to.deep.equal({ due: ['10:00:47'], leftOut: 3, next: '10:00:57' })
    expect(plan({ everyS: 90 }, 'none', '2026-03-01T10:01:37Z', '2026-03-01T10:02:50Z').due).to.deep.equal([])
  })

  it('makes up for a bounded number, the newest, and says how many it leaves out', () => {
    const long = plan({ everyS: 60 }, 'all', '2026-03-01T10:01:07Z', '2026-03-01T12:01:07Z')
    expect(long.due).to.have.length(CATCH_UP_MAX)
    expect(long.due.at(-1)).to.equal('12:01:07')
    expect(long.leftOut).to.equal(121 - CATCH_UP_MAX)
    const ever = plan({ cron: '*/10 * * * * *' }, 'all', '2016-03-01T00:00:00Z', '2026-03-01T00:00:00Z')
    expect(ever.due).to.have.length(CATCH_UP_MAX)
    expect(ever.leftOut).to.equal(1_000)
  })

  it('makes up for what fell before its end, and is over then', () => {
    const endsAt = new Date('2026-03-01T10:30:00Z')
    const over = plan({ cron: '*/20 * * * *', endsAt }, 'all', '2026-03-01T10:00:00Z', '2026-03-02T00:00:00Z')
    expect(over).to.deep.equal({ due: ['10:00:00', '10:20:00'], leftOut: 0, next: undefined })
  })

  it('fires each firing once, however irregularly it is looked after', () => {
    const rhythms = fc.oneof(
      fc.integer({ min: 900, max: 7_200 }).map((everyS) => timing({ everyS })),
      fc
        .constantFrom('30 2 * * *', '*/15 * * * *', '0 */3 * * *', '45 1,2 * * *')
        .map((cron) => timing({ cron, timeZone: 'Europe/Berlin' })),
    )
    const looks = fc.array(fc.integer({ min: 1, max: 86_400 }), { minLength: 1, maxLength: 10 })
    const policies = fc.constantFrom<CatchUp>('none', 'last', 'all')
    fc.assert(
      fc.property(rhythms, looks, policies, (rhythm, pauses, catchUp) => {
        const fired: number[] = []
        let [now, leftOut] = [new Date('2026-03-27T00:00:00Z'), 0]
        const begin = now
        let nextAt = nextFiring(rhythm, now)
        for (const pause of pauses) {
          now = new Date(now.getTime() + pause * 1_000)
          if (!nextAt || nextAt > now) continue
          const { due, leftOut: more, next } = planFirings({ ...rhythm, catchUp, nextAt }, now)
          fired.push(...due.map(Number))
          leftOut += more
          nextAt = next
        }
        const all = nextFirings(rhythm, 1_000, begin).filter((at) => at <= now)
        expect(fired).to.deep.equal([...new Set(fired)].sort((a, b) => a - b))
        expect(all.map(Number)).to.include.members(fired)
        expect(fired.length + leftOut).to.equal(all.length)
      }),
      { numRuns: 40 },
    )
  })
})
