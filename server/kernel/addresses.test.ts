import { isIP } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { addressList, addressSubject, canonicalAddress, clientAddress, listHas } from './addresses.js'

const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
const hex = (group: number) => group.toString(16)
const isMapped = (all: number[]) => all.slice(0, 5).every((group) => group === 0) && all[5] === 0xffff

describe('an address', () => {
  it('has one spelling, however it was written', () => {
    fc.assert(
      fc.property(groups, fc.boolean(), (all, upper) => {
        const long = all.map((group) => hex(group).padStart(4, '0')).join(':')
        const short = all.map(hex).join(':')
        const canonical = canonicalAddress(short)
        expect(canonicalAddress(upper ? long.toUpperCase() : long)).to.equal(canonical)
        expect(canonicalAddress(`${short}%eth0`)).to.equal(canonical)
        expect(canonicalAddress(canonical)).to.equal(canonical)
        expect(isIP(canonical)).to.equal(isMapped(all) ? 4 : 6)
      }),
    )
  })

  it('is the IPv4 one when IPv6 only wraps it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (v4) => {
        expect(canonicalAddress(v4)).to.equal(v4)
        expect(canonicalAddress(`::ffff:${v4}`)).to.equal(v4)
        expect(canonicalAddress(`0:0:0:0:0:FFFF:${v4}`)).to.equal(v4)
      }),
    )
    expect(canonicalAddress('::ffff:c000:0201')).to.equal('192.0.2.1')
  })

  it('that is none answers one word for all of its like', () => {
    for (const text of ['', 'nonsense', '1.2.3', '1.2.3.4:80', '[::1]', '0x7f.1', '1.2.3.4 ', 'localhost']) {
      expect(canonicalAddress(text), text).to.equal('0.0.0.0')
    }
  })

  it('is counted by its /64 in IPv6, by itself in IPv4', () => {
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        fc.pre(!isMapped(one))
        const neighbour = [...one.slice(0, 4), ...other.slice(4)]
        fc.pre(!isMapped(neighbour))
        const subject = (all: number[]) => addressSubject(canonicalAddress(all.map(hex).join(':')))
        expect(subject(neighbour)).to.equal(subject(one))
        const stranger = [...one]
        stranger[3] = ((one[3] ?? 0) + 1) & 0xffff
        fc.pre(!isMapped(stranger))
        expect(subject(stranger)).not.to.equal(subject(one))
      }),
    )
    expect(addressSubject('192.0.2.1')).to.equal('192.0.2.1')
    expect(addressSubject('2001:db8::1')).to.equal('2001:db8:0:0::/64')
  })
})

describe('a list of addresses', () => {
  it('holds what its ranges hold', () => {
    const list = addressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'])
    for (const inside of ['10.0.0.0', '10.255.255.255', '192.0.2.7', '2001:db8:ffff::1', '::1']) {
      expect(listHas(list, inside), inside).to.equal(true)
    }
    for (const outside of ['11.0.0.0', '192.0.2.8', '2001:db9::', '::2', '0.0.0.0']) {
      expect(listHas(list, outside), outside).to.equal(false)
    }
  })

  it('takes the IPv4 inside of an entry that wraps it', () => {
    const list = addressList(['::ffff:192.0.2.7', '::ffff:10.0.0.0/104'])
    expect(listHas(list, '192.0.2.7')).to.equal(true)
    expect(listHas(list, '10.1.2.3')).to.equal(true)
    expect(listHas(list, '11.1.2.3')).to.equal(false)
  })

  it('refuses what could mean more than was written', () => {
    for (const entry of [
      '10.0.0.0/',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/8/8',
      '10.0.0.0/0x8',
      '10.0.0.0/1e1',
      '10.0.0.0/ 8',
      '10.0.0.0/-1',
      '10.0/8',
      '',
      '/8',
      'host',
      '::ffff:10.0.0.0/64',
    ]) {
      expect(() => addressList([entry]), entry).to.throw(RangeError, `"${entry}"`)
    }
  })
})

describe('the address of a client', () => {
  const trusted = addressList(['10.0.0.0/8', '::1'])

  it('is the peer’s unless that is a trusted proxy', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.string(), (peer, header) => {
        fc.pre(!peer.startsWith('10.'))
        expect(clientAddress(peer, header, trusted)).to.equal(peer)
      }),
    )
    expect(clientAddress('::ffff:192.0.2.1', undefined, trusted)).to.equal('192.0.2.1')
    expect(clientAddress(undefined, '1.1.1.1', trusted)).to.equal('0.0.0.0')
  })

  it('is never what a client wrote left of the first stranger', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())), fc.ipV4(), (forged, real) => {
        fc.pre(!real.startsWith('10.'))
        const header = [...forged, real, '10.0.0.2'].join(', ')
        expect(clientAddress('10.0.0.1', header, trusted)).to.equal(real)
      }),
    )
  })

  it('is the left-most proxy where all are trusted', () => {
    expect(clientAddress('10.0.0.1', '10.0.0.3, 10.0.0.2', trusted)).to.equal('10.0.0.3')
    expect(clientAddress('10.0.0.1', '', trusted)).to.equal('10.0.0.1')
  })
})
