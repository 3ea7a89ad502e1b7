import { expect } from 'chai'
import fc from 'fast-check'
import { type Credits, creditsAt, lastRefillAt, nextRefillAt, type Refill, spendCredits } from './credits.js'

const daily: Refill = { interval: 'daily', amount: 100, day: 1 }
const monthly = (day: number): Refill => ({ interval: 'monthly', amount: 100, day })
const at = (text: string) => new Date(text)

const refill: fc.Arbitrary<Refill> = fc.record({
  interval: fc.constantFrom('daily' as const, 'monthly' as const),
  amount: fc.nat({ max: 1000 }),
  day: fc.integer({ min: 1, max: 31 }),
})
const moment = fc.date({
  min: at('2020-01-01T00:00:00Z'),
  max: at('2035-01-01T00:00:00Z'),
  noInvalidDate: true,
})

describe('credits', () => {
  it('refills daily at midnight UTC', () => {
    expect(lastRefillAt(daily, at('2026-03-01T00:00:00Z'))).to.deep.equal(at('2026-03-01T00:00:00Z'))
    expect(lastRefillAt(daily, at('2026-02-28T23:59:59.999Z'))).to.deep.equal(at('2026-02-28T00:00:00Z'))
    expect(nextRefillAt(daily, at('2026-12-31T00:00:00Z'))).to.deep.equal(at('2027-01-01T00:00:00Z'))
  })

  it('refills monthly on the day asked for, or on the last day of a shorter month', () => {
    expect(lastRefillAt(monthly(31), at('2026-02-28T00:00:00Z'))).to.deep.equal(at('2026-02-28T00:00:00Z'))
    expect(lastRefillAt(monthly(31), at('2026-03-30T12:00:00Z'))).to.deep.equal(at('2026-02-28T00:00:00Z'))
    expect(nextRefillAt(monthly(30), at('2028-02-01T00:00:00Z'))).to.deep.equal(at('2028-02-29T00:00:00Z'))
    expect(nextRefillAt(monthly(15), at('2026-12-15T00:00:00Z'))).to.deep.equal(at('2027-01-15T00:00:00Z'))
    expect(lastRefillAt(monthly(15), at('2026-01-14T23:59:59Z'))).to.deep.equal(at('2025-12-15T00:00:00Z'))
  })

  it('replaces what is left and does not add to it', () => {
    const credits: Credits = { remaining: 40, refill: daily, refilledAt: at('2026-01-01T08:00:00Z') }
    expect(creditsAt(credits, at('2026-01-01T23:00:00Z'))).to.equal(40)
    expect(creditsAt(credits, at('2026-01-05T00:00:00Z'))).to.equal(100)
    expect(spendCredits(credits, 30, at('2026-01-02T00:00:00Z'))?.remaining).to.equal(70)
  })

  it('also lowers a balance that was above the refill amount', () => {
    const credits: Credits = { remaining: 5000, refill: daily, refilledAt: at('2026-01-01T08:00:00Z') }
    expect(creditsAt(credits, at('2026-01-02T00:00:00Z'))).to.equal(100)
  })

  it('brackets every moment between the last and the next refill', () => {
    fc.assert(
      fc.property(refill, moment, (rule, now) => {
        const [last, next] = [lastRefillAt(rule, now), nextRefillAt(rule, now)]
        expect(last.getTime()).to.be.at.most(now.getTime())
        expect(next.getTime()).to.be.greaterThan(now.getTime())
        expect(lastRefillAt(rule, next)).to.deep.equal(next)
        expect(nextRefillAt(rule, last)).to.deep.equal(next)
        expect(last.getTime() % 86_400_000).to.equal(0)
      }),
    )
  })

  it('never goes below zero, never spends more than the balance and one refill per period', () => {
    const spends = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 40 })), { maxLength: 60 })
    fc.assert(
      fc.property(
        fc.nat({ max: 500 }),
        fc.option(refill),
        moment,
        spends,
        (remaining, rule, start, steps) => {
          let credits: Credits = { remaining, refill: rule, refilledAt: start }
          let now = start
          let spent = 0
          const periods = new Set<number>()
          for (const [hours, cost] of steps) {
            now = new Date(now.getTime() + hours * 3_600_000)
            const next = spendCredits(credits, cost, now)
            if (!next) continue
            expect(next.remaining).to.be.at.least(0)
            if (rule && next.refilledAt !== credits.refilledAt) periods.add(lastRefillAt(rule, now).getTime())
            credits = next
            spent += cost
          }
          expect(spent).to.be.at.most(remaining + periods.size * (rule?.amount ?? 0))
        },
      ),
    )
  })

  it('answers undefined and leaves everything as it was when too little is left', () => {
    const credits: Credits = { remaining: 2, refill: null, refilledAt: at('2026-01-01T00:00:00Z') }
    expect(spendCredits(credits, 3, at('2026-01-02T00:00:00Z'))).to.equal(undefined)
    expect(spendCredits(credits, 2, at('2026-01-02T00:00:00Z'))?.remaining).to.equal(0)
    expect(spendCredits({ ...credits, remaining: 0 }, 0, at('2026-01-02T00:00:00Z'))?.remaining).to.equal(0)
  })
})
