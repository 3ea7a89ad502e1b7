import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import fc from 'fast-check'
import { checkMessage } from './mail-message.js'
import { MAIL_TEMPLATES, type MailTemplateName, type MailVariables } from './mail-templates.js'
import { createMailRenderer, fillTemplate, MailTemplateError } from './render-mail.js'

const DIRECTORY = fileURLToPath(new URL('../../../templates/email/', import.meta.url))
const renderer = createMailRenderer({ appName: 'Example & Co' })
const names = Object.keys(MAIL_TEMPLATES) as MailTemplateName[]

/** Believable variables of any mail, some replaced. */
function variablesOf<N extends MailTemplateName>(
  name: N,
  replaced: Record<string, string> = {},
): MailVariables<N> {
  const entries = Object.entries(MAIL_TEMPLATES[name]).map(([variable, kind]) => [
    variable,
    replaced[variable] ??
      (kind === 'url' ? `https://vetrai.example/${variable}?token=abc&x=1` : `the ${variable}`),
  ])
  return Object.fromEntries(entries) as MailVariables<N>
}

describe('mail templates', () => {
  it('come as text and HTML pairs, each declared', async () => {
    const files = (await readdir(DIRECTORY)).filter((file) => file !== 'layout.html').sort()
    expect(files).to.deep.equal(names.flatMap((name) => [`${name}.html`, `${name}.txt`]).sort())
  })

  for (const name of names) {
    it(`renders ${name} with every variable in text and HTML, fit to be sent`, () => {
      const { subject, text, html } = renderer.render(name, variablesOf(name))
      for (const [variable, kind] of Object.entries(MAIL_TEMPLATES[name])) {
        const words = kind === 'url' ? `https://vetrai.example/${variable}?token=abc&x=1` : `the ${variable}`
        expect(text, `${variable} in text`).to.contain(words)
        expect(html, `${variable} in HTML`).to.contain(words.replaceAll('&', '&#38;'))
        if (kind === 'url') expect(html).to.contain(`href="${words.replaceAll('&', '&#38;')}"`)
      }
      expect(subject.length).to.be.within(10, 120)
      expect(text).to.contain('Example & Co').and.not.match(/[{}<]/)
      expect(html).to.contain('Example &#38; Co').and.not.contain('{{')
      expect(html.startsWith('<!doctype html>')).to.equal(true)
      expect(html).to.not.match(/<script|<img|<link|@import|url\(|https?:\/\/(?!vetrai\.example)/)
      for (const line of text.split('\n')) expect(line.length, line).to.be.at.most(100)
      expect(checkMessage({ to: 'ada@example.com', subject, text, html }).subject).to.equal(subject)
    })

    it(`refuses ${name} when any variable is missing`, () => {
      for (const variable of Object.keys(MAIL_TEMPLATES[name])) {
        const { [variable]: _left, ...rest } = variablesOf(name) as Record<string, string>
        expect(() => renderer.render(name, rest as MailVariables<typeof name>), variable).to.throw(
          MailTemplateError,
        )
      }
    })

    it(`closes every element of ${name}`, () => {
      const { html } = renderer.render(name, variablesOf(name))
      const open: string[] = []
      for (const [, slash, tag = ''] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
        if (['meta', 'br'].includes(tag)) continue
        if (slash === '') open.push(tag)
        else expect(open.pop(), html.slice(0, 80)).to.equal(tag)
      }
      expect(open).to.deep.equal([])
    })
  }
})

describe('rendering a mail', () => {
  it('escapes what a person chose, in text and in attributes', () => {
    const evil = `<script>alert(1)</script>" onmouseover='x`
    const { html } = renderer.render('invitation', variablesOf('invitation', { tenant: evil, inviter: evil }))
    expect(html).to.not.contain('<script').and.not.contain(`" onmouseover`)
    const link = 'https://vetrai.example/?a="><script>'
    expect(renderer.render('verify-email', variablesOf('verify-email', { link })).html).to.not.contain(
      '<script>',
    )
  })

  it('never lets a value add an element, whatever it holds', () => {
    const shape = (html: string) => html.match(/<\/?[a-z0-9]+/g)?.join('')
    const expected = shape(renderer.render('invitation', variablesOf('invitation')).html)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (tenant) => {
        const mail = renderer.render('invitation', variablesOf('invitation', { tenant }))
        expect(shape(mail.html)).to.equal(expected)
        expect(mail.subject).to.not.match(/[\p{Cc}\u2028\u2029]/u)
      }),
    )
  })

  it('keeps a name in one line, so that subject and text cannot be forged', () => {
    const tenant = 'Acme\r\nBcc: eve@example.com\n\nYour account'
    const { subject, text } = renderer.render('invitation', variablesOf('invitation', { tenant }))
    expect(subject).to.not.match(/[\r\n]/)
    expect(text).to.not.match(/^Bcc/m)
  })

  it('keeps a name from becoming a link of its own', () => {
    const tenant = 'Win at https://evil.example/x now'
    const { text, html } = renderer.render('invitation', variablesOf('invitation', { tenant }))
    expect(text).to.not.contain('evil.example').and.not.contain('https://evil')
    expect(html).to.not.contain('evil.example')
  })

  it('does not fill in what looks like a variable inside a value', () => {
    const { text } = renderer.render('invitation', variablesOf('invitation', { tenant: '{{link}} {{nope}}' }))
    expect(text).to.contain('{{link}} {{nope}}')
  })

  it('cuts a name that is too long', () => {
    const { subject } = renderer.render('invitation', variablesOf('invitation', { tenant: '🦊'.repeat(500) }))
    expect([...subject].length).to.be.at.most(200)
    expect(subject.isWellFormed?.() ?? true).to.equal(true)
  })

  for (const link of ['javascript:alert(1)', 'data:text/html,x', '/relative', 'ftp://x/y', '']) {
    it(`refuses ${JSON.stringify(link)} where a link belongs`, () => {
      expect(() => renderer.render('verify-email', variablesOf('verify-email', { link }))).to.throw(
        MailTemplateError,
      )
    })
  }

  it('refuses a variable the mail does not have', () => {
    const more = { ...variablesOf('verify-email'), tenant: 'x' }
    expect(() => renderer.render('verify-email', more)).to.throw(MailTemplateError)
  })

  for (const template of [
    '{{{name}}}',
    '{{ name }}',
    '{{#if name}}',
    '{{name',
    'name}}',
    '{{a.b}}',
    '{{constructor}}',
    '{{__proto__}}',
    '{{missing}}',
  ]) {
    it(`refuses the template ${template}`, () => {
      expect(() => fillTemplate(template, { name: 'x' }, 'html')).to.throw(MailTemplateError)
    })
  }

  it('reads an operator’s own folder and refuses a broken one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vetrai-templates-'))
    try {
      const own = createMailRenderer({ appName: 'Own', directory })
      await writeFile(join(directory, 'layout.html'), '<p>no place</p>')
      await writeFile(join(directory, 'verify-email.html'), '{{link}}')
      await writeFile(join(directory, 'verify-email.txt'), 'no subject\n\n{{link}}')
      expect(() => own.render('verify-email', variablesOf('verify-email'))).to.throw('subject line')
      await writeFile(join(directory, 'verify-email.txt'), 'Subject: Hi\n\n{{link}}')
      expect(() =>
        createMailRenderer({ appName: 'Own', directory }).render('verify-email', variablesOf('verify-email')),
      ).to.throw('layout')
      await writeFile(join(directory, 'layout.html'), '<b><!-- content --></b>')
      const { subject, html } = createMailRenderer({ appName: 'Own', directory }).render(
        'verify-email',
        variablesOf('verify-email'),
      )
      expect([subject, html.slice(0, 11)]).to.deep.equal(['Hi', '<b>https://'])
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
