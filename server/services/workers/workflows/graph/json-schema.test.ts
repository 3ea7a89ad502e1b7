import { expect } from 'chai'
import { type DeclaredSchema, declaredSchema, fitTo, knownNames } from './json-schema.js'

describe('declared schemas', () => {
  const person = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 10 },
      age: { type: ['integer', 'null'], minimum: 0 },
      tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 2 },
      born: { type: 'string', format: 'date' },
      unit: { type: 'string', default: 'kg' },
    },
    required: ['name'],
    additionalProperties: false,
  } satisfies DeclaredSchema

  it('check values, fill in defaults and say where one does not fit', () => {
    expect(fitTo(person, { name: 'Ada', age: null, tags: ['a'], born: '1815-12-10' })).to.deep.equal({
      value: { name: 'Ada', age: null, tags: ['a'], born: '1815-12-10', unit: 'kg' },
    })
    const result = fitTo(person, { name: '', age: -1, tags: ['c'], born: 'once', more: 1 })
    expect('misfits' in result && result.misfits.map(({ pointer }) => pointer).sort()).to.deep.equal([
      '/age',
      '/born',
      '/more',
      '/name',
      '/tags/0',
    ])
    expect('misfits' in fitTo(person, [])).to.equal(true)
  })

  it('may use a part of JSON Schema in which nothing is slow to check', () => {
    expect(declaredSchema.safeParse(person).success).to.equal(true)
    const refused = [
      { type: 'string', pattern: '^(a+)+$' },
      { $ref: 'https://example.com/schema' },
      { type: 'object', properties: { a: { $ref: '#' } } },
      { type: 'object', patternProperties: {} },
      { allOf: [] },
      { type: 'thing' },
      { enum: [] },
      [],
      'string',
      null,
    ]
    for (const schema of refused)
      expect(declaredSchema.safeParse(schema).success, JSON.stringify(schema)).to.equal(false)
  })

  it('are bounded in depth and size', () => {
    const deep = (levels: number): object =>
      levels === 0 ? { type: 'string' } : { type: 'array', items: deep(levels - 1) }
    expect(declaredSchema.safeParse(deep(8)).success).to.equal(true)
    expect(declaredSchema.safeParse(deep(9)).success).to.equal(false)
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`p${i}`, {}])),
    }
    expect(declaredSchema.safeParse(wide).success).to.equal(false)
  })

  it('give names that every object has no meaning', () => {
    const odd = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"number"},"constructor":{"type":"number"}}}',
    )
    const { data } = declaredSchema.safeParse(odd)
    if (data) fitTo(data, JSON.parse('{"__proto__":{"polluted":1},"constructor":1}'))
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
  })

  it('tell which names an object may have', () => {
    expect([...(knownNames(person) ?? [])]).to.include('name')
    expect(knownNames({ type: 'object', properties: { a: {} } })).to.equal(null)
  })
})
