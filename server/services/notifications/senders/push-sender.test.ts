import { createECDH } from 'node:crypto'
import { expect } from 'chai'
import { Browser, readVapid } from '../../../../test/browser.js'
import { HOOKS_CERTIFICATE, HOOKS_KEY } from '../../../../test/hooks-certificate.js'
import { type HttpReceiver, receiveHttp } from '../../../../test/http-receiver.js'
import { startTwin, useServer } from '../../../../test/server.js'
import { asAdmin, stores } from '../../../../test/stores.js'
import { backgroundContext } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Resources } from '../../../kernel/resources.js'
import { createSafeFetch, type SafeFetchOptions } from '../../../outbound/safe-fetch.js'
import type { Outgoing, SendOutcome } from '../channel.js'
import { checkSubscription } from '../operations/push.js'
import { PUSH_PAYLOAD_MAX, pushSender } from './push-sender.js'
import { loadVapidKeys, vapidOfSettings } from './vapid.js'

const NEVER = new AbortController().signal

describe('push messages', () => {
  const server = useServer({ settings: { MAIL_FROM: 'Acme <ops@acme.example>', PUSH_TTL_S: '3600' } })
  let service: HttpReceiver
  let browser: Browser

  before(async () => {
    service = await receiveHttp({ status: 201 }, { key: HOOKS_KEY, cert: HOOKS_CERTIFICATE })
  })
  after(() => service.stop())
  beforeEach(() => {
    service.calls.length = 0
    service.reply = { status: 201, headers: { location: 'https://hooks.example/message/1' } }
    browser = new Browser(`https://hooks.example:${service.port}/push/device-1`)
  })

  const withFetch = (options: SafeFetchOptions): Resources => ({
    ...server.resources,
    fetch: createSafeFetch({
      ca: [HOOKS_CERTIFICATE],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      ...options,
    }),
  })
  const outgoingTo = (
    subscription: { endpoint: string; p256dh: string; auth: string },
    more: Partial<Outgoing> = {},
  ): Outgoing => ({
    deliveryId: newId(),
    tenantId: newId(),
    destination: { channel: 'push', subscription },
    content: {
      channel: 'push',
      title: 'Grüße',
      body: 'Your report is ready.',
      url: 'https://app.example/r/1',
    },
    unsubscribeUrl: 'https://x.example/u',
    ...more,
  })
  const send = (
    outgoing: Outgoing,
    options: SafeFetchOptions = { allow: ['127.0.0.1'] },
  ): Promise<SendOutcome> => pushSender(withFetch(options)).send(outgoing, NEVER)

  it('can be read by the device they are for, and by nobody else', async () => {
    const outgoing = outgoingTo(browser.subscription)
    expect(await send(outgoing)).to.deep.equal({
      status: 'sent',
      provider: 'web-push',
      providerMessageId: 'https://hooks.example/message/1',
      cost: null,
    })
    const [call] = service.calls
    expect(call).to.include({ method: 'POST', path: '/push/device-1' })
    expect(call?.headers).to.include({ 'content-encoding': 'aes128gcm', ttl: '3600', urgency: 'normal' })
    expect(call?.headers.topic).to.match(/^[\w-]{22}$/)
    expect(call?.body.toString('latin1')).not.to.contain('report')
    expect(JSON.parse(browser.decrypt(call?.body ?? Buffer.alloc(0)))).to.deep.equal({
      id: outgoing.deliveryId,
      title: 'Grüße',
      body: 'Your report is ready.',
      url: 'https://app.example/r/1',
    })
    const stranger = new Browser(browser.endpoint)
    expect(() => stranger.decrypt(call?.body ?? Buffer.alloc(0))).to.throw()
  })

  it('are signed with the key that browsers subscribe with', async () => {
    await send(outgoingTo(browser.subscription))
    const vapid = readVapid(service.calls[0]?.headers.authorization ?? '')
    const { body } = await server.get('/notifications/v1/push/public-key')
    expect(vapid?.key).to.equal(body.public_key)
    expect(vapid?.claims).to.include({
      aud: `https://hooks.example:${service.port}`,
      sub: 'mailto:ops@acme.example',
    })
    expect(Number(vapid?.claims.exp) - Date.now() / 1000).to.be.within(60, 86_400)
  })

  it('replace their own repeats, and hurry when they cannot be unsubscribed from', async () => {
    const outgoing = outgoingTo(browser.subscription, { unsubscribeUrl: null })
    await send(outgoing)
    await send(outgoing)
    await send(outgoingTo(browser.subscription))
    const [first, again, other] = service.calls.map(({ headers }) => headers)
    expect(again?.topic).to.equal(first?.topic)
    expect(other?.topic).not.to.equal(first?.topic)
    expect([first?.urgency, other?.urgency]).to.deep.equal(['high', 'normal'])
  })

  for (const [status, expected] of [
    [404, { code: 'push_gone', isRetryable: false, suppress: 'gone' }],
    [410, { code: 'push_gone', isRetryable: false, suppress: 'gone' }],
    [413, { code: 'push_too_large', isRetryable: false }],
    [400, { code: 'push_refused', isRetryable: false }],
    [403, { code: 'push_refused', isRetryable: false }],
    [302, { code: 'push_refused', isRetryable: false }],
    [429, { code: 'push_throttled', isRetryable: true, retryAfterMs: 7_000 }],
    [503, { code: 'push_unavailable', isRetryable: true, retryAfterMs: 7_000 }],
  ] as const) {
    it(`end as ${expected.code} by ${status}, which is not followed anywhere`, async () => {
      service.reply = {
        status,
        headers: { 'retry-after': '7', location: `https://hooks.example:${service.port}/elsewhere` },
      }
      const outcome = await send(outgoingTo(browser.subscription))
      expect(outcome).to.deep.include({ status: 'failed', provider: 'web-push', ...expected })
      if (!('suppress' in expected)) expect(outcome).not.to.have.property('suppress')
      expect(service.calls.map(({ path }) => path)).to.deep.equal(['/push/device-1'])
    })
  }

  it('wait for a push service that hangs up or cannot be reached', async () => {
    service.reply = 'drop'
    expect(await send(outgoingTo(browser.subscription))).to.include({
      code: 'push_unavailable',
      isRetryable: true,
    })
    const closed = await receiveHttp({ status: 201 })
    await closed.stop()
    const nowhere = new Browser(`https://hooks.example:${closed.port}/push`)
    expect(await send(outgoingTo(nowhere.subscription))).to.include({ code: 'push_unavailable' })
  })

  it('larger than push services take are not sent', async () => {
    const content = {
      channel: 'push',
      title: 'x',
      body: 'ü'.repeat(PUSH_PAYLOAD_MAX / 2),
      url: null,
    } as const
    expect(await send(outgoingTo(browser.subscription, { content }))).to.include({
      code: 'push_too_large',
      isRetryable: false,
    })
    expect(service.calls).to.deep.equal([])
  })

  it('go to no private address, when an endpoint leads to one', async () => {
    for (const endpoint of [
      'https://127.0.0.1/x',
      'https://[::1]/x',
      'https://[::ffff:127.0.0.1]/x',
      'https://0x7f.1/x',
      'https://169.254.169.254/latest/meta-data',
      'https://10.0.0.7/x',
      'https://localhost/x',
      'https://user:pass@hooks.example/x',
      // A name whose address changed since it was saved.
      browser.endpoint,
    ]) {
      const outcome = await send(outgoingTo({ ...browser.subscription, endpoint }), {})
      expect(outcome, endpoint).to.include({ status: 'failed', code: 'push_refused', isRetryable: false })
      expect(JSON.stringify(outcome), endpoint).not.to.match(/127\.0\.0\.1|"suppress"/)
    }
    expect(service.calls).to.deep.equal([])
  })

  it('need a subscription that a browser could have given', async () => {
    const good = browser.subscription
    for (const bad of [
      { ...good, endpoint: good.endpoint.replace('https', 'http') },
      { ...good, endpoint: 'nonsense' },
      { ...good, endpoint: 'https://android.googleapis.com/gcm/send/abc' },
      { ...good, p256dh: '' },
      { ...good, p256dh: Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url') },
      { ...good, auth: 'AAAA' },
    ]) {
      const outcome = await send(outgoingTo(bad))
      expect(outcome, JSON.stringify(bad)).to.include({ code: 'invalid_subscription', suppress: 'invalid' })
    }
    expect(service.calls).to.deep.equal([])
  })

  it('are refused an endpoint when it is saved', async () => {
    const codeOf = (subscription: typeof browser.subscription, options: SafeFetchOptions) =>
      checkSubscription(backgroundContext(withFetch(options), 'test'), subscription).then(
        () => 'kept',
        (error: { code?: string }) => error.code,
      )
    const at = (endpoint: string) => ({ ...browser.subscription, endpoint })
    const refused = 'notifications.subscription_refused'
    expect(await codeOf(browser.subscription, { allow: ['127.0.0.1'] })).to.equal('kept')
    expect(await codeOf(browser.subscription, {})).to.equal(refused)
    expect(await codeOf(at('https://169.254.169.254/x'), {})).to.equal(refused)
    expect(await codeOf(at('http://push.example/x'), {})).to.equal(refused)
    expect(await codeOf({ ...browser.subscription, auth: 'x' }, { allow: ['127.0.0.1'] })).to.equal(refused)
  })
})

describe('the key of push messages', () => {
  const server = useServer()

  it('is made once, by whichever of many processes asks first, and kept sealed', async () => {
    const { twin, stop } = await startTwin(server)
    const keys = await Promise.all(
      Array.from({ length: 20 }, (_, i) => loadVapidKeys(i % 2 ? twin.resources : server.resources)),
    )
    await stop()
    expect(new Set(keys.map(({ publicKey }) => publicKey)).size).to.equal(1)
    const [{ publicKey, privateKey } = { publicKey: '', privateKey: '' }] = keys
    const pair = createECDH('prime256v1')
    pair.setPrivateKey(privateKey, 'base64url')
    expect(pair.getPublicKey('base64url')).to.equal(publicKey)
    const { rows } = await asAdmin(
      await stores(),
      'select k::text as line from push_keys k',
      server.databaseName,
    )
    expect(rows).to.have.length(1)
    const [{ line } = { line: '' }] = rows as { line: string }[]
    expect(line).to.contain(publicKey).and.not.contain(privateKey)
    expect(line).not.to.contain(Buffer.from(privateKey, 'base64url').toString('hex'))
  })

  it('is that of the settings where they hold one', async () => {
    const pair = createECDH('prime256v1')
    const publicKey = pair.generateKeys('base64url')
    const settings = {
      PUSH_VAPID_PUBLIC_KEY: publicKey,
      PUSH_VAPID_PRIVATE_KEY: pair.getPrivateKey('base64url'),
    }
    const { twin, stop } = await startTwin(server, { settings })
    expect((await twin.get('/notifications/v1/push/public-key')).body).to.deep.equal({
      public_key: publicKey,
    })
    const halves = { ...twin.resources.config, PUSH_VAPID_PRIVATE_KEY: `${'A'.repeat(42)}E` }
    await stop()
    expect(() => vapidOfSettings(halves)).to.throw('not two halves of one pair')
    expect(() => vapidOfSettings({ ...halves, PUSH_VAPID_PRIVATE_KEY: undefined })).to.throw('not two halves')
  })
})
