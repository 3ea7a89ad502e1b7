import { expect } from 'chai'
import fc from 'fast-check'
import { periodsAt } from './periods.js'

describe('periodsAt', () => {
  it('gives the day and the month in UTC, over the end of a year', () => {
    expect(periodsAt(new Date('2026-12-31T23:59:59.999Z'))).to.deep.equal({
      day: new Date('2026-12-31T00:00:00Z'),
      nextDay: new Date('2027-01-01T00:00:00Z'),
      month: new Date('2026-12-01T00:00:00Z'),
      nextMonth: new Date('2027-01-01T00:00:00Z'),
    })
  })

  it('always gives periods that hold the moment, leap years too', () => {
    const moment = fc.date({ min: new Date('1999-01-01'), max: new Date('2101-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(moment, (now) => {
        const { day, nextDay, month, nextMonth } = periodsAt(now)
        expect(day <= now && now < nextDay && month <= now && now < nextMonth).to.equal(true)
        expect(nextDay.getTime() - day.getTime()).to.equal(86_400_000)
        expect([month.getUTCDate(), nextMonth.getUTCDate()]).to.deep.equal([1, 1])
      }),
    )
  })
})
