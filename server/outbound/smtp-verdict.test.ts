import { expect } from 'chai'
import fc from 'fast-check'
import { verdictOf } from './smtp-verdict.js'

describe('the verdict on a mail server’s reply', () => {
  for (const [reply, verdict] of [
    ['550 5.1.1 The email account that you tried to reach does not exist', 'hard_bounce'],
    ['550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup', 'hard_bounce'],
    ['556 5.1.10 Recipient address has null MX', 'hard_bounce'],
    ['550 5.1.2 Bad destination system', 'hard_bounce'],
    ['550 5.2.1 The mailbox is disabled', 'hard_bounce'],
    ['551 5.1.6 The mailbox has moved', 'hard_bounce'],
    ['550 No such user here', 'hard_bounce'],
    [
      '550 <ada@example.com>: Recipient address rejected: User unknown in virtual mailbox table',
      'hard_bounce',
    ],
    ['550 5.0.0 User unknown', 'hard_bounce'],
    ['501 5.1.3 Bad recipient address syntax', 'invalid'],
    ['552 5.2.2 Mailbox full', 'temporary'],
    ['550 5.3.1 Mail system full', 'temporary'],
    ['450 4.2.0 Greylisted', 'temporary'],
    ['452 Too many recipients', 'temporary'],
    ['421 4.7.0 Try again later', 'temporary'],
    ['550 5.7.1 Message rejected as spam', 'refused'],
    ['554 5.7.1 Relay access denied', 'refused'],
    ['550 5.7.26 Unauthenticated mail; user unknown to SPF', 'refused'],
    ['550 blocked using zen.spamhaus.org', 'refused'],
    ['554 Transaction failed', 'refused'],
    ['552 5.3.4 Message too big', 'refused'],
  ] as const) {
    it(`is ${verdict} for "${reply}"`, () => {
      expect(verdictOf({ code: Number(reply.slice(0, 3)), text: reply })).to.equal(verdict)
    })
  }

  it('is taken from the status of a notification where there is no code', () => {
    expect(verdictOf({ status: '5.1.1', text: '' })).to.equal('hard_bounce')
    expect(verdictOf({ status: '4.4.7', text: 'user unknown' })).to.equal('temporary')
    expect(verdictOf({ status: '5.4.7', text: 'delivery time expired' })).to.equal('refused')
  })

  it('never condemns an address for a reply that is not final, or that speaks of policy', () => {
    const words = fc.constantFrom('user unknown', 'no such mailbox', 'spam', '')
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 499 }), words, (code, text) => {
        expect(verdictOf({ code, text: `${code} ${text}` })).to.equal('temporary')
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), words, (detail, text) => {
        expect(verdictOf({ code: 550, text: `550 5.7.${detail} ${text}` })).to.equal('refused')
      }),
    )
  })
})
