import { expect } from 'chai'
import fc from 'fast-check'
import { canonicalAddress } from './address.js'

describe('auth/lockout/address', () => {
  it('knows every spelling of one IPv4 address', () => {
    for (const spelling of [
      '192.0.2.7',
      '::ffff:192.0.2.7',
      '::FFFF:c000:207',
      '0:0:0:0:0:ffff:c000:0207',
      ' 192.0.2.7 ',
    ]) {
      expect(canonicalAddress(spelling), spelling).to.equal('192.0.2.7')
    }
  })

  it('counts an IPv6 /64 as one caller, and the next /64 as another', () => {
    const same = [
      '2001:db8::1',
      '2001:DB8:0:0::ffff',
      '2001:0db8:0000:0000:1:2:3:4',
      '[2001:db8::9]',
      '2001:db8::7%eth0',
    ]
    expect(new Set(same.map(canonicalAddress))).to.deep.equal(new Set(['2001:db8:0:0::/64']))
    expect(canonicalAddress('2001:db8:0:1::1')).to.equal('2001:db8:0:1::/64')
  })

  it('gives all low halves and both spellings of a prefix the same result', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(
        fc.tuple(group, group, group, group),
        fc.array(group, { minLength: 4, maxLength: 4 }),
        (net, host) => {
          fc.pre(net.some((part) => part !== 0))
          const short = [...net, ...host].map((part) => part.toString(16)).join(':')
          const long = [...net, ...host]
            .map((part) => part.toString(16).padStart(4, '0').toUpperCase())
            .join(':')
          expect(canonicalAddress(short)).to.equal(canonicalAddress(long))
          expect(canonicalAddress(short)).to.equal(`${net.map((part) => part.toString(16)).join(':')}::/64`)
        },
      ),
    )
  })

  it('reads any IPv6 address the platform writes and never throws on other text', () => {
    fc.assert(fc.property(fc.ipV6(), (address) => canonicalAddress(address) !== 'unknown'))
    fc.assert(fc.property(fc.string(), (text) => typeof canonicalAddress(text) === 'string'))
    expect(canonicalAddress(undefined)).to.equal('unknown')
    expect(canonicalAddress('1.2.3')).to.equal('unknown')
  })
})
