import { expect } from 'chai'
import { isRefreshToken, newRefreshToken } from './kinds.js'
import { successorOf } from './successor.js'

describe('auth/tokens/successor', () => {
  const key = Buffer.alloc(32, 5)

  it('is a well-formed refresh token, the same each time', () => {
    for (let i = 0; i < 200; i++) {
      const token = newRefreshToken()
      expect(isRefreshToken(successorOf(token, key))).to.equal(true)
      expect(successorOf(token, key)).to.equal(successorOf(token, key))
    }
  })

  it('differs by token and by key, along a whole chain', () => {
    const seen = new Set<string>()
    let token = newRefreshToken()
    for (let i = 0; i < 500; i++) {
      seen.add(token)
      token = successorOf(token, key)
    }
    expect(seen.size).to.equal(500)
    expect(successorOf(token, key)).to.not.equal(successorOf(token, Buffer.alloc(32, 6)))
  })
})
