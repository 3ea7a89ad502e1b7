import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { newId } from '../../kernel/ids.js'
import { makeReference } from '../../outbound/delivery-reference.js'
import { signCall } from './rules/signed-call.js'

const TOKEN = 'twilio-auth-token-canary'
const SECRET = `whsec_${Buffer.alloc(32, 4).toString('base64')}`
const STATUS = '/notifications/v1/sms/status'
const PHONE = '+4915123456789'

describe('reports of text messages', () => {
  const server = useServer({ settings: { SMS_TWILIO_TOKEN: TOKEN, SMS_HTTP_SECRET: SECRET } })
  let admin: BuiltUser
  before(async () => {
    admin = await buildMember(server)
  })

  const referenceOf = (deliveryId: string, phone = PHONE) =>
    makeReference(
      server.resources.secrets.key('delivery-reference'),
      { tenantId: admin.tenant.id, deliveryId },
      phone,
    )
  const isListed = async (phone: string) => {
    const query = `?channel=sms&address=${encodeURIComponent(phone)}`
    const { body } = await admin.api.get(`/notifications/v1/suppressions${query}`)
    return body.data[0]?.reason
  }
  const reported = async (deliveryId: string): Promise<string[]> => {
    const { rows } = await asAdmin(
      await stores(),
      `select payload->>'outcome' as outcome, payload->>'code' as code from outbox
        where name = 'notifications.delivery.reported' and payload->>'deliveryId' = '${deliveryId}' order by id`,
      server.databaseName,
    )
    return rows.map(({ outcome, code }: { outcome: string; code: string | null }) =>
      [outcome, code].join(' ').trim(),
    )
  }

  describe('by Twilio', () => {
    const call = (reference: string, fields: [string, string][], token = TOKEN) => {
      const url = `http://vetrai.test${STATUS}/twilio?reference=${reference}`
      // As Twilio documents it: the address and every field, in the order of their names.
      const text =
        url +
        [...fields]
          .sort()
          .map((field) => field.join(''))
          .join('')
      const signature = createHmac('sha1', token).update(text).digest('base64')
      return server.anonymous
        .with({ 'x-twilio-signature': signature })
        .call('POST', `${STATUS}/twilio?reference=${reference}`, {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(fields).toString(),
        })
    }
    const fieldsOf = (MessageStatus: string, more: Record<string, string> = {}): [string, string][] =>
      Object.entries({
        MessageSid: 'SM1',
        AccountSid: 'AC1',
        To: PHONE,
        From: '+15550100',
        MessageStatus,
        ...more,
      })

    it('tell the delivery what became of it', async () => {
      const deliveryId = newId()
      const reference = referenceOf(deliveryId)
      for (const status of ['queued', 'sent', 'delivered']) {
        expect((await call(reference, fieldsOf(status))).status).to.equal(204)
      }
      await call(reference, fieldsOf('undelivered', { ErrorCode: '30008' }))
      expect(await reported(deliveryId)).to.deep.equal(['delivered', 'bounced 30008'])
      expect(await isListed(PHONE)).to.equal(undefined)
    })

    it('suppress a number that is unknown or a landline, and one that opted out', async () => {
      for (const [phone, ErrorCode, reason] of [
        ['+4915100000001', '30005', 'invalid'],
        ['+4915100000002', '30006', 'invalid'],
        ['+4915100000003', '21610', 'complaint'],
      ] as const) {
        await call(referenceOf(newId(), phone), fieldsOf('failed', { To: phone, ErrorCode }))
        expect(await isListed(phone), ErrorCode).to.equal(reason)
      }
    })

    it('are refused without the signature of these very fields at this very address', async () => {
      const deliveryId = newId()
      const reference = referenceOf(deliveryId)
      const fields = fieldsOf('failed', { ErrorCode: '30005' })
      expect((await call(reference, fields, 'another token')).status).to.equal(403)
      expect((await call(reference, fields, '')).status).to.equal(403)
      const plain = await server.anonymous.form(
        `${STATUS}/twilio?reference=${reference}`,
        Object.fromEntries(fields),
      )
      expect(plain.status).to.equal(403)
      const url = `http://vetrai.test${STATUS}/twilio?reference=${referenceOf(newId())}`
      const signature = createHmac('sha1', TOKEN)
        .update(
          url +
            [...fields]
              .sort()
              .map((field) => field.join(''))
              .join(''),
        )
        .digest('base64')
      const moved = await server.anonymous
        .with({ 'x-twilio-signature': signature })
        .call('POST', `${STATUS}/twilio?reference=${reference}`, {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(fields).toString(),
        })
      expect(moved.status).to.equal(403)
      expect(await reported(deliveryId)).to.deep.equal([])
      expect(await isListed(PHONE)).to.equal(undefined)
    })

    it('count for the number that the message went to, and no other', async () => {
      const deliveryId = newId()
      const other = '+4915100000009'
      const fields = fieldsOf('failed', { To: other, ErrorCode: '30005' })
      expect((await call(referenceOf(deliveryId), fields)).status).to.equal(204)
      expect(await isListed(other)).to.equal(undefined)
      expect(await reported(deliveryId)).to.deep.equal([])
    })
  })

  describe('by a gateway of the operator’s own', () => {
    const send = (report: object, secret = SECRET) => {
      const body = JSON.stringify(report)
      return server.anonymous
        .with(signCall(secret, { id: newId(), at: new Date(), body }))
        .post(`${STATUS}/http`, body)
    }

    it('tell the delivery and suppress by its reason', async () => {
      const deliveryId = newId()
      const to = '+4915100000011'
      const reference = referenceOf(deliveryId, to)
      expect((await send({ reference, to, status: 'deferred' })).status).to.equal(204)
      expect(
        (await send({ reference, to, status: 'failed', code: 'E1', reason: 'opted_out' })).status,
      ).to.equal(204)
      expect(await reported(deliveryId)).to.deep.equal(['deferred', 'bounced E1'])
      expect(await isListed(to)).to.equal('complaint')
    })

    it('are refused under another secret', async () => {
      const report = {
        reference: referenceOf(newId()),
        to: PHONE,
        status: 'failed',
        reason: 'invalid_number',
      }
      expect((await send(report, `whsec_${Buffer.alloc(32, 5).toString('base64')}`)).status).to.equal(403)
      expect((await server.post(`${STATUS}/http`, report)).status).to.equal(403)
      expect(await isListed(PHONE)).to.equal(undefined)
    })
  })
})

describe('reports of text messages without a secret', () => {
  const server = useServer()

  it('are taken from nobody', async () => {
    const body = JSON.stringify({ reference: 'x', to: PHONE, status: 'delivered' })
    const signed = signCall(SECRET, { id: 'x', at: new Date(), body })
    expect((await server.anonymous.with(signed).post(`${STATUS}/http`, body)).status).to.equal(404)
    const fields = { MessageStatus: 'delivered', To: PHONE }
    expect((await server.anonymous.form(`${STATUS}/twilio?reference=x`, fields)).status).to.equal(404)
  })
})
