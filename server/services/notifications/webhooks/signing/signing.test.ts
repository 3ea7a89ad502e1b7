import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { pairedKey, secretBytes, sharedKey } from './generate-key.js'
import { type Signable, signature, signedHeaders } from './signature.js'

const now = () => Math.floor(Date.now() / 1000)
const messages = fc.record({
  id: fc.uuid(),
  // When it is drawn: the file may be loaded long before its tests run.
  timestamp: fc.constant(null).map(now),
  body: fc.anything().map((value) => JSON.stringify({ data: value ?? null })),
})

describe('signing webhooks', () => {
  it('makes v1 signatures that the reference library takes, and none that it takes for other words', () => {
    const key = sharedKey()
    const receiver = new Webhook(key.secret ?? '')
    fc.assert(
      fc.property(messages, fc.nat(), (message, at) => {
        const headers = signedHeaders(message, [key])
        expect(receiver.verify(message.body, headers)).to.deep.equal(JSON.parse(message.body))
        const i = at % message.body.length
        const altered = `${message.body.slice(0, i)}\u0001${message.body.slice(i + 1)}`
        expect(() => receiver.verify(altered, headers)).to.throw(WebhookVerificationError)
        const later = { ...headers, 'webhook-timestamp': String(message.timestamp + 1) }
        expect(() => receiver.verify(message.body, later)).to.throw(WebhookVerificationError)
        expect(() => receiver.verify(message.body, { ...headers, 'webhook-id': 'x' })).to.throw(
          WebhookVerificationError,
        )
      }),
    )
  })

  it('makes v1a signatures that the public key shown verifies', () => {
    const key = pairedKey()
    const publicKey = publicKeyFrom(key.publicKey ?? '')
    fc.assert(
      fc.property(messages, (message) => {
        const [scheme, encoded = ''] = signature(message, key).split(',')
        expect(scheme).to.equal('v1a')
        const made = Buffer.from(encoded, 'base64')
        expect(verify(null, signedBytes(message), publicKey, made)).to.equal(true)
        expect(verify(null, signedBytes({ ...message, id: 'x' }), publicKey, made)).to.equal(false)
      }),
    )
  })

  it('signs with every key given, and each receiver finds its own', () => {
    const [old, fresh, pair] = [sharedKey(), sharedKey(), pairedKey()]
    const message = { id: 'm', timestamp: now(), body: '{}' }
    const headers = signedHeaders(message, [fresh, pair, old])
    expect(headers['webhook-signature']).to.match(/^v1,\S+ v1a,\S+ v1,\S+$/)
    for (const { secret } of [old, fresh]) new Webhook(secret ?? '').verify('{}', headers)
    expect(() => new Webhook(sharedKey().secret ?? '').verify('{}', headers)).to.throw()
  })

  it('takes secrets of 24 to 64 bytes in proper base64 and no others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = `whsec_${Buffer.from(bytes).toString('base64')}`
        const fits = bytes.length >= 24 && bytes.length <= 64
        expect(secretBytes(text)?.equals(bytes) ?? false).to.equal(fits)
      }),
    )
    const good = sharedKey().secret ?? ''
    for (const bad of ['', 'whsec_', good.slice(6), good.replace('whsec_', 'whpk_'), `${good}=`, `${good} `])
      expect(secretBytes(bad), bad).to.equal(null)
  })

  it('makes another key each time', () => {
    expect(sharedKey().secret).to.not.equal(sharedKey().secret)
    expect(pairedKey().publicKey).to.not.equal(pairedKey().publicKey)
  })
})

/** A `whpk_…` text as node:crypto takes it: raw ed25519 bytes behind the fixed head of their DER form. */
function publicKeyFrom(text: string): KeyObject {
  const raw = Buffer.from(text.slice('whpk_'.length), 'base64')
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

function signedBytes({ id, timestamp, body }: Signable): Buffer {
  return Buffer.from(`${id}.${timestamp}.${body}`)
}
