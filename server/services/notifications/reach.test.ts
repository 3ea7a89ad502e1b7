import { expect } from 'chai'
import { Browser } from '../../../test/browser.js'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { HOOKS_CERTIFICATE, HOOKS_KEY } from '../../../test/hooks-certificate.js'
import { type HttpReceiver, receiveHttp } from '../../../test/http-receiver.js'
import { useServer } from '../../../test/server.js'
import { createSafeFetch } from '../../outbound/safe-fetch.js'
import { buildSubscriber, deliveriesOf, send, summary, V1, WORDS } from './test-support.js'

/** Delivery over the channels whose providers speak HTTP, to real servers that stand for other people's. */
describe('messages to phones and browsers', () => {
  const settings: Record<string, string> = {
    SMS_PROVIDERS: 'http',
    SMS_HTTP_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    SMS_HTTP_FROM: 'Acme',
    OUTBOUND_ALLOW: '127.0.0.1',
  }
  let gateway: HttpReceiver
  let pushService: HttpReceiver
  before(async () => {
    gateway = await receiveHttp({ status: 200, body: { id: 'sms-1' } })
    pushService = await receiveHttp({ status: 201 }, { key: HOOKS_KEY, cert: HOOKS_CERTIFICATE })
    settings.SMS_HTTP_URL = `http://127.0.0.1:${gateway.port}/sms`
  })
  after(() => Promise.all([gateway.stop(), pushService.stop()]))

  describe('by their providers', () => {
    const server = useServer({ settings })
    let admin: BuiltUser

    before(async () => {
      admin = await buildMember(server)
      // The name leads to loopback here, which the operator opened.
      const client = createSafeFetch({
        ca: [HOOKS_CERTIFICATE],
        allow: ['127.0.0.1'],
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      })
      Object.assign(server.resources.fetch, client)
    })
    beforeEach(() => {
      gateway.calls.length = 0
      pushService.calls.length = 0
      pushService.reply = { status: 201 }
    })

    const subscribe = async (reader: { api: BuiltUser['api'] }, device: string) => {
      const browser = new Browser(`https://hooks.example:${pushService.port}/push/${device}`)
      const { endpoint, p256dh, auth } = browser.subscription
      const res = await reader.api.post(`${V1}/push/subscriptions`, { endpoint, keys: { p256dh, auth } })
      expect(res.status, res.text).to.equal(201)
      return browser
    }

    it('go to the phone where the sender asks for it, and cost nothing where nobody does', async () => {
      const ana = await buildSubscriber(server, admin, { phone: '+4915123456789' })
      const to = { external_id: ana.externalId }
      const asked = await send(admin, { to, channels: ['sms'], category: 'billing' })
      const silent = await send(admin, { to, category: 'billing' })
      await server.work()
      const [delivery] = await deliveriesOf(admin, asked)
      expect(delivery).to.include({ channel: 'sms', status: 'sent', provider: 'http' })
      expect(delivery.destination).to.match(/^\+491…/)
      expect((await deliveriesOf(admin, silent)).map(({ channel }) => channel)).to.not.include('sms')
      expect(gateway.calls).to.have.length(1)
      expect(gateway.calls[0]?.body.toString()).to.include('+4915123456789').and.include(WORDS.title)
    })

    it('go to every browser of the recipient, and forget one that is gone', async () => {
      const ana = await buildSubscriber(server, admin)
      const [old, current] = [await subscribe(ana, 'old'), await subscribe(ana, 'current')]
      pushService.reply = ({ path }) => ({ status: path.endsWith('old') ? 410 : 201 })
      const id = await send(admin, { to: { external_id: ana.externalId }, channels: ['push'] })
      await server.work()
      expect((await deliveriesOf(admin, id)).map(summary)).to.deep.equal(['push sent by default_on'])
      const sent = pushService.calls.find(({ path }) => path.endsWith('current'))
      expect(JSON.stringify(current.decrypt(sent?.body ?? Buffer.alloc(0)))).to.include(WORDS.title)
      expect(() => old.decrypt(sent?.body ?? Buffer.alloc(0))).to.throw()
      expect((await ana.api.get(`${V1}/push/subscriptions`)).body.data).to.have.length(1)
    })

    it('fail where the last browser is gone, and skip the channel from then on', async () => {
      const ana = await buildSubscriber(server, admin)
      await subscribe(ana, 'only')
      pushService.reply = { status: 410 }
      const to = { external_id: ana.externalId }
      const first = await send(admin, { to, channels: ['push'] })
      await server.work({ skipPauses: true })
      const next = await send(admin, { to, channels: ['push'] })
      await server.work()
      expect((await deliveriesOf(admin, first))[0]).to.include({ status: 'failed', attempts: 1 })
      expect((await deliveriesOf(admin, next)).map(summary)).to.deep.equal(['push skipped by no_address'])
    })
  })
})
