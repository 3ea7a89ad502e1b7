import { BlockList } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { addressAllowed, formatAddressRange, parseAddressRange, rangesCover } from './address-list.js'

function ranges(...texts: string[]) {
  return texts.map((text) => {
    const range = parseAddressRange(text)
    if (!range) throw new Error(`not a range: ${text}`)
    return range
  })
}

describe('address lists', () => {
  for (const [text, canonical] of [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7/32', '203.0.113.7'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0::/32', '2001:db8::/32'],
    ['::1', '::1'],
    ['::/0', '::/0'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:a00:0/104', '10.0.0.0/8'],
  ] as const) {
    it(`reads ${text} as ${canonical}`, () => {
      expect(ranges(text).map(formatAddressRange)).to.deep.equal([canonical])
    })
  }

  for (const text of [
    ...[
      '',
      'localhost',
      '10.0.0.1/8',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/08',
      '10.0.0.0/',
      '10.0.0.0/8/8',
    ],
    ...[
      '010.0.0.0/8',
      '10.0.0',
      '256.0.0.1',
      '0x7f.1',
      '2001:db8::1/32',
      '::/129',
      'fe80::1%eth0',
      '::ffff:0:0/95',
    ],
    ...['10.0.0.0/ 8', ' 10.0.0.0/8', `10.0.0.0/${'0'.repeat(1000)}`],
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))} as a range`, () => {
      expect(parseAddressRange(text)).to.equal(undefined)
    })
  }

  it('treats an IPv4-mapped address as its IPv4 address, both ways', () => {
    expect(addressAllowed(ranges('10.0.0.0/8'), '::ffff:10.9.9.9')).to.equal(true)
    expect(addressAllowed(ranges('::ffff:10.0.0.0/104'), '10.9.9.9')).to.equal(true)
    expect(addressAllowed(ranges('::/0'), '::ffff:10.9.9.9')).to.equal(false)
    expect(addressAllowed(ranges('10.0.0.0/8'), '::ffff:11.9.9.9')).to.equal(false)
  })

  it('ignores a zone id and admits nothing that is not an address', () => {
    expect(addressAllowed(ranges('fe80::/10'), 'fe80::1%eth0')).to.equal(true)
    for (const text of ['', 'unknown', '10.0.0.1:443', '[::1]']) {
      expect(addressAllowed(ranges('0.0.0.0/0', '::/0'), text)).to.equal(false)
    }
  })

  it('admits nobody when the list is empty', () => {
    expect(addressAllowed([], '10.0.0.1')).to.equal(false)
  })

  it('calls a list inside another only when it admits nobody else', () => {
    expect(
      rangesCover(ranges('10.0.0.0/8', '::/0'), ranges('10.1.0.0/16', '10.1.2.3', '2001:db8::/32')),
    ).to.equal(true)
    expect(rangesCover(ranges('10.1.0.0/16'), ranges('10.0.0.0/8'))).to.equal(false)
    expect(rangesCover(ranges('10.0.0.0/8'), ranges('10.1.0.0/16', '11.0.0.0/16'))).to.equal(false)
    expect(rangesCover(ranges('::/0'), ranges('10.0.0.0/8'))).to.equal(false)
    expect(rangesCover([], ranges('10.0.0.1'))).to.equal(false)
    expect(rangesCover([], [])).to.equal(true)
  })

  it('agrees with the block list of node:net for every address and prefix', () => {
    const cases = fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }))
    fc.assert(
      fc.property(cases, ([base, address, prefix]) => {
        const list = new BlockList()
        list.addSubnet(base, prefix, 'ipv4')
        const network = maskedV4(base, prefix)
        expect(addressAllowed(ranges(`${network}/${prefix}`), address)).to.equal(list.check(address, 'ipv4'))
        expect(addressAllowed(ranges(`${network}/${prefix}`), base)).to.equal(true)
      }),
    )
  })

  it('agrees with the block list of node:net for IPv6 hosts, and writes what it can read again', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const list = new BlockList()
        list.addAddress(one, 'ipv6')
        const [range] = ranges(one)
        if (!range) throw new Error('unreachable')
        if (range.family === 6) {
          expect(addressAllowed([range], other)).to.equal(list.check(other, 'ipv6'))
        }
        expect(addressAllowed([range], one)).to.equal(true)
        expect(parseAddressRange(formatAddressRange(range))).to.deep.equal(range)
      }),
    )
  })
})

function maskedV4(address: string, prefix: number): string {
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - prefix)
  const base = Math.floor(value / size) * size
  return [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')
}
