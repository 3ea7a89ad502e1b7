import { expect } from 'chai'
import fc from 'fast-check'
import { ACCOUNT_BACKOFF, ADDRESS_BACKOFF, type BackoffPolicy, lockedUntil } from './backoff.js'

const START = new Date('2026-01-01T00:00:00Z')
const later = (seconds: number) => new Date(START.getTime() + seconds * 1000)
const waitAfter = (failures: number, policy: BackoffPolicy) => {
  const until = lockedUntil({ failures, lastFailureAt: START }, policy, START)
  return until === null ? 0 : (until.getTime() - START.getTime()) / 1000
}
const policies = fc.constantFrom(ACCOUNT_BACKOFF, ADDRESS_BACKOFF)
const failures = fc.integer({ min: 0, max: 1_000_000 })

describe('auth/lockout/backoff', () => {
  it('lets the first failures pass, then waits 30 s, 1, 2, 4, 8 and 15 minutes', () => {
    expect([0, 1, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => waitAfter(n, ACCOUNT_BACKOFF))).to.deep.equal([
      0, 0, 0, 30, 60, 120, 240, 480, 900, 900,
    ])
  })

  it('never waits less after more failures, and never longer than its maximum', () => {
    fc.assert(
      fc.property(policies, failures, failures, (policy, a, b) => {
        const [few, many] = a < b ? [a, b] : [b, a]
        expect(waitAfter(few, policy)).to.be.at.most(waitAfter(many, policy))
        expect(waitAfter(many, policy)).to.be.within(0, policy.maxSeconds)
      }),
    )
  })

  it('opens at the stated moment and stays open until the next failure', () => {
    fc.assert(
      fc.property(policies, failures, fc.nat(2_000_000), (policy, count, seconds) => {
        const record = { failures: count, lastFailureAt: START }
        const until = lockedUntil(record, policy, START)
        const now = later(seconds)
        expect(lockedUntil(record, policy, now)).to.deep.equal(until !== null && until > now ? until : null)
      }),
    )
  })

  it('forgets after the quiet time, and has nothing to say about the unknown', () => {
    const record = { failures: 50, lastFailureAt: START }
    expect(lockedUntil(record, ACCOUNT_BACKOFF, later(ACCOUNT_BACKOFF.forgetSeconds))).to.equal(null)
    expect(lockedUntil(null, ACCOUNT_BACKOFF, START)).to.equal(null)
  })

  it('allows at most about a hundred guesses a day at one account', () => {
    let [now, guesses, count] = [0, 0, 0]
    let last = START
    while (now < 86_400) {
      guesses++
      count++
      last = later(now)
      const until = lockedUntil({ failures: count, lastFailureAt: last }, ACCOUNT_BACKOFF, last)
      now = until === null ? now : (until.getTime() - START.getTime()) / 1000
    }
    expect(guesses).to.be.at.most(110)
  })
})
