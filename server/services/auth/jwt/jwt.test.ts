import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import jwt from 'jsonwebtoken'
import {
  ACCESS_TOKEN_SECONDS,
  type AccessClaims,
  signAccessToken,
  verifyAccessToken,
} from './access-token.js'
import {
  KEEP_REPLACED_MS,
  PUBLISH_LEAD_MS,
  ROTATE_AFTER_MS,
  rotationDue,
  signingKeyAt,
  verifyingKeysAt,
} from './rotation.js'
import { newSigningKey, signingKeyFromDer, thumbprint } from './signing-key.js'
import { VerifiedTokenCache } from './verified-cache.js'

const NOW = new Date('2026-05-01T12:00:00Z')
const issuer = 'https://vetrai.example.com'
const { key, privateDer } = newSigningKey(NOW)
const keyById = (kid: string) => (kid === key.kid ? key.publicKey : undefined)
const claims = { sub: randomUUID(), sid: randomUUID(), amr: ['pwd'], auth_time: 1 }
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
const verify = (token: string, now = NOW) => verifyAccessToken(token, { keyById, issuer, now })
const full = {
  ...claims,
  iss: issuer,
  aud: 'vetrai',
  iat: NOW.getTime() / 1000,
  exp: NOW.getTime() / 1000 + 60,
}

describe('auth/jwt/access-token', () => {
  const token = signAccessToken(claims, { key, issuer, now: NOW })

  it('reads back what it signed', () => {
    expect(verify(token)).to.deep.include({ ...claims, iss: issuer, aud: 'vetrai' })
    expect(jwt.decode(token, { complete: true })?.header).to.deep.equal({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: key.kid,
    })
  })

  it('is good for fifteen minutes to the second', () => {
    expect(verify(token, later(ACCESS_TOKEN_SECONDS - 1))).to.not.equal(null)
    expect(verify(token, later(ACCESS_TOKEN_SECONDS))).to.equal(null)
  })

  it('refuses another issuer, another audience, another type and an unknown key', () => {
    const sign = (payload: object, header: object) =>
      jwt.sign(payload, key.privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header },
      })
    expect(verify(sign(full, {}))).to.not.equal(null)
    expect(verify(sign({ ...full, iss: 'https://evil.example.com' }, {}))).to.equal(null)
    expect(verify(sign({ ...full, aud: 'other' }, {}))).to.equal(null)
    expect(verify(sign(full, { typ: 'JWT' }))).to.equal(null)
    expect(verify(sign(full, { kid: 'other' }))).to.equal(null)
    expect(verify(sign({ ...full, sub: 'root' }, {}))).to.equal(null)
  })

  it('refuses alg none, and HS256 keyed with the public key', () => {
    const header = { alg: 'none', typ: 'at+jwt', kid: key.kid }
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    expect(verify(`${encode(header)}.${encode(full)}.`)).to.equal(null)
    const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    for (const secret of [pem, JSON.stringify(key.publicJwk), Buffer.from(pem)]) {
      const forged = jwt.sign(full, secret, {
        algorithm: 'HS256',
        header: { alg: 'HS256', typ: 'at+jwt', kid: key.kid },
      })
      expect(verify(forged)).to.equal(null)
      const [, payload, signature] = forged.split('.')
      expect(verify(`${encode({ ...header, alg: 'ES256' })}.${payload}.${signature}`)).to.equal(null)
    }
  })

  it('refuses a key of another algorithm even when its id is known', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const forged = jwt.sign(full, rsa.privateKey, {
      algorithm: 'RS256',
      header: { alg: 'RS256', typ: 'at+jwt', kid: key.kid },
    })
    expect(verifyAccessToken(forged, { keyById: () => rsa.publicKey, issuer, now: NOW })).to.equal(null)
  })

  it('answers null for arbitrary and for oversized text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => verify(text) === null && verify(`${token}${text}x`) === null),
    )
    expect(verify(`eyJ${'a'.repeat(1_000_000)}`)).to.equal(null)
  })
})

describe('auth/jwt/signing-key', () => {
  it('survives its sealed form and keeps its id, the RFC 7638 thumbprint', () => {
    const again = signingKeyFromDer(privateDer, NOW)
    expect(again.kid).to.equal(key.kid)
    expect(thumbprint(again.publicJwk)).to.match(/^[A-Za-z0-9_-]{43}$/)
    expect(verify(signAccessToken(claims, { key: again, issuer, now: NOW }))).to.not.equal(null)
  })

  it('shows nothing private in the public half', () => {
    expect(Object.keys(key.publicJwk).sort()).to.deep.equal(['crv', 'kty', 'x', 'y'])
  })

  it('refuses a key on another curve', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    expect(() => signingKeyFromDer(privateKey.export({ format: 'der', type: 'pkcs8' }), NOW)).to.throw()
  })
})

describe('auth/jwt/rotation', () => {
  it('asks for a key at once when there is none', () => {
    expect(rotationDue([], NOW)).to.deep.equal(NOW)
    expect(signingKeyAt([], NOW)).to.equal(null)
  })

  it('over any span always has a key to sign with, published before it signs, that verifies while its tokens live', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 * 86_400 }), { minLength: 1, maxLength: 40 }),
        (pauses) => {
          let now = NOW
          const keys: { activeFrom: Date; published: Date }[] = [{ activeFrom: NOW, published: NOW }]
          for (const pause of pauses) {
            const before = signingKeyAt(keys, now)
            now = new Date(now.getTime() + pause * 1000)
            const due = rotationDue(keys, now)
            if (due) keys.push({ activeFrom: due, published: now })
            const signer = signingKeyAt(keys, now)
            expect(signer).to.not.equal(null)
            expect(verifyingKeysAt(keys, now)).to.include(signer)
            if (before && pause <= ACCESS_TOKEN_SECONDS) expect(verifyingKeysAt(keys, now)).to.include(before)
          }
          for (const { activeFrom, published } of keys.slice(1)) {
            expect(activeFrom.getTime() - published.getTime()).to.equal(PUBLISH_LEAD_MS)
          }
        },
      ),
    )
  })

  it('replaces a key after thirty days and stops trusting it a day after that', () => {
    const keys = [{ activeFrom: NOW }]
    const then = new Date(NOW.getTime() + ROTATE_AFTER_MS)
    expect(rotationDue(keys, new Date(NOW.getTime() + ROTATE_AFTER_MS / 2))).to.equal(null)
    const due = rotationDue(keys, then)
    expect(due).to.deep.equal(new Date(then.getTime() + PUBLISH_LEAD_MS))
    const both = [{ activeFrom: due ?? then }, ...keys]
    expect(verifyingKeysAt(both, then)).to.have.length(2)
    expect(verifyingKeysAt(both, new Date((due ?? then).getTime() + KEEP_REPLACED_MS))).to.have.length(1)
  })
})

describe('auth/jwt/verified-cache', () => {
  const entry = (exp: number): AccessClaims => ({ ...full, aud: 'vetrai', exp })

  it('never answers for a token that only begins alike', () => {
    const cache = new VerifiedTokenCache()
    cache.set('eyJhbGciOiJFUzI1NiJ9.aaaa.one', entry(full.exp))
    expect(cache.get('eyJhbGciOiJFUzI1NiJ9.aaaa.two', NOW)).to.equal(undefined)
    expect(cache.get('eyJhbGciOiJFUzI1NiJ9.aaaa.one', NOW)?.exp).to.equal(full.exp)
  })

  it('forgets a token when it expires', () => {
    const cache = new VerifiedTokenCache()
    cache.set('t', entry(full.exp))
    expect(cache.get('t', new Date(full.exp * 1000))).to.equal(undefined)
    expect(cache.count).to.equal(0)
  })

  it('stays within its size and drops the one unused for longest', () => {
    const cache = new VerifiedTokenCache(2)
    cache.set('a', entry(full.exp))
    cache.set('b', entry(full.exp))
    cache.get('a', NOW)
    cache.set('c', entry(full.exp))
    expect(cache.count).to.equal(2)
    expect(cache.get('b', NOW)).to.equal(undefined)
    expect(cache.get('a', NOW)).to.not.equal(undefined)
  })
})
