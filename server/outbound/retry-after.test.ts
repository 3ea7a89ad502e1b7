import { expect } from 'chai'
import { retryAfterMs } from './retry-after.js'

const NOW = new Date('2026-11-25T12:00:00Z')

describe('Retry-After', () => {
  it('is read as seconds or as a date, a day at most', () => {
    expect(retryAfterMs('120', NOW)).to.equal(120_000)
    expect(retryAfterMs(' 0 ', NOW)).to.equal(0)
    expect(retryAfterMs('999999999', NOW)).to.equal(86_400_000)
    expect(retryAfterMs('Wed, 25 Nov 2026 12:01:00 GMT', NOW)).to.equal(60_000)
    expect(retryAfterMs('Wed, 25 Nov 2026 11:00:00 GMT', NOW)).to.equal(0)
    expect(retryAfterMs('Fri, 01 Jan 2100 00:00:00 GMT', NOW)).to.equal(86_400_000)
  })

  it('says nothing where it is neither', () => {
    for (const other of [undefined, '', '-5', '1.5', 'soon', '2030-01-01', 'Foo, bar', '9'.repeat(40)])
      expect(retryAfterMs(other, NOW), String(other)).to.equal(null)
  })
})
