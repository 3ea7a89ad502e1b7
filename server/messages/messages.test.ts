import { readdir } from 'node:fs/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { checkMessage } from '../outbound/mail-message.js'
import type { MessageDefinition } from './catalogue/message-definition.js'
import { MESSAGES } from './catalogue/messages.js'
import { SHIPPED_LOCALES } from './locales.js'
import type { WordedChannel } from './message-words.js'
import { renderShipped } from './render-shipped.js'
import { SMS_SEGMENTS_MAX, smsSize } from './sms.js'
import { PLAIN_THEME, themeView } from './theme.js'
import { exampleData } from './variables.js'

const FOLDER = new URL('../../../templates/messages/', import.meta.url)
const all = Object.entries<MessageDefinition>(MESSAGES)
const frame = { ...themeView(PLAIN_THEME, 'Example & Co'), unsubscribe_url: null }

/** A shipped message of its examples, some of them replaced. */
function render(
  key: string,
  channel: WordedChannel,
  replaced: Record<string, unknown> = {},
  locale = 'en',
  more: Record<string, string> = {},
) {
  const data = { ...exampleData(MESSAGES[key as keyof typeof MESSAGES].variables), ...replaced }
  const rendered = renderShipped(key, channel, data, {
    locale,
    timeZone: 'UTC',
    frame: { ...frame, ...more },
  })
  if (!rendered) throw new Error(`${key} has no ${channel}`)
  return rendered.content
}

function mail(key: string, replaced: Record<string, unknown> = {}, locale = 'en', more = {}) {
  const content = render(key, 'email', replaced, locale, more)
  if (content.channel !== 'email') throw new Error('no mail')
  return content
}

describe('shipped messages', () => {
  it('have a folder each, with words and a body in every locale', async () => {
    const folders = (await readdir(FOLDER, { withFileTypes: true })).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).sort()).to.deep.equal(Object.keys(MESSAGES).sort())
    const expected = SHIPPED_LOCALES.flatMap((locale) => [`${locale}.json`, `${locale}.mjml`]).sort()
    for (const { name } of folders) {
      expect((await readdir(new URL(`${name}/`, FOLDER))).sort(), name).to.deep.equal(expected)
    }
  })

  for (const [key, { channels, variables }] of all) {
    it(`${key}: says something on each of its channels in each locale, and leaves no brace`, () => {
      for (const locale of SHIPPED_LOCALES) {
        for (const channel of channels) {
          const { channel: made, ...content } = render(key, channel, {}, locale)
          expect(made).to.equal(channel)
          for (const [field, text] of Object.entries(content)) {
            if (text === null) continue
            expect(text, `${locale} ${channel} ${field}`).to.be.a('string').and.not.equal('')
            const shown = field === 'html' ? text.replace(/<style[\s\S]*?<\/style>/g, '') : text
            expect(shown, `${locale} ${channel} ${field}`).to.not.match(/[{}]/)
          }
        }
      }
    })

    it(`${key}: says the same with nothing but what it needs`, () => {
      const needed = Object.entries(variables).map(([name, spec]) => [
        name,
        spec.optional ? null : spec.example,
      ])
      for (const locale of SHIPPED_LOCALES) {
        const { subject, html, text } = mail(key, Object.fromEntries(needed), locale)
        expect(`${subject}${text}`).to.not.match(/[{}]|null|undefined/)
        expect(html).to.not.contain('{{')
      }
    })

    it(`${key}: shows every variable in text and HTML, fit to be sent`, () => {
      for (const locale of SHIPPED_LOCALES) {
        const { subject, text, html } = mail(key, {}, locale)
        for (const [name, spec] of Object.entries(variables)) {
          if (typeof spec.example !== 'string' || !['url', 'plain'].includes(spec.kind)) continue
          expect(text, `${name} in text`).to.contain(spec.example)
          expect(html, `${name} in HTML`).to.contain(spec.example)
          if (spec.kind === 'url') expect(html).to.contain(`href="${spec.example}"`)
        }
        expect(subject.length).to.be.within(5, 120)
        expect(`${subject}${text}`).to.contain('Example & Co')
        expect(html)
          .to.contain('Example &#38; Co')
          .and.match(/^<!doctype html>/)
        expect(html).to.contain(`lang="${locale}"`)
        const visited = html.replaceAll(
          /xmlns(:\w)?="[^"]*"|https:\/\/app\.example\.com|hooks\.example\.com/g,
          '',
        )
        expect(visited).to.not.match(/<script|<img|<link|@import|url\(|https?:/)
        for (const line of text.split('\n')) expect(line.length, line).to.be.at.most(100)
        expect(checkMessage({ to: 'ada@example.com', subject, text, html }).subject).to.equal(subject)
        expect(html.length).to.be.below(20_000)
      }
    })

    it(`${key}: closes every element`, () => {
      const { html } = mail(key)
      const open: string[] = []
      for (const [, slash, tag = ''] of html
        .replace(/<!--[\s\S]*?-->/g, '')
        .matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
        if (['meta', 'br', 'img'].includes(tag)) continue
        if (slash === '') open.push(tag)
        else expect(open.pop(), html.slice(0, 80)).to.equal(tag)
      }
      expect(open).to.deep.equal([])
    })
  }

  it('are refused when anything they need is missing, or anything else is given', () => {
    for (const [key, { variables, channels }] of all) {
      for (const [name, { optional }] of Object.entries(variables)) {
        if (optional) continue
        for (const channel of channels) {
          expect(() => render(key, channel, { [name]: undefined }), `${key} ${name}`).to.throw(
            `${name} is missing`,
          )
        }
      }
      expect(() => render(key, 'email', { surplus: 'x' })).to.throw('surplus is not a variable')
    }
  })

  it('keep text messages short', () => {
    for (const [key, { channels }] of all.filter(([, one]) => one.channels.includes('sms'))) {
      expect(channels).to.include('sms')
      for (const locale of SHIPPED_LOCALES) {
        const content = render(key, 'sms', {}, locale)
        if (content.channel !== 'sms') throw new Error('no text message')
        expect(smsSize(content.text), `${key} ${locale}`).to.satisfy(
          (size: { segments: number }) => size.segments <= 3,
        )
      }
    }
  })

  it('speak the language asked for, else the one it is a variety of, else English', () => {
    const subject = (locale: string) => mail('welcome', {}, locale).subject
    expect(subject('de')).to.equal('Ihr Konto bei Example & Co')
    expect(subject('de-AT')).to.equal(subject('de'))
    expect(subject('pt-BR')).to.equal(subject('en'))
    expect(mail('invitation', { role: 'org_admin' }, 'fr').text).to.match(/rôle\s+administrateur/)
  })

  it('spell times, money and lengths of time as the language does', () => {
    expect(mail('invoice', {}, 'de').text)
      .to.contain('1.234,50\u00a0€')
      .and.contain('14. Februar 2026')
    expect(mail('invoice', {}, 'en').text)
      .to.contain('€1,234.50')
      .and.contain('February 14, 2026')
    expect(mail('verify-email', {}, 'es').text).to.contain('30 minutos')
  })
})

describe('what a value can do to a message', () => {
  const shape = (html: string) => html.match(/<\/?[a-z0-9]+/g)?.join('')

  it('is not to add an element, an attribute or a line to a head, whatever it holds', () => {
    const expected = shape(mail('invitation').html)
    const evil = fc.constantFrom(
      '<script>alert(1)</script>',
      `" onmouseover='x`,
      '\r\nBcc: eve@example.com',
      '{{link}}',
    )
    const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), evil)
    fc.assert(
      fc.property(any, any, (tenant, inviter) => {
        const { subject, html } = mail('invitation', { tenant, inviter })
        expect(shape(html)).to.equal(expected)
        expect(html.replaceAll(/="[^"]*"/g, '')).to.not.match(/<[a-z][^>]*\son\w+/i)
        expect(subject).to.not.match(/[\p{Cc}\u2028\u2029]/u)
        if (subject !== '') checkMessage({ to: 'ada@example.com', subject, text: 'x', html })
      }),
      { numRuns: 200 },
    )
  })

  it('is not to add more than line breaks where it may have several lines', () => {
    const without = (html: string) => shape(html)?.replaceAll('<br', '')
    const expected = without(mail('announcement').html)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (message) => {
        expect(without(mail('announcement', { message }).html)).to.equal(expected)
      }),
    )
  })

  it('is not to become anything on channels of plain text but itself, within their bounds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), (message) => {
        for (const channel of ['in_app', 'push', 'sms'] as const) {
          const content = render('announcement', channel, { message })
          if (content.channel === 'sms') {
            expect(smsSize(content.text).segments).to.be.at.most(SMS_SEGMENTS_MAX)
          } else if (content.channel !== 'email') {
            expect(content.title).to.equal('Maintenance on Sunday')
            expect([...content.body].length).to.be.at.most(channel === 'push' ? 300 : 2000)
            expect(content.body).to.not.match(/[^\P{Cc}\n]/u)
          }
        }
      }),
    )
  })

  it('is kept in one line, so that subject and text cannot be forged', () => {
    const tenant = 'Acme\r\nBcc: eve@example.com\n\nYour account'
    const { subject, text } = mail('invitation', { tenant })
    expect(subject).to.not.match(/[\r\n]/)
    expect(text).to.not.match(/^Bcc/m)
  })

  it('is not a link of its own making', () => {
    const tenant = 'Win at https://evil.example/x now'
    const { text, html } = mail('invitation', { tenant })
    expect(text).to.not.contain('evil.example').and.not.contain('https://evil')
    expect(html).to.not.contain('evil.example')
    const sms = render('announcement', 'sms', { message: 'see https://evil.example' })
    expect(JSON.stringify(sms)).to.not.contain('evil.example')
  })

  it('is not filled in again', () => {
    expect(mail('invitation', { tenant: '{{link}} {{nope}}' }).text).to.contain('{{link}} {{nope}}')
  })

  it('is cut where it is too long', () => {
    const { subject } = mail('invitation', { tenant: '🦊'.repeat(500) })
    expect([...subject].length).to.be.at.most(200)
    expect(subject).to.equal(subject.replace(/[\ud800-\udbff](?![\udc00-\udfff])/g, '?'))
  })

  for (const link of ['javascript:alert(1)', 'data:text/html,x', '/relative', 'ftp://x/y', '']) {
    it(`is refused where a link belongs and it is ${JSON.stringify(link)}`, () => {
      expect(() => mail('verify-email', { link })).to.throw('not an http(s) address')
    })
  }

  it('stays an address with quotes and brackets in it', () => {
    const { html } = mail('verify-email', { link: 'https://vetrai.example/?a="><script>' })
    expect(html).to.not.contain('<script')
    expect(html).to.contain('href="https://vetrai.example/?a=%22%3E%3Cscript%3E"')
  })
})

describe('the frame of a mail', () => {
  it('shows a logo, the address and how to unsubscribe only where there is one', () => {
    const plain = mail('digest')
    expect(plain.html).to.not.match(/<img|Unsubscribe/)
    const theme = { ...PLAIN_THEME, logoUrl: 'https://cdn.example/logo.png', footerAddress: 'Acme, Berlin' }
    const more = { ...themeView(theme, 'Acme'), unsubscribe_url: 'https://app.example.com/u?t=1' }
    const { html, text } = mail('digest', {}, 'en', more)
    expect(html)
      .to.contain('<img')
      .and.contain('src="https://cdn.example/logo.png"')
      .and.contain('Acme, Berlin')
    expect(text).to.contain('Acme, Berlin').and.contain('https://app.example.com/u?t=1')
  })

  it('loads no picture that is not https', () => {
    for (const logoUrl of ['http://cdn.example/logo.png', 'javascript:x', 'data:image/png;base64,x']) {
      expect(themeView({ ...PLAIN_THEME, logoUrl }, 'Acme').logo_url).to.equal(null)
    }
  })
})
