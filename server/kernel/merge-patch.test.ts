import { expect } from 'chai'
import fc from 'fast-check'
import { mergePatch } from './merge-patch.js'

describe('mergePatch', () => {
  // The examples of RFC 7396, appendix A, whose target and patch are objects.
  const examples: [object, object, object][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of examples) {
    it(`makes ${JSON.stringify(result)} of ${JSON.stringify(target)} and ${JSON.stringify(patch)}`, () => {
      expect(mergePatch(target as Record<string, unknown>, patch as Record<string, unknown>)).to.deep.equal(
        result,
      )
    })
  }

  const json = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }))

  it('changes nothing more when a patch is applied twice', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const once = mergePatch(target, patch)
        expect(mergePatch(once, patch)).to.deep.equal(once)
      }),
    )
  })

  it('leaves its arguments as they were', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const before = JSON.stringify([target, patch])
        mergePatch(target, patch)
        expect(JSON.stringify([target, patch])).to.equal(before)
      }),
    )
  })

  it('takes __proto__ for a name like any other', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true},"a":{"constructor":{"x":1}}}')
    const merged = mergePatch({}, patch)
    expect(Object.getPrototypeOf(merged)).to.equal(Object.prototype)
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
    expect(JSON.stringify(merged)).to.equal('{"__proto__":{"polluted":true},"a":{"constructor":{"x":1}}}')
  })
})
