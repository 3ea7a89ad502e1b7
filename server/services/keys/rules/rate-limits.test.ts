import { expect } from 'chai'
import { limitsToPass, type NamedRateLimit } from './rate-limits.js'

const requests: NamedRateLimit = { name: 'requests', limit: 100, windowS: 60, autoApply: true }
const tokens: NamedRateLimit = { name: 'tokens', limit: 10_000, windowS: 60, autoApply: false }

describe('named rate limits', () => {
  it('applies automatic limits by themselves and the others only when named', () => {
    expect(limitsToPass([requests, tokens], []).demands).to.deep.equal([{ limit: requests, cost: 1 }])
    expect(limitsToPass([requests, tokens], [{ name: 'tokens', cost: 250 }]).demands).to.deep.equal([
      { limit: requests, cost: 1 },
      { limit: tokens, cost: 250 },
    ])
  })

  it('lets a named automatic limit have its own cost, zero included, and counts it once', () => {
    expect(limitsToPass([requests], [{ name: 'requests', cost: 0 }]).demands).to.deep.equal([
      { limit: requests, cost: 0 },
    ])
  })

  it('names the limits that the key does not carry', () => {
    expect(limitsToPass([requests], [{ name: 'images' }])).to.deep.equal({
      demands: [{ limit: requests, cost: 1 }],
      unknown: ['images'],
    })
  })
})
