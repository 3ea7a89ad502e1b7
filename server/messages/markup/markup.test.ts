import { expect } from 'chai'
import fc from 'fast-check'
import { checkWords, compileWords } from '../compile-words.js'
import { fitData } from '../fit-data.js'
import { compileMail } from '../mail/compile-mail.js'
import { MessageText } from '../render-content.js'
import { PLAIN_THEME, themeView } from '../theme.js'
import { exampleData, type Variables } from '../variables.js'
import { addressProblem, addressWords } from './address.js'
import { checkMarkup } from './check-markup.js'
import { parseMarkup } from './parse-markup.js'

const variables = {
  name: { kind: 'name', about: '', example: 'Ada' },
  note: { kind: 'text', about: '', example: 'a\nb', optional: true },
  link: { kind: 'url', about: '', example: 'https://app.example.com/x' },
  order: { kind: 'plain', about: '', example: 'A/1 ?' },
  is_new: { kind: 'flag', about: '', example: true },
  items: {
    kind: 'list',
    about: '',
    fields: { title: { kind: 'name', about: '', example: 'x' } },
    example: [{ title: 'one' }, { title: 'two' }],
  },
} as const satisfies Variables

const problemsOf = (body: string) => checkWords({ email: { subject: 'x', body } }, variables)

async function mailOf(body: string, replaced: Record<string, unknown> = {}) {
  expect(problemsOf(body)).to.deep.equal([])
  const compiled = await compileWords({ email: { subject: 'x', body } }, 'en', compileMail)
  const how = { locale: 'en', timeZone: 'UTC', words: {}, extras: 'refuse' } as const
  const data = { ...exampleData(variables), ...replaced }
  const view = { ...fitData(variables, data, how), ...themeView(PLAIN_THEME, 'Acme'), unsubscribe_url: null }
  const mail = new MessageText(compiled).render('email', view)
  if (mail?.channel !== 'email') throw new Error('no mail')
  return mail
}

describe('the body of a mail', () => {
  it('may hold text, buttons, tables, pictures, columns, and sections of a template', async () => {
    const { html, text } = await mailOf(`
      <mj-section background-color="#fafafa">
        <mj-column width="50%">
          <mj-text align="center"><h1>Hi {{name}}</h1><p>a &amp; b &lt; c<br>d</p><ul><li>x</li></ul></mj-text>
          {{#items}}<mj-text>{{title}}</mj-text>{{/items}}
        </mj-column>
        <mj-column>
          <mj-button href="{{link}}">Go</mj-button>
          <mj-image src="https://cdn.example/x.png" alt="of {{name}}" width="200px" />
          <mj-table>{{#items}}<tr><th>Item</th><td align="right">{{title}}</td></tr>{{/items}}</mj-table>
          <mj-divider /><mj-spacer height="8px" />
        </mj-column>
      </mj-section>`)
    expect(html).to.contain('Hi Ada').and.contain('a &#38; b &#60; c<br>d').and.contain('alt="of Ada"')
    expect(html).to.match(/>one<[\s\S]*>two<[\s\S]*href="https:\/\/app\.example\.com\/x"/)
    expect(html).to.match(/text-align:right" align="right">one</)
    expect(text).to.contain('Hi Ada').and.contain('- x').and.contain('Go:\nhttps://app.example.com/x')
    expect(text).to.match(/Item: one\nItem: two/)
  })

  it('says in text what a section hides and shows', async () => {
    const body = '<mj-text>{{#note}}<p>N: {{note}}</p>{{/note}}{{^note}}<p>none</p>{{/note}}</mj-text>'
    expect((await mailOf(body)).text).to.contain('N: a\nb')
    const without = await mailOf(body, { note: null })
    expect(without.text).to.contain('none').and.not.contain('N:')
    expect(without.html).to.not.contain('N:')
  })

  it('keeps variables of an address within it', async () => {
    const { html } = await mailOf(
      '<mj-text><a href="https://shop.example/orders/{{order}}?n={{name}}#x">see</a></mj-text>',
      { name: '&admin=1"><script>', order: '../../a b' },
    )
    expect(html).to.contain(
      'href="https://shop.example/orders/..%2F..%2Fa%20b?n=%26admin%3D1%22%3E%3Cscript%3E#x"',
    )
  })

  it('shows text that looks like markup or like a template as text', async () => {
    const { html, text } = await mailOf('<mj-text>&lt;script&gt;{{name}}&lt;/script&gt;</mj-text>', {
      name: '{{link}}{{#x}}<b>',
    })
    expect(html).to.not.contain('<script').and.not.contain('<b>')
    expect(text).to.contain('<script>{{link}}{{#x}}<b></script>')
  })

  const refused: Record<string, string> = {
    'a script': '<mj-text><script>alert(1)</script></mj-text>',
    'raw HTML': '<mj-raw><script>alert(1)</script></mj-raw>',
    'an include': '<mj-include path="/etc/passwd" />',
    'an include of HTML': '<mj-include path="../../secrets/x" type="html" />',
    'an include of CSS in a column':
      '<mj-section><mj-column><mj-include path="x" type="css" /></mj-column></mj-section>',
    'a style sheet': '<mj-style>body { background: url(https://evil.example/x) }</mj-style>',
    'a style element': '<mj-text><style>a{}</style></mj-text>',
    'a style attribute': '<mj-text><p style="background:url(https://evil.example)">x</p></mj-text>',
    'a whole document': '<mjml><mj-body><mj-text>x</mj-text></mj-body></mjml>',
    'a head': '<mj-head><mj-preview>x</mj-preview></mj-head>',
    'attributes for others': '<mj-html-attributes><mj-selector path="a"></mj-selector></mj-html-attributes>',
    'an event handler': '<mj-text><p onclick="alert(1)">x</p></mj-text>',
    'an event handler on a component': '<mj-button href="{{link}}" onclick="x">x</mj-button>',
    'a javascript: link': '<mj-text><a href="javascript:alert(1)">x</a></mj-text>',
    'a javascript: link in disguise': '<mj-text><a href="&#106;avascript:alert(1)">x</a></mj-text>',
    'a javascript: link with a gap': '<mj-text><a href="java\nscript:alert(1)">x</a></mj-text>',
    'a data: link': '<mj-button href="data:text/html,x">x</mj-button>',
    'a link without a scheme': '<mj-text><a href="//evil.example">x</a></mj-text>',
    'a link whose host is data': '<mj-text><a href="https://{{order}}/x">x</a></mj-text>',
    'a link whose host goes on with data': '<mj-text><a href="https://shop.example{{order}}">x</a></mj-text>',
    'a link with a user': '<mj-text><a href="https://shop.example@{{order}}/">x</a></mj-text>',
    'a link with a backslash': '<mj-text><a href="https://shop.example\\@evil.example/">x</a></mj-text>',
    'a name as a whole link': '<mj-text><a href="{{name}}">x</a></mj-text>',
    'a mailto: with more than an address': '<mj-text><a href="mailto:a@b.example?bcc=c">x</a></mj-text>',
    'a picture from http': '<mj-image src="http://cdn.example/x.png" alt="x" />',
    'a picture of data': '<mj-image src="data:image/svg+xml,x" alt="x" />',
    'a picture nobody described': '<mj-image src="https://cdn.example/x.png" />',
    'a picture in text': '<mj-text><img src="https://cdn.example/x.png"></mj-text>',
    'a colour that is CSS': '<mj-text color="red;background:url(//evil.example)">x</mj-text>',
    'a colour that is a function': '<mj-section background-color="expression(1)"><mj-column /></mj-section>',
    'a font that loads': '<mj-text font-family="x;src:url(//evil.example)">x</mj-text>',
    'a background picture': '<mj-section background-url="https://evil.example/x"><mj-column /></mj-section>',
    'a class of its own': '<mj-text css-class="x&quot; onclick=&quot;x">x</mj-text>',
    'padding that ends the style': '<mj-text padding="0;position:fixed">x</mj-text>',
    'a form': '<mj-text><form action="https://evil.example"><input></form></mj-text>',
    'a frame': '<mj-text><iframe src="https://evil.example"></iframe></mj-text>',
    'an SVG': '<mj-text><svg onload="x"></svg></mj-text>',
    'a comment that does not end': '<mj-text>x</mj-text><!-- ',
    'a conditional comment for Outlook': '<![if mso]><script></script><![endif]>',
    'a CDATA section': '<mj-text><![CDATA[<script>]]></mj-text>',
    'a processing instruction': '<?php echo 1 ?>',
    'a doctype': '<!doctype html><mj-text>x</mj-text>',
    'an element that is not closed': '<mj-text><b>x</mj-text>',
    'an element closed twice': '<mj-text>x</mj-text></mj-text>',
    'elements that cross': '<mj-text><b><i>x</b></i></mj-text>',
    'a section that crosses': '<mj-text>{{#is_new}}<b>x{{/is_new}}</b></mj-text>',
    'a section that is not closed': '<mj-text>{{#is_new}}x</mj-text>',
    'a section around columns': '<mj-section>{{#is_new}}<mj-column />{{/is_new}}</mj-section>',
    'a section around cells': '<mj-table><tr>{{#is_new}}<td>x</td>{{/is_new}}</tr></mj-table>',
    'an attribute without quotes': '<mj-text align=left>x</mj-text>',
    'an attribute twice': '<mj-text align="left" align="right">x</mj-text>',
    'names in capitals': '<MJ-TEXT>x</MJ-TEXT>',
    'unescaped output': '<mj-text>{{{name}}}</mj-text>',
    'unescaped output by ampersand': '<mj-text>{{&amp;name}}</mj-text>',
    'a partial': '<mj-text>{{>name}}</mj-text>',
    'other delimiters': '<mj-text>{{=<% %>=}}</mj-text>',
    'braces spelled as entities': '<mj-text>&#123;&#123;#name}}x</mj-text>',
    'a brace before a variable': '<mj-text>{<!-- -->{{name}}</mj-text>',
    'a variable that is not declared': '<mj-text>{{secret}}</mj-text>',
    'a variable of the layout': '<mj-text>{{theme_page}}{{subject}}</mj-text>',
    'a field outside its list': '<mj-text>{{title}}</mj-text>',
    'a list as text': '<mj-text>{{items}}</mj-text>',
    'text between blocks': 'hello <mj-text>x</mj-text>',
    'a block in a block': '<mj-text><mj-button href="{{link}}">x</mj-button></mj-text>',
    'sections and blocks mixed': '<mj-section><mj-column /></mj-section><mj-text>x</mj-text>',
    'nothing at all': '  ',
    'a link without an address': '<mj-text><a>x</a></mj-text>',
    'several lines in an attribute': '<mj-image src="https://cdn.example/x.png" alt="{{note}}" />',
  }
  for (const [what, body] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(body)
      expect(problems, body).to.not.deep.equal([])
      expect(problems[0]?.pointer).to.equal('/email/body')
      expect(problems[0]?.message).to.match(/line \d+|body/i)
    })
  }

  it('says where it is wrong', () => {
    const [problem] = problemsOf('<mj-text>\n  <p>x</p>\n  <script>y</script>\n</mj-text>')
    expect(problem).to.deep.equal({ pointer: '/email/body', message: 'Line 3: <script> is not allowed.' })
  })

  it('is bounded in depth and number of elements', () => {
    expect(problemsOf(`<mj-text>${'<b>'.repeat(30)}x${'</b>'.repeat(30)}</mj-text>`)).to.have.length(1)
    expect(problemsOf(`<mj-text>${'<br>'.repeat(3000)}</mj-text>`)[0]?.message).to.contain('more than 2000')
  })

  it('is refused, or makes a mail without anything that runs or loads, whatever it is', async function () {
    this.timeout(20_000)
    const piece = fc.constantFrom(
      ...[
        '<mj-text>',
        '</mj-text>',
        '<mj-button href="',
        '{{link}}',
        '">',
        '</mj-button>',
        '<p>',
        '</p>',
        '<a href="',
      ],
      ...[
        'javascript:',
        'https://x.example/',
        '{{name}}',
        '{{#items}}',
        '{{/items}}',
        '{{title}}',
        '<script>',
        '"',
      ],
      ...[
        ' onclick="x"',
        ' style="x:url(y)"',
        '&lt;',
        '&#123;',
        '&quot;',
        '{',
        '}',
        '<!--',
        '-->',
        '<br>',
        'x',
        '\n',
      ],
      ...[
        '<mj-raw>',
        '<mj-include path="x"/>',
        '<mj-table>',
        '<tr>',
        '<td>',
        '</td>',
        '</tr>',
        '</mj-table>',
        '/>',
      ],
    )
    const whole = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
    const wrapped = whole.map((inner) => `<mj-text>${inner}</mj-text>`)
    let made = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(whole, wrapped), async (body) => {
        if (problemsOf(body).length > 0) return
        made += 1
        const { html } = await mailOf(body)
        const bare = html.replaceAll(/="[^"]*"/g, '=""')
        expect(bare).to.not.match(
          /<script|<[a-z][^>]*\s(on\w+|srcdoc|formaction)=|<(iframe|object|embed|form|svg)/i,
        )
        expect(html).to.not.match(/(href|src)="(?!https?:\/\/|mailto:)/)
      }),
      { numRuns: 1500 },
    )
    expect(made).to.be.above(20)
  })
})

describe('an address in a template', () => {
  const scope = variables
  it('is one url, is written out, or writes out at least whom it leads to', () => {
    for (const address of [
      ...[
        '{{link}}',
        'https://shop.example',
        'https://shop.example/a?b={{name}}#{{order}}',
        'mailto:a@b.example',
      ],
      ...['http://localhost:3000/x', 'https://shop.example?x={{name}}', 'https://[2001:db8::1]/x'],
    ]) {
      expect(addressProblem(address, scope), address).to.equal(undefined)
    }
  })

  it('has its variables encoded unless it is one', () => {
    expect(addressWords('{{link}}')).to.equal('{{link}}')
    expect(addressWords('https://x.example/{{name}}')).to.equal('https://x.example/{{name@uri}}')
  })
})

describe('the parser of markup', () => {
  it('ends on any text, with nodes or with a problem', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', '{', '}', '"', 'a', '-', ' ', '\n', '!', '&') }),
        (source) => {
          try {
            checkMarkup(parseMarkup(source), variables)
          } catch (error) {
            expect(error).to.have.property('name', 'MarkupError')
          }
        },
      ),
    )
  })

  it('refuses long hostile text without trying every way to read it', () => {
    for (const source of [
      '<mj-text '.repeat(7000),
      `<a${' '.repeat(60_000)}`,
      `<a ${'b="" '.repeat(13_000)}`,
      '<!--'.repeat(16_000),
    ]) {
      expect(() => parseMarkup(source)).to.throw()
    }
  })
})
