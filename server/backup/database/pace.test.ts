import { expect } from 'chai'
import { expectRejection } from '../../../test/expect-rejection.js'
import { Pace } from './pace.js'

const MEBIBYTE = 1024 * 1024

describe('the pace of a gentle backup', () => {
  const never = new AbortController().signal

  it('rests for as long as the share says, by what was not ready when it began to read', () => {
    const pace = new Pace(0.25, never)
    for (let stretch = 0; stretch < 3; stretch++) {
      expect(pace.restAfter(15 * MEBIBYTE, 500)).to.equal(0)
      expect(pace.restAfter(MEBIBYTE, 500)).to.equal(0)
      expect(pace.restAfter(15 * MEBIBYTE, 90)).to.equal(0)
      expect(pace.restAfter(MEBIBYTE, 10)).to.equal(600)
    }
  })

  it('rests never at the full share, and some seconds at most however slow all goes', () => {
    expect(new Pace(1, never).restAfter(40 * MEBIBYTE, 5_000)).to.equal(0)
    expect(new Pace(0.1, never).restAfter(40 * MEBIBYTE, 60_000)).to.equal(2_000)
  })

  it('rests no more once it is to stop', async () => {
    const stop = new AbortController()
    const resting = expectRejection(new Pace(0.1, stop.signal).worked(40 * MEBIBYTE, 60_000), /abort/i)
    stop.abort()
    await resting
  })
})
