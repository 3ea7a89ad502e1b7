import { expect } from 'chai'
import fc from 'fast-check'
import type { Variables } from './variables.js'
import { fillWords, parseWords, WordsError } from './words.js'

const scope = {
  name: { kind: 'name', about: '', example: 'Ada' },
  note: { kind: 'name', about: '', example: 'x', optional: true },
  is_new: { kind: 'flag', about: '', example: true },
  items: {
    kind: 'list',
    about: '',
    fields: { title: { kind: 'name', about: '', example: 'x' } },
    example: [],
  },
} as const satisfies Variables

const view = { name: 'Ada', note: null, is_new: true, items: [{ title: 'one' }, { title: 'two' }] }
const fill = (source: string, as: 'text' | 'html' = 'text') => fillWords(parseWords(source, scope), view, as)

describe('the language of templates', () => {
  it('has variables, sections over lists, flags and what is there, and their opposites', () => {
    expect(fill('Hi {{name}}{{#note}}, {{note}}{{/note}}{{^note}}!{{/note}}')).to.equal('Hi Ada!')
    expect(fill('{{#items}}{{title}} of {{name}};{{/items}}')).to.equal('one of Ada;two of Ada;')
    expect(fill('{{#is_new}}new{{/is_new}}{{^is_new}}old{{/is_new}}')).to.equal('new')
  })

  it('takes a line that holds only a section’s tag away', () => {
    expect(fill('a\n{{#items}}\n- {{title}}\n{{/items}}\nb')).to.equal('a\n- one\n- two\nb')
  })

  for (const source of [
    ...['{{{name}}}', '{{&name}}', '{{& name}}', '{{ name }}', '{{>name}}', '{{> name}}', '{{!name}}'],
    ...[
      '{{=<% %>=}}',
      '{{name.first}}',
      '{{.}}',
      '{{name',
      'name}}',
      '{{#name}}',
      '{{/name}}',
      '{{#name}}{{/note}}',
    ],
    ...[
      '{{#if name}}',
      '{{constructor}}',
      '{{__proto__}}',
      '{{missing}}',
      '{{Name}}',
      '{{isNew}}',
      '{{name@uri}}',
    ],
    ...[
      '{{#items}}{{missing}}{{/items}}',
      '{{title}}',
      '{{^items}}{{title}}{{/items}}',
      '{{items}}',
      '{{is_new}}',
    ],
    ...['{{{{name}}}}', '{{}}', '{{ }}', '{{#}}', `{{${'x'.repeat(41)}}}`, '{{name}}}', '{{{name}}'],
  ]) {
    it(`refuses ${source}`, () => {
      expect(() => parseWords(source, scope)).to.throw(WordsError)
    })
  }

  it('escapes every value for HTML, also between quotes', () => {
    const escaped = fillWords(
      parseWords('<a title="{{name}}">', scope),
      { ...view, name: `"'<&>\`\n` },
      'html',
    )
    expect(escaped).to.equal('<a title="&#34;&#39;&#60;&#38;&#62;&#96;<br>">')
  })

  it('never yields markup from any value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const html = fillWords(parseWords('{{name}}', scope), { ...view, name }, 'html')
        expect(html.replaceAll('<br>', '')).to.not.match(/[<>"'`]/)
      }),
    )
  })

  it('refuses what was not given instead of leaving a gap', () => {
    const words = parseWords('{{name}}', scope)
    expect(() => fillWords(words, { note: 'x' }, 'text')).to.throw(WordsError, 'name')
  })

  it('reads any text as itself, or refuses it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{{', '}}', '{', '}', '#', '/', 'name', ' ', '\n', 'a')),
        (parts) => {
          const source = parts.join('')
          try {
            const filled = fill(source)
            if (!source.includes('{{')) expect(filled).to.equal(source)
          } catch (error) {
            expect(error).to.be.instanceOf(WordsError)
          }
        },
      ),
    )
  })
})
