import { expect } from 'chai'
import { fillText, fillTree } from './template.js'

describe('a template', () => {
  it('puts values in place of whole scalars and words in place of parts', () => {
    const filled = fillTree(
      { ports: '{{ports}}', name: 'a-{{word}}-b', list: ['{{n}}', 'x'], deep: { n: '{{n}}' } },
      { ports: [80, 443], word: 'c', n: 7 },
    )
    expect(filled).to.deep.equal({ ports: [80, 443], name: 'a-c-b', list: [7, 'x'], deep: { n: 7 } })
  })

  it('leaves out keys, items and lines whose value there is not', () => {
    expect(fillTree({ a: '{{none}}', b: ['{{none}}', 1] }, { none: undefined })).to.deep.equal({ b: [1] })
    expect(fillText('one\ntwo {{none}}\nthree {{n}}', { none: undefined, n: 3 })).to.equal('one\nthree 3')
  })

  it('refuses a placeholder that nothing fills', () => {
    expect(() => fillTree({ a: '{{unknown}}' }, {})).to.throw('unknown')
    expect(() => fillText('{{toString}}', {})).to.throw('toString')
  })
})
