import { expect } from 'chai'
import { CircuitBreaker } from './circuit-breaker.js'

describe('a circuit breaker', () => {
  let now = 0
  const breakerOf = (options = {}) =>
    new CircuitBreaker(() => now, { failures: 3, pauseMs: 1_000, ...options })
  beforeEach(() => {
    now = 0
  })

  it('opens after so many failures in a row, and not before', () => {
    const breaker = breakerOf()
    breaker.record('a', false)
    breaker.record('a', false)
    expect(breaker.waitMs('a')).to.equal(0)
    breaker.record('a', true)
    breaker.record('a', false)
    breaker.record('a', false)
    expect(breaker.waitMs('a'), 'a success in between counts').to.equal(0)
    breaker.record('a', false)
    expect(breaker.waitMs('a')).to.equal(1_000)
    expect(breaker.waitMs('b'), 'others go on').to.equal(0)
  })

  it('lets a single one try when the pause is over', () => {
    const breaker = breakerOf()
    for (let i = 0; i < 3; i += 1) breaker.record('a', false)
    now = 1_000
    expect(breaker.waitMs('a')).to.equal(0)
    expect(breaker.waitMs('a'), 'the second waits for the first').to.equal(1_000)
    breaker.record('a', false)
    expect(breaker.waitMs('a')).to.equal(1_000)
    now = 2_000
    expect(breaker.waitMs('a')).to.equal(0)
    breaker.record('a', true)
    expect([breaker.waitMs('a'), breaker.waitMs('a')]).to.deep.equal([0, 0])
  })

  it('remembers a bounded number of circuits', () => {
    const breaker = breakerOf({ max: 2, failures: 1 })
    for (const name of ['a', 'b', 'c']) breaker.record(name, false)
    expect(['a', 'b', 'c'].map((name) => breaker.waitMs(name))).to.deep.equal([0, 1_000, 1_000])
  })
})
