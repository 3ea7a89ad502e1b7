import { expect } from 'chai'
import fc from 'fast-check'
import { classifyAddress, inRange, parseAddress, parseCidr } from './addresses.js'

const octet = fc.integer({ min: 0, max: 255 })
const v4 = fc.tuple(octet, octet, octet, octet).map((bytes) => bytes.join('.'))
const hexOf = (address: string) => {
  const bytes = parseAddress(address) ?? new Uint8Array(4)
  const group = (i: number) => (((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16)
  return `${group(0)}:${group(2)}`
}

describe('classifyAddress', () => {
  const cases: [string, string][] = [
    ['8.8.8.8', 'public'],
    ['1.1.1.1', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['100.128.0.0', 'public'],
    ['223.255.255.255', 'public'],
    ['2606:4700:4700::1111', 'public'],
    ['2001:4860:4860::8888', 'public'],
    ['64:ff9b::808:808', 'public'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['169.254.1.1', 'link-local'],
    ['169.254.169.254', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['100.64.0.1', 'carrier-nat'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.250', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['192.0.0.8', 'reserved'],
    ['203.0.113.7', 'documentation'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'metadata'],
    ['::127.0.0.1', 'loopback'],
    ['::ffff:0:127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['64:ff9b:1::1', 'private'],
    ['2002:7f00:1::', 'reserved'],
    ['2002:808:808::', 'reserved'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'reserved'],
    ['2606:4700::5efe:7f00:1', 'loopback'],
    ['2606:4700::200:5efe:a00:1', 'private'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['fec0::1', 'private'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'documentation'],
    ['3fff::1', 'documentation'],
    ['100::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['', 'invalid'],
    ['example.com', 'invalid'],
    ['127.1', 'invalid'],
    ['0x7f000001', 'invalid'],
    ['0177.0.0.1', 'invalid'],
  ]
  for (const [address, is] of cases) {
    it(`calls ${address || 'the empty text'} ${is}`, () => expect(classifyAddress(address)).to.equal(is))
  }

  it('judges every IPv6 form that carries an IPv4 address like that address', () => {
    fc.assert(
      fc.property(v4, (address) => {
        const hex = hexOf(address)
        const expected = classifyAddress(address)
        for (const form of [
          `::ffff:${address}`,
          `::ffff:${hex}`,
          `::ffff:0:${address}`,
          `64:ff9b::${address}`,
        ]) {
          expect(classifyAddress(form), form).to.equal(expected)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('never calls an IPv4 address public that an independent reading of the registry excludes', () => {
    fc.assert(
      fc.property(v4, (address) => {
        const [a = 0, b = 0] = address.split('.').map(Number)
        const excluded =
          a === 0 ||
          a === 10 ||
          a === 127 ||
          a >= 224 ||
          (a === 100 && b >= 64 && b < 128) ||
          (a === 169 && b === 254) ||
          (a === 172 && b >= 16 && b < 32) ||
          (a === 192 && b === 168) ||
          (a === 198 && (b === 18 || b === 19))
        if (excluded) expect(classifyAddress(address)).to.not.equal('public')
      }),
      { numRuns: 5000 },
    )
  })

  it('calls no IPv6 address public outside 2000::/3 and NAT64', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const bytes = parseAddress(address)
        const range = (text: string) => parseCidr(text) ?? { bytes: new Uint8Array(), bits: 0 }
        if (bytes === undefined || classifyAddress(address) !== 'public') return
        const homes = ['2000::/3', '64:ff9b::/96', '::ffff:0:0/96', '::/96', '::ffff:0:0:0/96']
        expect(homes.some((home) => inRange(bytes, range(home)))).to.equal(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('gives the same answer for every spelling of one IPv6 address', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((g) => g.toString(16).padStart(4, '0')).join(':')
        const short = new URL(`http://[${long}]/`).hostname.slice(1, -1)
        expect(parseAddress(short)).to.deep.equal(parseAddress(long))
        expect(classifyAddress(short)).to.equal(classifyAddress(long.toUpperCase()))
      }),
    )
  })
})

describe('parseCidr', () => {
  it('matches bits, not bytes', () => {
    const range = parseCidr('10.128.0.0/9') ?? { bytes: new Uint8Array(), bits: 0 }
    expect(inRange(parseAddress('10.200.1.1') ?? new Uint8Array(), range)).to.equal(true)
    expect(inRange(parseAddress('10.127.1.1') ?? new Uint8Array(), range)).to.equal(false)
  })

  for (const text of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/8/8',
    'host/8',
    '1.2.3.4/-1',
  ]) {
    it(`refuses ${text}`, () => expect(parseCidr(text)).to.equal(undefined))
  }
})
