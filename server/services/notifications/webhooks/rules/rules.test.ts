import { expect } from 'chai'
import fc from 'fast-check'
import type { EventName } from '../../../../kernel/events.js'
import { hasFailedTooLong, pauseOfEndpoint } from './breaker.js'
import { HEADER_VALUE, isFreeHeader } from './custom-headers.js'
import { subscriptionsTo, unknownSubscriptions } from './event-types.js'
import { BODY_MAX_BYTES, idsOf, snakeCase, writeBody } from './payload.js'
import { responseText } from './response-text.js'
import { ATTEMPTS, PAUSES_MS, pauseAfter } from './retry-schedule.js'

const DAY_MS = 86_400_000
const NOW = new Date('2026-11-25T12:00:00Z')

describe('the retry schedule of webhooks', () => {
  it('is the one that Standard Webhooks recommends: ten attempts in about 76 hours', () => {
    const middle = () => 0.5
    const seconds = Array.from(
      { length: ATTEMPTS },
      (_, made) => (pauseAfter(made, null, middle) ?? 0) / 1000,
    )
    expect(seconds).to.deep.equal([0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
    expect(pauseAfter(ATTEMPTS, null)).to.equal(null)
  })

  it('varies each pause by a tenth at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ATTEMPTS - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (made, random) => {
          const planned = PAUSES_MS[made] ?? 0
          expect(pauseAfter(made, null, () => random)).to.be.within(planned * 0.9, planned * 1.1 + 1)
        },
      ),
    )
  })

  it('waits for as long as the receiver asks, and never shorter than planned', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ATTEMPTS - 1 }),
        fc.integer({ min: 0, max: 10 * DAY_MS }),
        (made, asked) => {
          const pause = pauseAfter(made, asked, () => 0.5) ?? 0
          expect(pause).to.equal(Math.max(PAUSES_MS[made] ?? 0, asked))
        },
      ),
    )
    expect(pauseAfter(ATTEMPTS, 1_000)).to.equal(null)
  })
})

describe('an endpoint that fails', () => {
  it('is left in peace longer the more it fails, five minutes at most', () => {
    const pauses = Array.from({ length: 14 }, (_, failures) => pauseOfEndpoint(failures, 500, null))
    expect(pauses.slice(0, 7)).to.deep.equal([0, 0, 0, 0, 0, 10_000, 20_000])
    expect(pauses.at(-1)).to.equal(300_000)
  })

  it('is left in peace for as long as it asks, or half a minute where it asks for none', () => {
    expect(pauseOfEndpoint(1, 429, 7_000)).to.equal(7_000)
    expect(pauseOfEndpoint(1, 429, null)).to.equal(30_000)
    expect(pauseOfEndpoint(6, 503, 1_000)).to.equal(20_000)
  })

  it('is given up after five days of nothing but failures, ten at least', () => {
    const since = (days: number) => new Date(NOW.getTime() - days * DAY_MS)
    expect(hasFailedTooLong(10, since(5), NOW)).to.equal(true)
    expect(hasFailedTooLong(1_000, since(4.9), NOW)).to.equal(false)
    expect(hasFailedTooLong(9, since(30), NOW)).to.equal(false)
  })
})

describe('subscriptions', () => {
  it('reach one type, a service or everything', () => {
    expect(subscriptionsTo('keys.key.revoked')).to.deep.equal(['*', 'keys.*', 'keys.key.revoked'])
  })

  it('are known when something can match them', () => {
    const types = ['keys.key.revoked', 'tenancy.member.added'] as EventName[]
    const known = ['*', 'keys.*', 'keys.key.revoked', 'app.*', 'app.order.paid']
    expect(unknownSubscriptions(known, types)).to.deep.equal([])
    const unknown = ['keys.key.revokd', 'billing.*', 'app', 'keys.key.*']
    expect(unknownSubscriptions(unknown, types)).to.deep.equal(unknown)
  })
})

describe('custom headers', () => {
  it('are free unless they frame, route or prove a message', () => {
    for (const name of ['authorization', 'x-api-key', 'accept', 'x_a'])
      expect(isFreeHeader(name), name).to.equal(true)
    const taken = ['webhook-id', 'webhook-signature', 'host', 'content-type', 'content-length', 'cookie']
    for (const name of [...taken, 'transfer-encoding', 'x-forwarded-for', 'user-agent', 'a b', 'a:', 'A', ''])
      expect(isFreeHeader(name), name).to.equal(false)
  })

  it('hold nothing that could end a header', () => {
    expect(HEADER_VALUE.test('Bearer abc def')).to.equal(true)
    for (const value of ['a\r\nx: y', 'a\n', ' a', 'a ', '\t', 'é', 'a\0'])
      expect(HEADER_VALUE.test(value)).to.equal(false)
  })
})

describe('a webhook body', () => {
  it('holds type, time and data, names in snake_case', () => {
    const data = snakeCase({ userId: '1', list: [{ graceUntil: null }], URL: 2 })
    expect(data).to.deep.equal({ user_id: '1', list: [{ grace_until: null }], _u_r_l: 2 })
    const body = writeBody({ type: 'a.b', occurredAt: NOW, data })
    expect(JSON.parse(body ?? '')).to.deep.equal({ type: 'a.b', timestamp: '2026-11-25T12:00:00.000Z', data })
  })

  it('is refused above 20 KiB, counted in bytes', () => {
    const of = (text: string) => writeBody({ type: 'a.b', occurredAt: NOW, data: text })
    const frame = Buffer.byteLength(of('') ?? '')
    expect(of('x'.repeat(BODY_MAX_BYTES - frame))).to.be.a('string')
    expect(of('x'.repeat(BODY_MAX_BYTES - frame + 1))).to.equal(null)
    expect(of('é'.repeat((BODY_MAX_BYTES - frame) / 2 + 1))).to.equal(null)
  })

  it('that is too large keeps its ids', () => {
    expect(
      idsOf({ user_id: 'u', id: 'i', text: 'x', valid: 'no', other_id: 5, long_id: 'x'.repeat(200) }),
    ).to.deep.equal({ user_id: 'u', id: 'i' })
    expect(idsOf('text')).to.deep.equal({})
  })
})

describe('what a receiver answers', () => {
  const kept = (bytes: string | Buffer, type?: string, secrets: string[] = []) =>
    responseText(Buffer.from(bytes as string), type, secrets)

  it('is kept as far as it is text, without control characters', () => {
    expect(kept('all\u0000 \u001b[31mwell\n', 'text/plain')).to.equal('all [31mwell\n')
    expect(kept('{}', 'application/problem+json')).to.equal('{}')
    expect(kept('hello')).to.equal('hello')
    expect(kept(Buffer.from([0xff, 0xd8]), 'image/jpeg')).to.equal(null)
    expect(kept('')).to.equal(null)
  })

  it('is cut to 1,024 characters and to whole ones', () => {
    expect(kept('x'.repeat(5_000))).to.have.length(1_024)
    expect(kept(Buffer.from('é').subarray(0, 1))).to.equal(null)
  })

  it('does not show secrets that were sent along, however they are wrapped', () => {
    expect(kept('you sent s3cret-value!', 'text/plain', ['s3cret-value'])).to.equal('you sent [removed]!')
    expect(kept('s3cret\u0007-value', 'text/plain', ['s3cret-value'])).to.equal('[removed]')
  })

  it('can always be stored', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_096 }), (bytes) => {
        const text = responseText(Buffer.from(bytes), 'text/plain', [])
        if (text === null) return
        expect(Buffer.byteLength(text)).to.be.at.most(4_096)
        expect(text).to.not.include('\0')
      }),
    )
  })
})
