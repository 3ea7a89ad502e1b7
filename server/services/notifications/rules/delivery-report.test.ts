import { expect } from 'chai'
import fc from 'fast-check'
import { readMailReport, referencesIn } from './delivery-report.js'

const REFERENCE = `${'a2'.repeat(31)}b`

/** A bounce as Postfix writes one. */
const POSTFIX = `Return-Path: <>
Delivered-To: ${REFERENCE}@bounces.acme.example
Date: Thu, 26 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: ${REFERENCE}@bounces.acme.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4Xn1.1732/mx.example.com"
Message-Id: <20261126100000.4Xn2@mx.example.com>

This is a MIME-encapsulated message.

--4Xn1.1732/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4Xn1.1732/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 4Xn1
Arrival-Date: Thu, 26 Nov 2026 09:59:59 +0000 (UTC)

Final-Recipient: rfc822; ada@corp.example
Original-Recipient: rfc822;Ada@Example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; inbound.corp.example
Diagnostic-Code: smtp; 550 5.1.1 <ada@corp.example>: Recipient address rejected:
    User unknown in local recipient table

--4Xn1.1732/mx.example.com
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: Acme <no-reply@acme.example>
To: ada@example.com
Message-ID:
 <${REFERENCE}@acme.example>
X-Delivery: ${REFERENCE}
Subject: Your invoice

--4Xn1.1732/mx.example.com--
`

const bounce = (fields: string) =>
  `Content-Type: multipart/report; report-type="delivery-status"; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n${fields}\n\n--b--\n`

const COMPLAINT = `To: fbl@acme.example
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

A person pressed "spam".

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Somebody/1.0
Version: 1
Original-Mail-From: <${REFERENCE}@bounces.acme.example>

--b
Content-Type: message/rfc822

From: Acme <no-reply@acme.example>
To: "Ada" <ada@example.com>
Subject: News

Hello
--b--
`

describe('a mail that came back', () => {
  for (const [name, source] of [
    ['as it was written', POSTFIX],
    ['with the line ends of mail', POSTFIX.replaceAll('\n', '\r\n')],
  ] as const) {
    it(`is read ${name}`, () => {
      expect(readMailReport(source)).to.deep.equal({
        references: [REFERENCE],
        recipients: [
          {
            outcome: 'bounced',
            code: '5.1.1',
            suppress: 'hard_bounce',
            addresses: ['ada@example.com', 'ada@corp.example'],
          },
        ],
      })
    })
  }

  for (const [fields, expected] of [
    ['Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.4.1', ['deferred', '4.4.1', null]],
    ['Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0', ['delivered', '2.0.0', null]],
    ['Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 4.4.7', ['bounced', '4.4.7', null]],
    ['Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.2.2', ['bounced', '5.2.2', null]],
    [
      'Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 user unknown',
      ['bounced', '5.7.1', null],
    ],
    [
      'Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 no such user',
      ['bounced', '5.0.0', 'hard_bounce'],
    ],
    ['Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.3', ['bounced', '5.1.3', 'invalid']],
  ] as const) {
    it(`says ${expected.join(' ')} by ${JSON.stringify(fields.split('\n').slice(1).join(' '))}`, () => {
      const [one] = readMailReport(bounce(fields))?.recipients ?? []
      expect([one?.outcome, one?.code, one?.suppress]).to.deep.equal(expected)
      expect(one?.addresses).to.deep.equal(['a@b.example'])
    })
  }

  it('may speak of several recipients', () => {
    const fields = ['a', 'b'].map(
      (name) => `Final-Recipient: rfc822; ${name}@c.example\nAction: failed\nStatus: 5.1.1`,
    )
    const report = readMailReport(bounce(fields.join('\n\n')))
    expect(report?.recipients.map(({ addresses }) => addresses[0])).to.deep.equal([
      'a@c.example',
      'b@c.example',
    ])
  })

  it('may be a complaint, whose recipient stands in the mail it complains of', () => {
    expect(readMailReport(COMPLAINT)).to.deep.equal({
      references: [REFERENCE],
      recipients: [
        { outcome: 'complained', code: 'abuse', suppress: 'complaint', addresses: ['ada@example.com'] },
      ],
    })
  })

  it('is no report when it is any other mail', () => {
    for (const source of [
      '',
      '\n',
      'Subject: Out of office\n\nI am away.',
      'Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\nhi\n--b--\n',
      POSTFIX.replace('multipart/report', 'multipart/mixed'),
      bounce('Final-Recipient: rfc822; a@b.example'),
    ]) {
      expect(readMailReport(source), source).to.equal(null)
    }
  })

  it('never makes the reader stumble, whatever it holds', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(...POSTFIX.split('\n'), ...COMPLAINT.split('\n'), '', '--b', '--b--', '\t'),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const report = readMailReport(lines.join(end))
        if (report) expect(report.recipients).to.have.length.within(1, 20)
      }),
      { numRuns: 500 },
    )
  })

  it('names at most so many references, and only what has their form', () => {
    expect(referencesIn([`<${REFERENCE.toUpperCase()}@x.example> ${REFERENCE}`])).to.deep.equal([REFERENCE])
    expect(referencesIn([`x${REFERENCE}`, `${REFERENCE}2`, REFERENCE.replace('a', '1')])).to.deep.equal([])
    const many = Array.from(
      { length: 50 },
      (_, i) => 'abcdefghij'[i % 10]?.repeat(61) + 'abcdefghij'.slice(i / 10, i / 10 + 2),
    )
    expect(referencesIn(many)).to.have.length.at.most(20)
  })
})
