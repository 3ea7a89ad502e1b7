import { expect } from 'chai'
import fc from 'fast-check'
import { BASE62, checksumOf, crc32, generateToken, parseToken, randomBase62 } from './token-format.js'

const PREFIXES = ['vtr_at_', 'vtr_live_'] as const

describe('kernel/token-format', () => {
  it('uses CRC-32/ISO-HDLC (check value cbf43926)', () => {
    expect(crc32('123456789')).to.equal(0xcbf43926)
    expect(checksumOf('123456789')).to.have.length(6)
  })

  it('reads back what it generated, with the right prefix', () => {
    for (const prefix of PREFIXES) {
      const token = generateToken(prefix)
      expect(token).to.match(new RegExp(`^${prefix}[0-9A-Za-z]{36}$`))
      const parsed = parseToken(token, PREFIXES)
      expect(parsed?.prefix).to.equal(prefix)
      expect(parsed?.secret).to.equal(token.slice(prefix.length, -6))
    }
  })

  it('refuses a token of which any one character was replaced', () => {
    const token = generateToken('vtr_at_')
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...BASE62), (at, char) => {
        fc.pre(token[at] !== char)
        expect(parseToken(token.slice(0, at) + char + token.slice(at + 1), PREFIXES)).to.equal(null)
      }),
    )
  })

  it('refuses another prefix, whatever the rest', () => {
    expect(parseToken(generateToken('vtr_rt_'), PREFIXES)).to.equal(null)
  })

  it('answers null for arbitrary text and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseToken(text, PREFIXES) === null))
  })

  it('draws every base62 digit about equally often', () => {
    const counts = new Map<string, number>()
    for (const char of randomBase62(62_000)) counts.set(char, (counts.get(char) ?? 0) + 1)
    expect(counts.size).to.equal(62)
    for (const count of counts.values()) expect(count).to.be.within(800, 1200)
  })
})
