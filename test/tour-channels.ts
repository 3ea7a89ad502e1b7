import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { expect } from 'chai'
import { newId } from '../server/kernel/ids.js'
import { makeReference } from '../server/outbound/delivery-reference.js'
import { snsCertificates } from '../server/services/notifications/operations/take-ses.js'
import { unsubscribeUrl } from '../server/services/notifications/operations/unsubscribe.js'
import { signCall } from '../server/services/notifications/rules/signed-call.js'
import { buildMember } from './build.js'
import type { Answer } from './caller.js'
import type { TestServer } from './server.js'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const KEY = 'a signing key'
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:bounces'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** Settings without which the routes that providers call do not exist. */
export const CHANNEL_SECRETS = {
  BOUNCE_SECRET: SECRET,
  BOUNCE_MAILGUN_KEY: KEY,
  BOUNCE_SES_TOPIC: TOPIC,
  SMS_TWILIO_TOKEN: KEY,
  SMS_HTTP_SECRET: SECRET,
}

/** Gets a success from every operation of suppressions, links, push and reports. */
export async function tourChannels(server: TestServer): Promise<void> {
  const admin = await buildMember(server)
  for (const [caller, path] of [
    [admin.api, '/notifications/v1/suppressions'],
    [server.operator, '/notifications/v1/installation/suppressions'],
  ] as const) {
    const { body } = await ok(caller.post(path, { channel: 'sms', address: '+15550100001' }))
    await ok(caller.get(path))
    await ok(caller.get(`${path}/${body.id}`))
    await ok(caller.delete(`${path}/${body.id}`))
  }
  await ok(server.get('/notifications/v1/push/public-key'))
  await tourLink(server)
  await tourBounces(server)
  await tourSmsReports(server, admin.tenant.id)
}

async function tourLink(server: TestServer): Promise<void> {
  const link = { tenantId: null, recipient: newId(), category: 'news' }
  const path = new URL(unsubscribeUrl(server.resources, link)).pathname
  await ok(server.get(path))
  await ok(server.anonymous.call('POST', path, { headers: FORM, body: 'List-Unsubscribe=One-Click' }))
}

async function tourBounces(server: TestServer): Promise<void> {
  const path = '/notifications/v1/bounces'
  await ok(signedPost(server, `${path}/custom`, { events: [{ type: 'deferral', address: 'a@example.com' }] }))

  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', KEY).update(`${timestamp}t`).digest('hex')
  const event = { event: 'delivered', recipient: 'a@example.com' }
  await ok(
    server.post(`${path}/mailgun`, { signature: { timestamp, token: 't', signature }, 'event-data': event }),
  )

  const report = [
    ...['Content-Type: multipart/report; boundary=b', '', '--b', 'Content-Type: message/delivery-status', ''],
    ...[
      'Reporting-MTA: dns; x',
      '',
      'Final-Recipient: rfc822; a@example.com',
      'Action: delayed',
      '',
      '--b--',
    ],
  ].join('\n')
  const headers = { 'content-type': 'message/rfc822' }
  await ok(server.operator.call('POST', `${path}/report`, { headers, body: report }))
  await ok(server.post(`${path}/ses`, snsNotification(server)))
}

/** A notification signed by a key that this server takes for Amazon's. */
function snsNotification(server: TestServer): Record<string, string> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const url = 'https://sns.eu-west-1.amazonaws.com/tour.pem'
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  server.resources.states.get(snsCertificates, server.resources).set(url, pem)
  const fields = {
    Message: '{}',
    MessageId: newId(),
    Timestamp: 'now',
    TopicArn: TOPIC,
    Type: 'Notification',
  }
  const text = Object.entries(fields).map(([name, value]) => `${name}\n${value}\n`)
  const Signature = sign('sha256', Buffer.from(text.join('')), privateKey).toString('base64')
  return { ...fields, SignatureVersion: '2', SigningCertURL: url, Signature }
}

async function tourSmsReports(server: TestServer, tenantId: string): Promise<void> {
  const path = '/notifications/v1/sms/status'
  const to = '+15550100001'
  const key = server.resources.secrets.key('delivery-reference')
  const reference = makeReference(key, { tenantId, deliveryId: newId() }, to)
  await ok(signedPost(server, `${path}/http`, { reference, to, status: 'delivered' }))

  const signed = `http://vetrai.test${path}/twilio?reference=${reference}MessageStatusdeliveredTo${to}`
  const signature = createHmac('sha1', KEY).update(signed).digest('base64')
  await ok(
    server.anonymous
      .with({ 'x-twilio-signature': signature })
      .call('POST', `${path}/twilio?reference=${reference}`, {
        headers: FORM,
        body: new URLSearchParams({ MessageStatus: 'delivered', To: to }).toString(),
      }),
  )
}

function signedPost(server: TestServer, path: string, value: object): Promise<Answer> {
  const body = JSON.stringify(value)
  return server.anonymous.with(signCall(SECRET, { id: newId(), at: new Date(), body })).post(path, body)
}

async function ok(answer: Promise<Answer>): Promise<Answer> {
  const result = await answer
  expect(result.status, result.text).to.be.within(200, 299)
  return result
}
