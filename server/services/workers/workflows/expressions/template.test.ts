import { expect } from 'chai'
import fc from 'fast-check'
import { fillTemplates, findTemplates, partsOf } from './template.js'

describe('templates in texts', () => {
  it('are told from the text around them, whatever is in them', () => {
    expect(partsOf('a {{x.y}} b{{ {"k": {"n": 1}} }}')).to.deep.equal([
      { text: 'a ' },
      { expression: 'x.y' },
      { text: ' b' },
      { expression: '{"k": {"n": 1}}' },
    ])
    expect(partsOf(`{{"}}" & '}}' & \`}}\` & "\\"}}"}}`)).to.deep.equal([
      { expression: `"}}" & '}}' & \`}}\` & "\\"}}"` },
    ])
    expect(partsOf('{{ secrets.API_KEY }}')).to.deep.equal([{ secret: 'API_KEY' }])
    for (const text of ['', '{', '{{', 'a {{ b', '}} {{', '{{"}}'])
      expect(partsOf(text)).to.deep.equal([{ text }])
  })

  it('keep every character that is in no template', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parts = partsOf(text)
        const back = parts.map((part) =>
          'text' in part ? part.text : 'expression' in part ? part.expression : '',
        )
        if (!text.includes('{{')) expect(back.join('')).to.equal(text)
      }),
    )
  })

  it('become their results: alone whatever those are, among text as text', () => {
    const results: Record<string, unknown> = { a: { x: 1 }, b: null, c: 'text', d: 2 }
    const value = { whole: '{{a}}', parts: 'is {{a}}, {{b}}, {{c}}, {{d}}', list: ['{{d}}', 7, true, null] }
    expect(fillTemplates(value, (expression) => results[expression])).to.deep.equal({
      whole: { x: 1 },
      parts: 'is {"x":1}, , text, 2',
      list: [2, 7, true, null],
    })
  })

  it('leave references to secrets as they are', () => {
    expect(fillTemplates('Bearer {{ secrets.KEY }}', () => 'never')).to.equal('Bearer {{secrets.KEY}}')
    expect(fillTemplates('{{x}}', () => '{{secrets.KEY}}')).to.equal('{{secrets.KEY}}')
  })

  it('are found with where they stand', () => {
    const found = findTemplates({ 'a/b': ['x', '{{y}}'], 'c~': { d: '{{secrets.S}}' } }, '/config')
    expect(found.map(({ pointer }) => pointer)).to.deep.equal(['/config/a~1b/1', '/config/c~0/d'])
  })
})
