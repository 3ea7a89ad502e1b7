import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { type BuiltUser, buildMember, buildStaff } from '../../../test/build.js'
import type { Answer } from '../../../test/caller.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { backgroundContext, type Ctx } from '../../kernel/context.js'
import { newId } from '../../kernel/ids.js'
import type { Resources } from '../../kernel/resources.js'
import { makeReference } from '../../outbound/delivery-reference.js'
import { isSuppressed } from './operations/suppress.js'
import { takeSes } from './operations/take-ses.js'
import { signCall } from './rules/signed-call.js'

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
const MAILGUN_KEY = 'mailgun-signing-key-canary'
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:bounces'
const NOBODY = '00000000-0000-0000-0000-000000000000'
const BOUNCES = '/notifications/v1/bounces'

/** Headers that an empty key signs. */
function signedByNothing(body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const mac = createHmac('sha256', '').update(`x.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': 'x', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
}

describe('bounces', () => {
  const server = useServer({
    settings: { BOUNCE_SECRET: SECRET, BOUNCE_MAILGUN_KEY: MAILGUN_KEY, BOUNCE_SES_TOPIC: TOPIC },
  })
  let admin: BuiltUser
  before(async () => {
    admin = await buildMember(server)
  })

  const ctxOf = (resources: Resources = server.resources): Ctx =>
    backgroundContext(resources, 'test', { ...admin.tenant, status: 'active' })
  const whyOf = async (address: string) =>
    (await isSuppressed(ctxOf(), 'email', [address])).get(address)?.reason
  const referenceOf = (deliveryId: string, address: string, tenantId = admin.tenant.id) =>
    makeReference(server.resources.secrets.key('delivery-reference'), { tenantId, deliveryId }, address)
  const listed = async (address: string): Promise<string[]> => {
    const query = `?address=${encodeURIComponent(address)}`
    const tenants = (await admin.api.get(`/notifications/v1/suppressions${query}`)).body.data
    const everybody = (await server.operator.get(`/notifications/v1/installation/suppressions${query}`)).body
      .data
    return [...tenants.map(() => 'tenant'), ...everybody.map(() => 'installation')]
  }
  const reported = async (deliveryId: string): Promise<object[]> => {
    const { rows } = await asAdmin(
      await stores(),
      `select payload - 'deliveryId' as payload, tenant_id from outbox
        where name = 'notifications.delivery.reported' and payload->>'deliveryId' = '${deliveryId}' order by id`,
      server.databaseName,
    )
    return rows
  }

  describe('in our own form', () => {
    const send = (body: object, secret = SECRET, at = new Date()): Promise<Answer> => {
      const text = JSON.stringify(body)
      return server.anonymous
        .with(signCall(secret, { id: newId(), at, body: text }))
        .post(`${BOUNCES}/custom`, text)
    }

    it('suppress in the tenant that wrote, and tell its delivery', async () => {
      const deliveryId = newId()
      const message_id = `<${referenceOf(deliveryId, 'one@example.com')}@acme.example>`
      const event = { type: 'bounce', permanent: true, address: 'One@Example.com', message_id, code: '5.1.1' }
      expect((await send({ events: [event] })).body).to.deep.equal({ taken: 1, ignored: 0 })
      expect(await listed('one@example.com')).to.deep.equal(['tenant'])
      expect(await reported(deliveryId)).to.deep.equal([
        {
          tenant_id: admin.tenant.id,
          payload: { channel: 'email', outcome: 'bounced', provider: 'custom', code: '5.1.1' },
        },
      ])
    })

    it('suppress for the whole installation where they name no message of ours', async () => {
      await send({ events: [{ type: 'bounce', permanent: true, address: 'two@example.com' }] })
      expect(await listed('two@example.com')).to.deep.equal(['installation'])
    })

    it('suppress for the whole installation where a mail about an account bounced', async () => {
      const message_id = `<${referenceOf(newId(), 'three@example.com', NOBODY)}@acme.example>`
      await send({ events: [{ type: 'bounce', permanent: true, address: 'three@example.com', message_id }] })
      expect(await listed('three@example.com')).to.deep.equal(['installation'])
    })

    it('suppress nobody for what may pass, or for what was delivered', async () => {
      const events = ['bounce', 'deferral', 'delivery'].map((type) => ({ type, address: 'four@example.com' }))
      await send({ events })
      expect(await listed('four@example.com')).to.deep.equal([])
      await send({ events: [{ type: 'complaint', address: 'four@example.com' }] })
      expect(await whyOf('four@example.com')).to.equal('complaint')
    })

    it('leave nothing behind for a tenant that is gone', async () => {
      const message_id = `<${referenceOf(newId(), 'five@example.com', newId())}@acme.example>`
      const { body } = await send({
        events: [{ type: 'bounce', permanent: true, address: 'five@example.com', message_id }],
      })
      expect(body).to.deep.equal({ taken: 0, ignored: 1 })
    })

    it('are refused without the right signature of the very body, and when they are old', async () => {
      const body = { events: [{ type: 'complaint', address: 'victim@example.com' }] }
      const hour = 3_600_000
      const refused = [
        await send(body, OTHER_SECRET),
        await send(body, SECRET, new Date(Date.now() - hour)),
        await send(body, SECRET, new Date(Date.now() + hour)),
        await server.post(`${BOUNCES}/custom`, body),
        await server.anonymous
          .with(signCall(SECRET, { id: 'x', at: new Date(), body: '{}' }))
          .post(`${BOUNCES}/custom`, body),
        // As a server without a secret would compute it.
        await server.anonymous.with(signedByNothing(JSON.stringify(body))).post(`${BOUNCES}/custom`, body),
      ]
      expect(refused.map(({ status }) => status)).to.deep.equal(refused.map(() => 403))
      expect(await whyOf('victim@example.com')).to.equal(undefined)
    })
  })

  describe('by Mailgun', () => {
    const send = (event: object, { key = MAILGUN_KEY, at = Date.now() } = {}): Promise<Answer> => {
      const [timestamp, token] = [String(Math.floor(at / 1000)), 'f'.repeat(50)]
      const signature = createHmac('sha256', key)
        .update(timestamp + token)
        .digest('hex')
      return server.post(`${BOUNCES}/mailgun`, {
        signature: { timestamp, token, signature },
        'event-data': { id: 'x', timestamp: at / 1000, ...event },
      })
    }
    const failed = (recipient: string, status: object, more: object = {}) => ({
      event: 'failed',
      severity: 'permanent',
      reason: 'bounce',
      recipient,
      'delivery-status': status,
      ...more,
    })

    it('are judged by the words of the mail server behind', async () => {
      await send(failed('m1@example.com', { code: 550, 'enhanced-code': '5.1.1', message: 'No such user' }))
      await send(failed('m2@example.com', { code: 550, 'enhanced-code': '5.7.1', message: 'Blocked' }))
      await send(
        failed('m3@example.com', { code: 605, message: 'Not delivering' }, { reason: 'suppress-bounce' }),
      )
      await send({ event: 'complained', recipient: 'm4@example.com' })
      await send({ ...failed('m5@example.com', { code: 452 }), severity: 'temporary' })
      const reasons = await Promise.all(
        ['m1', 'm2', 'm3', 'm4', 'm5'].map((name) => whyOf(`${name}@example.com`)),
      )
      expect(reasons).to.deep.equal(['hard_bounce', undefined, 'hard_bounce', 'complaint', undefined])
    })

    it('find the delivery by the Message-ID', async () => {
      const deliveryId = newId()
      const id = `${referenceOf(deliveryId, 'm6@example.com')}@acme.example`
      await send({
        event: 'delivered',
        recipient: 'm6@example.com',
        message: { headers: { 'message-id': id } },
      })
      expect(await reported(deliveryId)).to.have.length(1)
    })

    it('may be about clicks, which say nothing', async () => {
      expect((await send({ event: 'clicked', recipient: 'm7@example.com' })).body).to.deep.equal({
        taken: 0,
        ignored: 1,
      })
    })

    it('are refused under another key, or from long ago', async () => {
      const event = failed('m8@example.com', { code: 550, 'enhanced-code': '5.1.1' })
      expect((await send(event, { key: 'another' })).status).to.equal(403)
      expect((await send(event, { key: '' })).status).to.equal(403)
      expect((await send(event, { at: Date.now() - 48 * 3_600_000 })).status).to.equal(403)
      expect(await whyOf('m8@example.com')).to.equal(undefined)
    })
  })

  describe('by Amazon SES', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const CERTIFICATE = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-test.pem'
    /** Addresses that were fetched from Amazon. */
    const fetched: string[] = []

    const amazon = (): Resources => {
      const fetch = async (url: string | URL) => {
        fetched.push(String(url))
        return { ok: true, text: () => pem }
      }
      return {
        ...server.resources,
        fetch: { ...server.resources.fetch, fetch } as unknown as Resources['fetch'],
      }
    }
    const envelope = (message: object | string, more: Record<string, string> = {}) => {
      const fields: Record<string, string> & { Message: string } = {
        Type: 'Notification',
        MessageId: newId(),
        TopicArn: TOPIC,
        Message: typeof message === 'string' ? message : JSON.stringify(message),
        Timestamp: new Date().toISOString(),
        SignatureVersion: '2',
        SigningCertURL: CERTIFICATE,
        ...more,
      }
      const signed = [
        'Message',
        'MessageId',
        'Subject',
        'SubscribeURL',
        'Timestamp',
        'Token',
        'TopicArn',
        'Type',
      ]
        .filter((name) => fields[name] !== undefined)
        .map((name) => `${name}\n${fields[name]}\n`)
      const digest = fields.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1'
      return { ...fields, Signature: createSign(digest).update(signed.join('')).sign(privateKey, 'base64') }
    }
    const take = (body: object) => takeSes(ctxOf(amazon()), Buffer.from(JSON.stringify(body)))
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'taken',
        (error: { code?: string }) => error.code,
      )
    const bounceOf = (emailAddress: string, bounceType = 'Permanent', source?: string) => ({
      notificationType: 'Bounce',
      mail: { source, headers: [{ name: 'Subject', value: 'x' }] },
      bounce: {
        bounceType,
        bouncedRecipients: [{ emailAddress, status: '5.1.1', diagnosticCode: 'smtp; 550' }],
      },
    })

    it('suppress what is permanent or complained of, and tell the delivery by its envelope sender', async () => {
      const deliveryId = newId()
      const source = `${referenceOf(deliveryId, 's1@example.com')}@bounces.acme.example`
      expect(await take(envelope(bounceOf('s1@example.com', 'Permanent', source)))).to.deep.equal({
        taken: 1,
        ignored: 0,
      })
      expect(await listed('s1@example.com')).to.deep.equal(['tenant'])
      expect(await reported(deliveryId)).to.have.length(1)
      await take(envelope(bounceOf('s2@example.com', 'Transient'), { SignatureVersion: '1' }))
      await take(
        envelope({
          eventType: 'Complaint',
          mail: {},
          complaint: { complainedRecipients: [{ emailAddress: 's3@example.com' }] },
        }),
      )
      expect(await whyOf('s2@example.com')).to.equal(undefined)
      expect(await whyOf('s3@example.com')).to.equal('complaint')
    })

    it('confirm the subscription of the one topic, at Amazon only', async () => {
      const confirmation = (SubscribeURL: string) =>
        envelope('You have chosen to subscribe', {
          Type: 'SubscriptionConfirmation',
          Token: 't',
          SubscribeURL,
        })
      const url = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t'
      expect(await take(confirmation(url))).to.deep.equal({ taken: 1, ignored: 0 })
      expect(fetched.at(-1)).to.equal(url)
      const before = fetched.length
      for (const elsewhere of [
        'https://169.254.169.254/',
        'https://sns.eu-west-1.amazonaws.com.evil.example/x',
      ]) {
        expect(await codeOf(take(confirmation(elsewhere)))).to.equal('notifications.signature_refused')
      }
      expect(fetched).to.have.length(before)
    })

    it('are refused from another topic, with another certificate, or when a word was changed', async () => {
      const good = envelope(bounceOf('s4@example.com'))
      for (const forged of [
        envelope(bounceOf('s4@example.com'), { TopicArn: 'arn:aws:sns:eu-west-1:666666666666:bounces' }),
        envelope(bounceOf('s4@example.com'), { SigningCertURL: 'https://evil.example/cert.pem' }),
        envelope(bounceOf('s4@example.com'), {
          SigningCertURL: 'http://sns.eu-west-1.amazonaws.com/cert.pem',
        }),
        envelope(bounceOf('s4@example.com'), {
          SigningCertURL: 'https://sns.eu-west-1.amazonaws.com:8443/c.pem',
        }),
        envelope(bounceOf('s4@example.com'), {
          SigningCertURL: 'https://evil.example#sns.eu-west-1.amazonaws.com',
        }),
        { ...good, Message: good.Message.replace('s4@', 's5@') },
        { ...good, Signature: 'AAAA' },
      ]) {
        expect(await codeOf(take(forged))).to.equal('notifications.signature_refused')
      }
      expect(await whyOf('s4@example.com')).to.equal(undefined)
      expect(fetched.filter((url) => !url.startsWith('https://sns.eu-west-1.amazonaws.com/'))).to.deep.equal(
        [],
      )
    })

    it('fetch a certificate once', async () => {
      await take(envelope(bounceOf('s6@example.com')))
      const before = fetched.length
      await take(envelope(bounceOf('s6@example.com')))
      expect(fetched).to.have.length(before)
    })

    it('are no report when they are anything else', async () => {
      const res = await server.anonymous.post(`${BOUNCES}/ses`, 'junk')
      expect([res.status, res.body.code]).to.deep.equal([422, 'notifications.report_unreadable'])
      expect(await take(envelope('not json'))).to.deep.equal({ taken: 0, ignored: 1 })
      expect(await take(envelope({ eventType: 'Open', mail: {} }))).to.deep.equal({ taken: 0, ignored: 1 })
    })
  })

  describe('handed in by a mail server', () => {
    const bounce = (to: string, recipient: string, status = '5.1.1') =>
      [
        `To: ${to}`,
        'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
        '',
        '--b',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; mx.example.com',
        '',
        `Final-Recipient: rfc822; ${recipient}`,
        'Action: failed',
        `Status: ${status}`,
        '',
        '--b--',
        '',
      ].join('\r\n')
    const handIn = (body: string, who = server.operator, query = '') =>
      who.call('POST', `${BOUNCES}/report${query}`, { headers: { 'content-type': 'message/rfc822' }, body })

    it('suppress the very address that the message they name went to', async () => {
      const deliveryId = newId()
      const sender = `${referenceOf(deliveryId, 'v1@example.com')}@bounces.acme.example`
      expect((await handIn(bounce(sender, 'V1@example.com'))).body).to.deep.equal({ taken: 1, ignored: 0 })
      expect(await listed('v1@example.com')).to.deep.equal(['tenant'])
      expect(await reported(deliveryId)).to.deep.equal([
        {
          tenant_id: admin.tenant.id,
          payload: { channel: 'email', outcome: 'bounced', provider: 'mail-server', code: '5.1.1' },
        },
      ])
      const other = newId()
      const elsewhere = `?recipient=${referenceOf(other, 'v2@example.com')}%40bounces.acme.example`
      await handIn(bounce('postmaster@acme.example', 'v2@example.com'), server.operator, elsewhere)
      expect(await reported(other)).to.have.length(1)
    })

    it('suppress nobody else, whoever knows a message of theirs', async () => {
      const mine = referenceOf(newId(), 'eve@example.com')
      const forged = [
        bounce(`${mine}@bounces.acme.example`, 'victim@example.com'),
        bounce(`${'a'.repeat(63)}@bounces.acme.example`, 'victim@example.com'),
        bounce('no-reply@acme.example', 'victim@example.com'),
      ]
      for (const body of forged) expect((await handIn(body)).body).to.deep.equal({ taken: 0, ignored: 1 })
      expect(await listed('victim@example.com')).to.deep.equal([])
    })

    it('need the operator, or a token of the operator’s that can do nothing else', async () => {
      const body = bounce('x@acme.example', 'x@example.com')
      expect((await handIn(body, server.anonymous)).status).to.equal(401)
      expect((await handIn(body, admin.api)).status).to.equal(403)
      const { api } = await buildStaff(server, 'super_admin')
      const narrow = await api.post('/auth/v1/tokens', { name: 'mx', scopes: ['bounces:write'] })
      const mx = server.as(narrow.body.token ?? narrow.body.access_token)
      expect((await handIn(body, mx)).status).to.equal(200)
      expect((await mx.get('/notifications/v1/installation/suppressions')).status).to.equal(403)
    })

    it('are refused as any other mail or type', async () => {
      expect((await handIn('Subject: Out of office\r\n\r\nAway.')).body.code).to.equal(
        'notifications.report_unreadable',
      )
      expect((await server.operator.post(`${BOUNCES}/report`, {})).status).to.equal(415)
    })
  })
})

describe('bounces without a secret', () => {
  const server = useServer()

  it('are taken from nobody, whatever they are signed with', async () => {
    const body = JSON.stringify({ events: [{ type: 'complaint', address: 'victim@example.com' }] })
    for (const signed of [signedByNothing(body), signCall(SECRET, { id: 'x', at: new Date(), body })]) {
      expect((await server.anonymous.with(signed).post(`${BOUNCES}/custom`, body)).status).to.equal(404)
    }
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', '').update(`${timestamp}t`).digest('hex')
    const mailgun = {
      signature: { timestamp, token: 't', signature },
      'event-data': { event: 'complained', recipient: 'victim@example.com' },
    }
    expect((await server.post(`${BOUNCES}/mailgun`, mailgun)).status).to.equal(404)
    expect((await server.post(`${BOUNCES}/ses`, { TopicArn: TOPIC })).status).to.equal(404)
    expect(
      (await server.operator.get('/notifications/v1/installation/suppressions')).body.data,
    ).to.deep.equal([])
  })
})
