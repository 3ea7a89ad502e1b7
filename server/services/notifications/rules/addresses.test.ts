import { expect } from 'chai'
import { maskOf, normalAddress } from './addresses.js'

describe('addresses of people', () => {
  for (const [channel, text, expected] of [
    ['email', ' Ada@Example.COM ', 'ada@example.com'],
    ['email', 'ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['email', 'Ada <ada@example.com>', null],
    ['email', 'ada@example.com\nbcc: x@y.example', null],
    ['sms', '+49 (151) 234-567.89', '+4915123456789'],
    ['sms', '+4915123456789', '+4915123456789'],
    ['sms', '004915123456789', null],
    ['sms', '+0151234567', null],
    ['sms', '+123456', null],
    ['sms', '+1234567890123456', null],
    ['sms', '+49151\r\n23456789', null],
    ['sms', '+４９１５１２３４', null],
    ['push', 'https://Push.Example:443/a', 'https://push.example/a'],
    ['push', 'http://push.example/a', null],
    ['push', 'javascript:alert(1)', null],
    ['push', `https://push.example/${'a'.repeat(2_048)}`, null],
  ] as const) {
    it(`know ${JSON.stringify(text.slice(0, 40))} as ${JSON.stringify(expected)}`, () => {
      expect(normalAddress(channel, text)).to.equal(expected)
    })
  }

  it('are shown with most of them left out', () => {
    expect(maskOf('email', 'ada@example.com')).to.equal('a…@example.com')
    expect(maskOf('sms', '+4915123456789')).to.equal('+491…89')
    expect(maskOf('push', 'https://push.example/secret-device-token-abcd')).to.equal(
      'https://push.example/…abcd',
    )
  })
})
