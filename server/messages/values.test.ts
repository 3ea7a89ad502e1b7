import { expect } from 'chai'
import fc from 'fast-check'
import { contrast } from './contrast.js'
import { type Fitting, fitData } from './fit-data.js'
import { formatMoney } from './format-values.js'
import { localeChain } from './locales.js'
import { Lru } from './lru.js'
import { cutSms, plainSms, smsSize } from './sms.js'
import { PLAIN_THEME, themeView } from './theme.js'
import type { VariableSpec } from './variables.js'
import { wrapText } from './wrap-text.js'

const how: Fitting = { locale: 'en', timeZone: 'UTC', words: {}, extras: 'refuse' }

function spelled(spec: Partial<VariableSpec> & { kind: VariableSpec['kind'] }, value: unknown, more = {}) {
  const full = { about: '', example: '', ...spec } as VariableSpec
  return fitData({ x: full }, { x: value }, { ...how, ...more }).x
}

describe('data of a message', () => {
  it('is spelled by its kind', () => {
    expect(spelled({ kind: 'url' }, 'HTTPS://App.example.com/a b')).to.equal('https://app.example.com/a%20b')
    expect(spelled({ kind: 'name' }, ' Ada\u0000 \u202eevil.example ')).to.equal('Ada   evil.\u2060example')
    expect(spelled({ kind: 'plain' }, 'a.example')).to.equal('a.example')
    expect(spelled({ kind: 'text' }, 'a \r\n\r\n\r\nb\u2028c')).to.equal('a\n\nb\nc')
    expect(spelled({ kind: 'number' }, 1234.567)).to.equal('1,234.57')
    expect(spelled({ kind: 'number' }, 0)).to.equal('0')
    expect(spelled({ kind: 'duration' }, 604_800)).to.equal('7 days')
    expect(spelled({ kind: 'duration' }, 1)).to.equal('1 minute')
    expect(spelled({ kind: 'duration' }, 7200)).to.equal('2 hours')
    expect(spelled({ kind: 'flag' }, false)).to.equal(false)
    expect(spelled({ kind: 'date' }, '2026-01-31')).to.equal('January 31, 2026')
    expect(spelled({ kind: 'time' }, '2026-01-31T23:30:00Z')).to.equal('January 31, 2026 at 23:30 UTC')
    expect(spelled({ kind: 'time' }, new Date(0), { timeZone: 'Asia/Tokyo' })).to.contain('1970 at 09:00')
    expect(spelled({ kind: 'choice', options: ['a', 'b'] }, 'b', { words: { x: { b: 'Beta' } } })).to.equal(
      'Beta',
    )
    expect(spelled({ kind: 'choice', options: ['a', 'b'] }, 'a')).to.equal('a')
  })

  const unfit: [VariableSpec['kind'], unknown][] = [
    ...(['url', 'name', 'text', 'plain', 'choice', 'date', 'time'] as const).map(
      (kind): [typeof kind, unknown] => [kind, 7],
    ),
    ...([
      ['url', 'javascript:x'],
      ['url', 'x'],
      ['number', '7'],
      ['number', Number.NaN],
      ['flag', 'true'],
    ] as [VariableSpec['kind'], unknown][]),
    ...([
      ['date', 'tomorrow'],
      ['time', '2026-13-01T00:00:00Z'],
      ['time', new Date(Number.NaN)],
    ] as [VariableSpec['kind'], unknown][]),
    ...([
      ['money', 7],
      ['money', { amount: 1.5, currency: 'EUR' }],
      ['money', { amount: 1, currency: 'euro' }],
    ] as [VariableSpec['kind'], unknown][]),
    ...([
      ['list', {}],
      ['list', [7]],
      ['list', Array.from({ length: 201 }, () => ({}))],
    ] as [VariableSpec['kind'], unknown][]),
  ]
  for (const [kind, value] of unfit) {
    it(`is refused where ${kind} is ${JSON.stringify(value)?.slice(0, 40)}`, () => {
      expect(() => spelled({ kind, options: ['a'], fields: {} } as never, value)).to.throw(/^x/)
    })
  }

  it('names the field of the item that does not fit', () => {
    const fields = { link: { kind: 'url', about: '', example: '' } }
    expect(() =>
      spelled({ kind: 'list', fields } as never, [{ link: 'https://a.example' }, { link: 'x' }]),
    ).to.throw('x[1].link is not an http(s) address')
  })

  it('reaches no prototype, neither of data nor of the view', () => {
    const variables = { constructor: { kind: 'plain', about: '', example: '', optional: true } } as const
    const view = fitData(variables as never, {}, how)
    expect(view.constructor).to.equal(null)
    expect(Object.getPrototypeOf(view)).to.equal(null)
    expect(() => fitData({}, JSON.parse('{"__proto__": 1}'), how)).to.throw('__proto__')
  })

  it('may hold more than the template has where that is said', () => {
    expect({ ...fitData({}, { more: 1 }, { ...how, extras: 'ignore' }) }).to.deep.equal({})
  })
})

describe('an amount of money', () => {
  const en = { locale: 'en', timeZone: 'UTC' }
  it('is in the minor units that ISO 4217 gives its currency', () => {
    expect(formatMoney({ amount: 1250, currency: 'USD' }, en)).to.equal('$12.50')
    expect(formatMoney({ amount: -5, currency: 'EUR' }, en)).to.equal('-€0.05')
    expect(formatMoney({ amount: 1250, currency: 'JPY' }, en)).to.equal('¥1,250')
    expect(formatMoney({ amount: 1250, currency: 'KWD' }, en)).to.match(/1\.250$/)
    expect(formatMoney({ amount: 1250, currency: 'RSD' }, en)).to.match(/12\.50$/)
  })

  it('is exact at any size', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (amount) => {
        const digits = formatMoney({ amount, currency: 'EUR' }, en)?.replace(/[^\d]/g, '')
        expect(digits).to.equal(String(Math.abs(amount)).padStart(3, '0'))
      }),
    )
  })
})

describe('a text message', () => {
  it('is counted as networks count it', () => {
    expect(smsSize('a'.repeat(160))).to.deep.equal({ encoding: 'gsm7', segments: 1 })
    expect(smsSize('a'.repeat(161))).to.deep.equal({ encoding: 'gsm7', segments: 2 })
    expect(smsSize('a'.repeat(306)).segments).to.equal(2)
    expect(smsSize('a'.repeat(307)).segments).to.equal(3)
    expect(smsSize('€'.repeat(80)).segments).to.equal(1)
    expect(smsSize('€'.repeat(81)).segments).to.equal(2)
    expect(smsSize('é'.repeat(160)).encoding).to.equal('gsm7')
    expect(smsSize('ł'.repeat(70))).to.deep.equal({ encoding: 'ucs2', segments: 1 })
    expect(smsSize('ł'.repeat(71)).segments).to.equal(2)
    // A letter of two units does not lie in two segments: 33 of them fit into 67 units.
    expect(smsSize('🦊'.repeat(67)).segments).to.equal(3)
  })

  it('is spared typography that would halve what fits', () => {
    expect(plainSms('“It’s” – 1\u202f234\u00a0€…')).to.equal('"It\'s" - 1 234 €...')
  })

  it('is never longer than four segments, and is whole where it can be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 1200 }), (text) => {
        const sent = cutSms(text)
        expect(smsSize(sent).segments).to.be.at.most(4)
        if (smsSize(text).segments <= 4) expect(sent).to.equal(text)
        else expect(text.startsWith(sent.slice(0, -3)) && sent.endsWith('...')).to.equal(true)
      }),
    )
  })
})

describe('the colours of a theme', () => {
  it('can be read on each other, whichever were chosen, by day and by night', () => {
    const colour = fc
      .integer({ min: 0, max: 0xffffff })
      .map((value) => `#${value.toString(16).padStart(6, '0')}`)
    fc.assert(
      fc.property(colour, colour, (brandColour, pageColour) => {
        const view = themeView({ ...PLAIN_THEME, brandColour, pageColour }, 'Acme') as Record<string, string>
        for (const [text, ground] of [
          [view.theme_button_text, view.theme_button],
          [view.theme_button_dark_text, view.theme_button_dark],
          [view.theme_page_text, view.theme_page],
          [view.theme_link, '#ffffff'],
          [view.theme_link_dark, '#1c1c1f'],
          [view.theme_button_dark, '#1c1c1f'],
        ]) {
          expect(contrast(text ?? '', ground ?? ''), `${text} on ${ground}`).to.be.at.least(4.5)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('stay as they were chosen where they can be read', () => {
    expect(themeView({ ...PLAIN_THEME, brandColour: '#0a58ca' }, 'Acme')).to.include({
      theme_button: '#0a58ca',
      theme_link: '#0a58ca',
    })
  })
})

describe('plain text', () => {
  it('is wrapped between words; nothing is lost, addresses stay whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '-', '/'), maxLength: 90 })),
        (words) => {
          const text = words.join(' ')
          const wrapped = wrapText(text)
          expect(wrapped.split(/\s+/).filter(Boolean)).to.deep.equal(text.split(/\s+/).filter(Boolean))
          for (const line of wrapped.split('\n')) {
            if (line.trim().includes(' ')) expect(line.length).to.be.at.most(78)
          }
        },
      ),
    )
  })
})

describe('locales', () => {
  it('fall back from what was asked for to its language, the sender’s, and English', () => {
    expect(localeChain('zh-Hant-TW', 'de-AT')).to.deep.equal([
      'zh-Hant-TW',
      'zh-Hant',
      'zh',
      'de-AT',
      'de',
      'en',
    ])
    expect(localeChain(null, null)).to.deep.equal(['en'])
    expect(localeChain('en-GB', 'en')).to.deep.equal(['en-GB', 'en'])
  })
})

describe('Lru', () => {
  it('keeps what was used last', () => {
    const cache = new Lru<number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    expect(cache.get('a')).to.equal(1)
    cache.set('c', 3)
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).to.deep.equal([1, undefined, 3])
  })
})
