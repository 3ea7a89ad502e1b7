import { expect } from 'chai'
import fc from 'fast-check'
import { countSegments } from './sms-segments.js'

describe('segments of a text message', () => {
  for (const [text, segments] of [
    ['', 1],
    ['x'.repeat(160), 1],
    ['x'.repeat(161), 2],
    ['x'.repeat(306), 2],
    ['x'.repeat(307), 3],
    ['€'.repeat(80), 1],
    ['€'.repeat(81), 2],
    // An escape sequence is not torn apart: 153 = 152 + 1 left over.
    [`${'x'.repeat(152)}€${'x'.repeat(152)}`, 3],
    ['ä'.repeat(160), 1],
    ['č'.repeat(70), 1],
    ['č'.repeat(71), 2],
    ['😀'.repeat(35), 1],
    ['😀'.repeat(36), 2],
    // 67 units hold 33 pairs, the half of a 34th would be torn.
    ['😀'.repeat(67), 3],
  ] as const) {
    it(`of ${JSON.stringify(text.slice(0, 6))} × ${[...text].length} are ${segments}`, () => {
      expect(countSegments(text)).to.equal(segments)
    })
  }

  it('never get fewer when text is added', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.string({ unit: 'grapheme' }),
        (text, more) => {
          expect(countSegments(text + more)).to.be.at.least(countSegments(text))
        },
      ),
    )
  })
})
