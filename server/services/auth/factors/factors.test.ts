import { expect } from 'chai'
import fc from 'fast-check'
import { base32Encode } from './base32.js'
import { hashRecoveryCode, newRecoveryCodes, readRecoveryCode } from './recovery-codes.js'
import { matchTotp, newTotpSecret, totpCode, totpStep, totpUri } from './totp.js'

const secret = Buffer.from('12345678901234567890')
const at = (seconds: number) => new Date(seconds * 1000)

describe('auth/factors/totp', () => {
  it('gives the codes of RFC 6238 appendix B', () => {
    const vectors: [number, string][] = [
      [59, '94287082'],
      [1111111109, '07081804'],
      [1111111111, '14050471'],
      [1234567890, '89005924'],
      [2000000000, '69279037'],
      [20000000000, '65353130'],
    ]
    for (const [seconds, code] of vectors) expect(totpCode(secret, totpStep(at(seconds)), 8)).to.equal(code)
  })

  it('accepts the present step and one on either side, no other', () => {
    const now = at(1_700_000_000)
    const step = totpStep(now)
    for (const offset of [-2, -1, 0, 1, 2]) {
      const matched = matchTotp(totpCode(secret, step + offset), { secret, now, lastUsedStep: null })
      expect(matched).to.equal(Math.abs(offset) <= 1 ? step + offset : null)
    }
  })

  it('takes a code once: the used step and all before it are dead', () => {
    const now = at(1_700_000_000)
    const step = totpStep(now)
    const code = totpCode(secret, step)
    expect(matchTotp(code, { secret, now, lastUsedStep: step - 1 })).to.equal(step)
    expect(matchTotp(code, { secret, now, lastUsedStep: step })).to.equal(null)
    expect(matchTotp(totpCode(secret, step - 1), { secret, now, lastUsedStep: step })).to.equal(null)
    expect(matchTotp(totpCode(secret, step + 1), { secret, now, lastUsedStep: step })).to.equal(step + 1)
  })

  it('refuses anything but six ASCII digits without throwing', () => {
    for (const code of ['', '12345', '1234567', '12 345', '１２３４５６', '12345a']) {
      expect(matchTotp(code, { secret, now: at(59), lastUsedStep: null })).to.equal(null)
    }
    fc.assert(
      fc.property(
        fc.string(),
        (code) => matchTotp(code, { secret: newTotpSecret(), now: at(0), lastUsedStep: 99 }) === null,
      ),
    )
  })

  it('writes a URI that authenticator apps read', () => {
    const uri = new URL(totpUri({ secret, issuer: 'Acme & Co', account: 'anna@example.com' }))
    expect(uri.protocol).to.equal('otpauth:')
    expect(decodeURIComponent(uri.pathname)).to.match(/Acme & Co:anna@example.com$/)
    expect(Object.fromEntries(uri.searchParams)).to.deep.equal({
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      issuer: 'Acme & Co',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })
})

describe('auth/factors/base32', () => {
  it('gives the encodings of RFC 4648 section 10, unpadded', () => {
    const vectors = {
      '': '',
      f: 'MY',
      fo: 'MZXQ',
      foo: 'MZXW6',
      foob: 'MZXW6YQ',
      fooba: 'MZXW6YTB',
      foobar: 'MZXW6YTBOI',
    }
    for (const [text, code] of Object.entries(vectors)) expect(base32Encode(Buffer.from(text))).to.equal(code)
  })
})

describe('auth/factors/recovery-codes', () => {
  const key = Buffer.alloc(32, 1)

  it('makes ten different codes without look-alike characters', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).to.equal(10)
    for (const code of codes) expect(code).to.match(/^[2-9A-HJKMNP-TV-Z]{5}-[2-9A-HJKMNP-TV-Z]{5}$/)
  })

  it('reads a code however it was typed', () => {
    const [code = ''] = newRecoveryCodes()
    for (const typed of [code.toLowerCase(), code.replace('-', ''), ` ${code} `, code.replace('-', ' ')]) {
      expect(hashRecoveryCode(typed, 'u1', key)).to.equal(hashRecoveryCode(code, 'u1', key))
    }
    expect(readRecoveryCode('0OIL1-00000')).to.equal(null)
  })

  it('binds the hash to the user and the key', () => {
    const [code = ''] = newRecoveryCodes()
    const hash = hashRecoveryCode(code, 'u1', key)
    expect(hash).to.not.equal(hashRecoveryCode(code, 'u2', key))
    expect(hash).to.not.equal(hashRecoveryCode(code, 'u1', Buffer.alloc(32, 2)))
    expect(hash).to.not.include(code)
  })
})
