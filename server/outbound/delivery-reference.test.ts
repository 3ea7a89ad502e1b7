import { expect } from 'chai'
import fc from 'fast-check'
import { makeReference, REFERENCE, readReference } from './delivery-reference.js'

const KEY = Buffer.alloc(32, 7)
const of = {
  tenantId: '01990f6e-5f0e-7000-8000-000000000001',
  deliveryId: '01990f6e-5f0e-7000-8000-0000000000ff',
}

describe('a delivery reference', () => {
  it('is read back for the address it was made for, whatever mail servers did to its case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), fc.emailAddress(), (tenantId, deliveryId, address) => {
        const reference = makeReference(KEY, { tenantId, deliveryId }, address)
        expect(reference).to.match(REFERENCE)
        expect(
          readReference(KEY, reference.toUpperCase(), ['x@y.example', address.toUpperCase()]),
        ).to.deep.equal({
          tenantId,
          deliveryId,
          address: address.toUpperCase(),
        })
      }),
    )
  })

  it('is the same for every repeat', () => {
    expect(makeReference(KEY, of, 'ada@example.com')).to.equal(makeReference(KEY, of, 'Ada@example.com'))
  })

  it('says nothing for another address, another key, or with any letter changed', () => {
    const reference = makeReference(KEY, of, 'ada@example.com')
    expect(readReference(KEY, reference, ['eve@example.com', ''])).to.equal(null)
    expect(readReference(KEY, reference, [])).to.equal(null)
    expect(readReference(Buffer.alloc(32, 8), reference, ['ada@example.com'])).to.equal(null)
    // The last letter carries two bits only, so that some others stand for the same.
    for (let at = 0; at < reference.length - 1; at += 1) {
      const other = reference[at] === 'a' ? 'b' : 'a'
      const forged = reference.slice(0, at) + other + reference.slice(at + 1)
      expect(readReference(KEY, forged, ['ada@example.com']), forged).to.equal(null)
    }
  })

  it('is nothing else that somebody writes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readReference(KEY, text, ['ada@example.com'])).to.equal(null)
      }),
    )
  })
})
