import { expect } from 'chai'
import fc from 'fast-check'
import { isAccessToken, isRefreshToken, newAccessToken, newRefreshToken } from './kinds.js'
import { checkOneTimeToken, issueOneTimeToken, ONE_TIME_PURPOSES } from './one-time.js'

const key = Buffer.alloc(32, 3)
const NOW = new Date('2026-05-01T12:00:00Z')
const SOON = new Date(NOW.getTime() + 60_000)

describe('auth/tokens', () => {
  it('keeps access and refresh tokens apart', () => {
    expect(isAccessToken(newAccessToken())).to.equal(true)
    expect(isAccessToken(newRefreshToken())).to.equal(false)
    expect(isRefreshToken(newRefreshToken())).to.equal(true)
    expect(isRefreshToken(newAccessToken())).to.equal(false)
  })
})

describe('auth/tokens/one-time', () => {
  it('is good for its own purpose only', () => {
    for (const purpose of ONE_TIME_PURPOSES) {
      const token = issueOneTimeToken(purpose, SOON, key)
      for (const other of ONE_TIME_PURPOSES) {
        expect(checkOneTimeToken(token, other, key, NOW)).to.equal(other === purpose)
      }
    }
  })

  it('expires at its moment, which nobody can move', () => {
    const token = issueOneTimeToken('reset_password', SOON, key)
    expect(checkOneTimeToken(token, 'reset_password', key, new Date(SOON.getTime() - 1))).to.equal(true)
    expect(checkOneTimeToken(token, 'reset_password', key, SOON)).to.equal(false)
    const bytes = Buffer.from(token, 'base64url')
    bytes.writeUIntBE(SOON.getTime() + 1e9, 0, 6)
    expect(checkOneTimeToken(bytes.toString('base64url'), 'reset_password', key, NOW)).to.equal(false)
  })

  it('is refused under another key', () => {
    const token = issueOneTimeToken('verify_email', SOON, key)
    expect(checkOneTimeToken(token, 'verify_email', Buffer.alloc(32, 9), NOW)).to.equal(false)
  })

  it('is refused with any one character replaced', () => {
    const token = issueOneTimeToken('verify_email', SOON, key)
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.base64String({ minLength: 4 }), (at, chars) => {
        const char = chars[0] ?? 'A'
        fc.pre(char !== token[at])
        const forged = token.slice(0, at) + char + token.slice(at + 1)
        expect(checkOneTimeToken(forged, 'verify_email', key, NOW)).to.equal(false)
      }),
    )
  })

  it('answers false for arbitrary text and never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => !checkOneTimeToken(text, 'verify_email', key, NOW),
      ),
    )
  })
})
