import { expect } from 'chai'
import fc from 'fast-check'
import { microsOf, readPrice } from './money.js'

describe('amounts of providers', () => {
  it('are read exactly, whatever floating point would make of them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 0, max: 999_999 }),
        (whole, part) => {
          const text = `-${whole}.${String(part).padStart(6, '0')}`
          expect(microsOf(text)).to.equal(whole * 1_000_000 + part)
        },
      ),
    )
  })

  it('are none where the text is none', () => {
    for (const text of ['', '-', 'abc', '1e9', '1,5', '.5', 'NaN', '1.5 USD'])
      expect(microsOf(text), text).to.equal(null)
  })

  it('have a currency in settings', () => {
    expect(readPrice('0.0079 USD')).to.deep.equal({ micros: 7_900, currency: 'USD' })
    expect([readPrice(undefined), readPrice('5')]).to.deep.equal([null, null])
  })
})
