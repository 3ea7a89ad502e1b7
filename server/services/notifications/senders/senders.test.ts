import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { figure } from '../../../../test/figures.js'
import { type HttpReceiver, receiveHttp } from '../../../../test/http-receiver.js'
import { startTwin, type TestServer, useServer } from '../../../../test/server.js'
import { receiveMail, refuseRecipients, type SmtpReceiver } from '../../../../test/smtp-receiver.js'
import { newId } from '../../../kernel/ids.js'
import { readReference } from '../../../outbound/delivery-reference.js'
import type { Outgoing, SendOutcome } from '../channel.js'
import { sendMessage } from './send-message.js'
import { sendersOf } from './senders.js'
import { takeTurn } from './take-turn.js'

const NEVER = new AbortController().signal
const TOKEN = 'twilio-auth-token-canary'
const SECRET = `whsec_${Buffer.from('http-gateway-secret-canary-32bytes').toString('base64')}`

const server = () => useServer()
type Stop = () => Promise<void>

/** Servers that a test starts beside the first, with settings of their own. */
function useTwins(first: TestServer) {
  const closers: Stop[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  return {
    keep: <T extends { stop: Stop }>(one: T): T => {
      closers.push(() => one.stop())
      return one
    },
    start: async (settings: Record<string, string>): Promise<TestServer> => {
      const { twin, stop } = await startTwin(first, { settings })
      closers.push(stop)
      return twin
    },
  }
}

describe('e-mail senders', () => {
  const first = server()
  const twins = useTwins(first)
  const mail = async (options?: Parameters<typeof receiveMail>[0]): Promise<SmtpReceiver> =>
    twins.keep(await receiveMail(options))
  const over = ({ port }: SmtpReceiver, more: Record<string, string> = {}) =>
    twins.start({
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(port),
      MAIL_FROM: 'Acme <hi@acme.example>',
      ...more,
    })
  const outgoing = (more: Partial<Outgoing> = {}): Outgoing => ({
    deliveryId: newId(),
    tenantId: newId(),
    destination: { channel: 'email', address: 'Ada@example.com' },
    content: { channel: 'email', subject: 'Your report', html: '<p>It is ready.</p>', text: 'It is ready.' },
    unsubscribeUrl: 'https://x.example/notifications/v1/unsubscribe/token',
    ...more,
  })
  const send = ({ resources }: TestServer, message: Outgoing): Promise<SendOutcome> =>
    sendMessage(resources, message, NEVER)

  it('carry the one-click headers, an envelope sender and a name of their own', async () => {
    const receiver = await mail()
    const twin = await over(receiver, { MAIL_BOUNCE_DOMAIN: 'bounces.acme.example' })
    const message = outgoing()
    const outcome = await send(twin, message)
    const [got] = receiver.received
    expect(got?.source).to.contain(
      'List-Unsubscribe: <https://x.example/notifications/v1/unsubscribe/token>\r\n',
    )
    expect(got?.source).to.contain('List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n')
    const [reference = '', domain] = got?.from.split('@') ?? []
    const key = twin.resources.secrets.key('delivery-reference')
    expect(readReference(key, reference, ['ada@example.com'])).to.include({
      tenantId: message.tenantId,
      deliveryId: message.deliveryId,
    })
    expect(domain).to.equal('bounces.acme.example')
    expect(outcome).to.deep.equal({
      status: 'sent',
      provider: 'smtp',
      providerMessageId: `<${reference}@acme.example>`,
      cost: null,
    })
  })

  it('carry no unsubscription where there is none', async () => {
    const receiver = await mail()
    await send(await over(receiver), outgoing({ unsubscribeUrl: null }))
    expect(receiver.received[0]?.source).not.to.match(/^List-Unsubscribe/im)
  })

  it('say what is dead, what may pass and what is only refused', async () => {
    const outcomes = []
    for (const reply of [
      '550 5.1.1 Unknown',
      '501 5.1.3 Syntax',
      '550 5.7.1 Blocked',
      '451 4.7.1 Greylisted',
    ]) {
      outcomes.push(await send(await over(await mail(refuseRecipients(reply))), outgoing()))
    }
    expect(
      outcomes.map((one) => one.status === 'failed' && [one.code, one.isRetryable, one.suppress]),
    ).to.deep.equal([
      ['mail_refused', false, 'hard_bounce'],
      ['mail_refused', false, 'invalid'],
      ['mail_refused', false, undefined],
      ['mail_deferred', true, undefined],
    ])
  })

  it('let no line break into the head, and know what is no address', async () => {
    const receiver = await mail()
    const twin = await over(receiver)
    const content = { channel: 'email', subject: 'Hi\r\nBcc: eve@example.com', html: '', text: 'x' } as const
    expect(await send(twin, outgoing({ content })))
      .to.include({ code: 'invalid_mail', isRetryable: false })
      .and.not.have.property('suppress')
    const destination = { channel: 'email', address: 'a@example.com\r\nBcc: eve@example.com' } as const
    expect(await send(twin, outgoing({ destination }))).to.include({
      code: 'invalid_mail',
      suppress: 'invalid',
    })
    const unsubscribeUrl = 'https://x.example/\r\nBcc: eve@example.com'
    expect(await send(twin, outgoing({ unsubscribeUrl }))).to.include({ code: 'invalid_mail' })
    expect(receiver.received).to.deep.equal([])
  })

  it('go on to the second server when the first is away, and tell of both', async () => {
    const [gone, second] = [await mail(), await mail()]
    const twin = await over(gone, {
      SMTP_FALLBACK_HOST: '127.0.0.1',
      SMTP_FALLBACK_PORT: String(second.port),
    })
    expect(sendersOf(twin.resources, 'email').map(({ provider }) => provider)).to.deep.equal([
      'smtp',
      'smtp-fallback',
    ])
    await gone.stop()
    const attempts: SendOutcome[] = []
    const outcome = await sendMessage(twin.resources, outgoing(), NEVER, (attempt) => attempts.push(attempt))
    expect(outcome).to.include({ status: 'sent', provider: 'smtp-fallback' })
    expect(attempts.map(({ provider, status }) => [provider, status])).to.deep.equal([
      ['smtp', 'failed'],
      ['smtp-fallback', 'sent'],
    ])
    const sends = (provider: string, result: string) =>
      figure(twin, 'vetrai_channel_send_duration_seconds_count', {
        ...{ channel: 'email', provider, outcome: result },
      })
    expect([await sends('smtp', 'unavailable'), await sends('smtp-fallback', 'sent')]).to.deep.equal([1, 1])
  })

  it('leave a dead provider alone for a while, and say when to come back if there is no other', async () => {
    const gone = await mail()
    const twin = await over(gone)
    let now = Date.now()
    twin.now = () => new Date(now)
    await gone.stop()
    const circuits = () => figure(twin, 'vetrai_channel_circuits_open', { channel: 'email' })
    for (let i = 0; i < 5; i += 1) {
      expect(await circuits()).to.equal(0)
      expect(await send(twin, outgoing())).to.include({ code: 'mail_unavailable' })
    }
    expect(await circuits()).to.equal(1)
    expect(await send(twin, outgoing())).to.include({
      code: 'providers_down',
      isRetryable: true,
      retryAfterMs: 30_000,
    })
    now += 30_000
    expect(await send(twin, outgoing())).to.include({ code: 'mail_unavailable' })
    expect(await send(twin, outgoing())).to.include({ code: 'providers_down' })
  })

  it('begin nothing once they are told to stop', async () => {
    const receiver = await mail()
    const twin = await over(receiver)
    const outcome = await sendMessage(twin.resources, outgoing(), AbortSignal.abort())
    expect(outcome).to.include({ status: 'failed', code: 'interrupted', isRetryable: true })
    expect(receiver.received).to.deep.equal([])
  })

  it('wait for their turn under the rate of the channel, all processes together', async () => {
    const twin = await twins.start({ MAIL_PER_MINUTE: '3' })
    const other = await twins.start({ MAIL_PER_MINUTE: '3' })
    const waits = await Promise.all(
      [twin, other, twin, other].map(({ resources }) => takeTurn(resources, 'email')),
    )
    expect(waits.filter((wait) => wait === 0)).to.have.length(3)
    expect(Math.max(...waits)).to.be.within(1_000, 60_000)
    expect(await takeTurn(first.resources, 'email'), 'no rate is set').to.equal(0)
  })
})

describe('senders of text messages', () => {
  const first = server()
  const twins = useTwins(first)
  let twilio: HttpReceiver
  let gateway: HttpReceiver
  beforeEach(async () => {
    twilio = twins.keep(
      await receiveHttp({ status: 201, body: { sid: 'SM1', num_segments: '1', price: null } }),
    )
    gateway = twins.keep(await receiveHttp({ status: 200, body: { id: 'g-1' } }))
  })

  const start = (providers: string, more: Record<string, string> = {}) =>
    twins.start({
      SMS_PROVIDERS: providers,
      SMS_TWILIO_URL: twilio.url,
      SMS_TWILIO_ACCOUNT: 'AC123',
      SMS_TWILIO_TOKEN: TOKEN,
      SMS_TWILIO_FROM: '+15550100',
      SMS_HTTP_URL: `${gateway.url}/sms`,
      SMS_HTTP_SECRET: SECRET,
      SMS_HTTP_FROM: 'Acme',
      SMS_SEGMENT_PRICE: '0.0079 USD',
      OUTBOUND_ALLOW: '127.0.0.1',
      ...more,
    })
  const outgoing = (text = 'Your code is 1234.', phone = '+49 151 23456789'): Outgoing => ({
    deliveryId: newId(),
    tenantId: newId(),
    destination: { channel: 'sms', phone },
    content: { channel: 'sms', text },
    unsubscribeUrl: null,
  })
  const send = ({ resources }: TestServer, message = outgoing()) => sendMessage(resources, message, NEVER)

  it('speak to Twilio as it wants, and name where to report to', async () => {
    const twin = await start('twilio')
    const message = outgoing('Grüße 😀')
    expect(await send(twin, message)).to.deep.equal({
      status: 'sent',
      provider: 'twilio',
      providerMessageId: 'SM1',
      cost: { micros: 7_900, currency: 'USD' },
    })
    const [call] = twilio.calls
    expect(call).to.include({ method: 'POST', path: '/2010-04-01/Accounts/AC123/Messages.json' })
    expect(call?.headers.authorization).to.equal(`Basic ${Buffer.from(`AC123:${TOKEN}`).toString('base64')}`)
    const form = new URLSearchParams(call?.body.toString())
    expect(form.get('To')).to.equal('+4915123456789')
    expect([form.get('From'), form.get('Body')]).to.deep.equal(['+15550100', 'Grüße 😀'])
    const callback = new URL(form.get('StatusCallback') ?? '')
    expect(callback.origin + callback.pathname).to.equal(
      'http://vetrai.test/notifications/v1/sms/status/twilio',
    )
    const key = twin.resources.secrets.key('delivery-reference')
    const reference = callback.searchParams.get('reference') ?? ''
    expect(readReference(key, reference, ['+4915123456789'])?.deliveryId).to.equal(message.deliveryId)
  })

  it('count what the provider says it costs, else segments by the operator’s price', async () => {
    const twin = await start('twilio', { SMS_TWILIO_FROM: `MG${'a'.repeat(32)}` })
    const costs = []
    for (const body of [
      { sid: 'SM1', num_segments: '3', price: '-0.02370', price_unit: 'EUR' },
      { sid: 'SM2', num_segments: '3', price: null, price_unit: 'USD' },
      { sid: 'SM3' },
      'no json at all',
    ]) {
      twilio.reply = { status: 201, body }
      const outcome = await send(twin, outgoing('x'.repeat(161)))
      costs.push(outcome.status === 'sent' && outcome.cost)
    }
    expect(costs).to.deep.equal([
      { micros: 23_700, currency: 'EUR' },
      { micros: 23_700, currency: 'USD' },
      { micros: 15_800, currency: 'USD' },
      { micros: 15_800, currency: 'USD' },
    ])
    const form = new URLSearchParams(twilio.calls[0]?.body.toString())
    expect([form.get('From'), form.get('MessagingServiceSid')]).to.deep.equal([null, `MG${'a'.repeat(32)}`])
  })

  for (const [status, code, expected] of [
    [400, 21610, { code: 'opted_out', isRetryable: false, suppress: 'complaint' }],
    [400, 21211, { code: 'invalid_number', isRetryable: false, suppress: 'invalid' }],
    [400, 21614, { code: 'invalid_number', isRetryable: false, suppress: 'invalid' }],
    [400, 21408, { code: 'sms_refused', isRetryable: false }],
    [401, 20003, { code: 'sms_unavailable', isRetryable: true }],
    [404, 20404, { code: 'sms_unavailable', isRetryable: true }],
    [307, 0, { code: 'sms_unavailable', isRetryable: true }],
    [429, 20429, { code: 'sms_throttled', isRetryable: true, retryAfterMs: 9_000 }],
    [503, 20500, { code: 'sms_unavailable', isRetryable: true, retryAfterMs: 9_000 }],
  ] as const) {
    it(`take Twilio’s ${status} with ${code} for ${expected.code}`, async () => {
      const twin = await start('twilio')
      const headers = { 'retry-after': '9', location: gateway.url }
      twilio.reply = { status, headers, body: { code, message: 'words', status } }
      const outcome = await send(twin)
      expect(outcome).to.deep.include({ status: 'failed', provider: 'twilio', ...expected })
      if (!('suppress' in expected)) expect(outcome).not.to.have.property('suppress')
      expect(gateway.calls, 'the token follows no redirect').to.deep.equal([])
    })
  }

  it('post signed JSON to a gateway of the operator’s own, once for all repeats', async () => {
    const twin = await start('http')
    gateway.reply = {
      status: 200,
      body: { id: 'g-1', segments: 2, price: { amount: '0.05', currency: 'EUR' } },
    }
    const message = outgoing('Grüße 😀')
    expect(await send(twin, message)).to.deep.equal({
      status: 'sent',
      provider: 'http',
      providerMessageId: 'g-1',
      cost: { micros: 50_000, currency: 'EUR' },
    })
    await send(twin, message)
    const [call, again] = gateway.calls
    const body = new Webhook(SECRET).verify(call?.body ?? '', call?.headers as Record<string, string>)
    expect(body).to.include({
      id: message.deliveryId,
      to: '+4915123456789',
      from: 'Acme',
      text: 'Grüße 😀',
      segments: 1,
    })
    expect(call?.headers['webhook-id']).to.equal(message.deliveryId)
    expect(again?.headers['webhook-id']).to.equal(message.deliveryId)
    expect(again?.body.toString()).to.equal(call?.body.toString())
  })

  it('understand what a gateway of the operator’s own refuses', async () => {
    const twin = await start('http')
    const outcomes = []
    for (const reply of [
      { status: 422, body: { reason: 'opted_out' } },
      { status: 422, body: { reason: 'invalid_number', code: 'E7' } },
      { status: 422, body: { code: 'E8' } },
      { status: 403 },
      { status: 500 },
    ]) {
      gateway.reply = reply
      const outcome = await send(twin)
      outcomes.push(outcome.status === 'failed' && [outcome.code, outcome.isRetryable, outcome.suppress])
    }
    expect(outcomes).to.deep.equal([
      ['opted_out', false, 'complaint'],
      ['invalid_number', false, 'invalid'],
      ['sms_refused', false, undefined],
      ['sms_unavailable', true, undefined],
      ['sms_unavailable', true, undefined],
    ])
  })

  it('go on to the next provider in order, not after a refusal for good', async () => {
    const twin = await start('twilio,http')
    twilio.reply = 'drop'
    expect(await send(twin)).to.include({ status: 'sent', provider: 'http' })
    twilio.reply = { status: 400, body: { code: 21610 } }
    expect(await send(twin)).to.include({ status: 'failed', provider: 'twilio', code: 'opted_out' })
    expect(gateway.calls).to.have.length(1)
    const turned = await start('http,twilio')
    expect(await send(turned)).to.include({ status: 'sent', provider: 'http' })
  })

  it('ask a dead provider no more than a few times', async () => {
    const twin = await start('twilio,http')
    twilio.reply = { status: 503 }
    for (let i = 0; i < 9; i += 1) expect(await send(twin)).to.include({ provider: 'http' })
    expect(twilio.calls).to.have.length(5)
    expect(gateway.calls).to.have.length(9)
  })

  it('send nothing to what is no number, nor a text that is empty or too long', async () => {
    const twin = await start('twilio')
    for (const phone of [
      '0151 2345678',
      '+0151234567',
      '+49',
      '+4915123456789012',
      'ada@example.com',
      '+49151\r\n2345',
    ])
      expect(await send(twin, outgoing('x', phone)), phone).to.include({
        code: 'invalid_number',
        suppress: 'invalid',
      })
    for (const text of [' ', 'x'.repeat(1_601)])
      expect(await send(twin, outgoing(text))).to.include({ code: 'invalid_text', isRetryable: false })
    expect(twilio.calls).to.deep.equal([])
  })

  it('end when they are told to, without calling the provider down', async () => {
    const twin = await start('twilio')
    twilio.reply = 'hang'
    for (let i = 0; i < 6; i += 1) {
      const outcome = await sendMessage(twin.resources, outgoing(), AbortSignal.timeout(30))
      expect(outcome).to.include({ code: 'sms_unavailable', isRetryable: true })
    }
    twilio.reply = { status: 201, body: { sid: 'SM9' } }
    expect(await send(twin)).to.include({ status: 'sent' })
  })

  it('keep tokens, secrets, numbers and texts out of logs and outcomes', async () => {
    const twin = await start('twilio,http')
    const outcomes: SendOutcome[] = []
    for (const reply of [
      { status: 401, body: { code: 20003, message: TOKEN } },
      { status: 500 },
      'drop',
    ] as const) {
      twilio.reply = reply
      gateway.reply = reply
      const message = outgoing('text-canary-123456', '+4915199999999')
      await sendMessage(twin.resources, message, NEVER, (attempt) => outcomes.push(attempt))
    }
    expect(outcomes).to.have.length(6)
    const said = twin.logs.join('') + JSON.stringify(outcomes)
    for (const secret of [TOKEN, SECRET, SECRET.slice(6), 'text-canary', '15199999999']) {
      expect(said.includes(secret), `${secret.slice(0, 12)}… was said`).to.equal(false)
    }
  })

  it('are none where none is set, and stop the start where one lacks a setting', async () => {
    expect(await send(first)).to.include({ code: 'channel_not_configured', isRetryable: false })
    const failure = await startTwin(first, { settings: { SMS_PROVIDERS: 'twilio' } }).then(
      () => 'started',
      (error: Error) => error.message,
    )
    expect(failure).to.contain('SMS_TWILIO_TOKEN')
  })
})
