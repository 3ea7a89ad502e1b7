import type { Readable } from 'node:stream'
import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { figure } from '../../../test/figures.js'
import { useServer } from '../../../test/server.js'
import { receiveMail } from '../../../test/smtp-receiver.js'
import { until } from '../../../test/until.js'
import { backgroundContext } from '../../kernel/context.js'
import { pruneJob } from './jobs/prune.js'
import { beginDelivery } from './operations/begin-delivery.js'
import { fanOut } from './operations/fan-out.js'
import { buildSubscriber, deliveriesOf, send, summary, V1, WORDS } from './test-support.js'

/** A mail server somewhere out there: every mail it was offered, and how it answers the n-th, counted from 1. */
class Postmaster {
  offered: string[] = []
  /** A reply that refuses it; undefined takes it. */
  refuse: (n: number) => string | undefined = () => undefined

  readonly onData = (stream: Readable, _session: unknown, done: (error?: Error) => void): void => {
    const pieces: Buffer[] = []
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('end', () => {
      const number = this.offered.push(Buffer.concat(pieces).toString())
      const [code = '', ...words] = this.refuse(number)?.split(' ') ?? []
      if (code === '') done()
      else done(Object.assign(new Error(words.join(' ')), { responseCode: Number(code) }))
    })
  }
  reset(): void {
    this.offered = []
    this.refuse = () => undefined
  }
}

describe('mail to a server out there', () => {
  const post = new Postmaster()
  const settings: Record<string, string> = { SMTP_HOST: '127.0.0.1', MAIL_FROM: 'Acme <hello@acme.example>' }
  let stop: () => Promise<void>
  before(async () => {
    const receiver = await receiveMail({ onData: post.onData })
    settings.SMTP_PORT = String(receiver.port)
    stop = receiver.stop
  })
  after(() => stop())

  describe('deliveries', () => {
    const server = useServer({ settings })
    let admin: BuiltUser

    before(async () => {
      admin = await buildMember(server)
    })
    beforeEach(() => post.reset())

    const background = () =>
      backgroundContext(server.resources, 'test', { ...admin.tenant, status: 'active' })
    const mailTo = async (more: Record<string, unknown> = {}) => {
      const ana = await buildSubscriber(server, admin)
      const id = await send(admin, { to: { external_id: ana.externalId }, channels: ['email'], ...more })
      return { ana, id }
    }
    const only = async (messageId: string) => {
      const [delivery] = await deliveriesOf(admin, messageId)
      return (await admin.api.get(`${V1}/deliveries/${delivery.id}`)).body
    }
    const outcomes = (delivery: { attempt_list: { outcome: string }[] }) =>
      delivery.attempt_list.map(({ outcome }) => outcome)
    const messageIds = () => post.offered.map((source) => /^message-id:\s*(\S+)/im.exec(source)?.[1])
    /** Decides a message and leaves what it decided to be sent. */
    const decideOnly = async (messageId: string) => {
      await background().transaction(() => fanOut(background(), messageId))
      const [row] = await server.resources.db.readSystem<{ id: string; job_id: string }>({
        text: 'select id, job_id from notification_deliveries where message_id = $1',
        values: [messageId],
      })
      return { deliveryId: row?.id ?? '', jobId: row?.job_id ?? '' }
    }
    const begin = (ref: { deliveryId: string; jobId: string }) =>
      background().transaction(() =>
        beginDelivery(background(), ref, () => Promise.reject(new Error('there is no other step'))),
      )

    it('are kept from anonymous callers, other roles and other tenants', async () => {
      const { id } = await mailTo()
      await server.work()
      const delivery = await only(id)
      const [member, stranger] = [
        await buildMember(server, { tenant: admin.tenant, role: 'user' }),
        await buildMember(server),
      ]
      for (const [method, path] of [
        ['GET', `/deliveries/${delivery.id}`],
        ['POST', `/deliveries/${delivery.id}/retry`],
      ] as const) {
        expect((await server.anonymous.call(method, V1 + path, {})).status).to.equal(401)
        expect((await member.api.call(method, V1 + path, {})).status).to.equal(403)
        expect((await stranger.api.call(method, V1 + path, {})).body.code).to.equal(
          'notifications.delivery_unknown',
        )
      }
      expect((await stranger.api.get(`${V1}/deliveries`)).body.data).to.deep.equal([])
      expect((await stranger.api.get(`${V1}/deliveries?message_id=${id}`)).body.data).to.deep.equal([])
    })

    it('carry a link that ends the category, unless it is critical', async () => {
      await mailTo()
      await mailTo({ category: 'security' })
      await server.work()
      const withLink = post.offered.filter((source) => /^List-Unsubscribe:\s/im.test(source))
      expect(post.offered).to.have.length(2)
      expect(withLink).to.have.length(1)
      expect(withLink[0]).to.match(/^List-Unsubscribe-Post:/im)
    })

    it('are tried again after a failure that may pass, as the same message', async () => {
      post.refuse = (n) => (n <= 2 ? '451 4.3.0 try again later' : undefined)
      const { id } = await mailTo()
      await server.work()
      const waiting = await only(id)
      expect(waiting).to.include({ status: 'scheduled', attempts: 1 })
      expect(waiting.error.code).to.be.a('string')
      expect(Date.parse(waiting.run_at)).to.be.above(Date.parse(waiting.created_at))

      await server.work({ skipPauses: true })
      const sent = await only(id)
      expect(sent).to.include({ status: 'sent', attempts: 3, error: null, run_at: null })
      expect(outcomes(sent)).to.deep.equal(['failed', 'failed', 'sent'])
      expect(new Set(messageIds()).size).to.equal(1)
      expect(post.offered).to.have.length(3)
    })

    it('fail for good after the last attempt, and are sent again when somebody asks for it', async () => {
      post.refuse = () => '451 4.3.0 not today'
      const { id } = await mailTo()
      await server.work({ skipPauses: true })
      const failed = await only(id)
      expect(failed).to.include({ status: 'failed', attempts: 10 })
      expect(failed.settled_at).to.be.a('string')

      post.refuse = () => undefined
      expect((await admin.api.post(`${V1}/deliveries/${failed.id}/retry`)).body).to.include({
        status: 'pending',
        rule: 'retried',
      })
      await server.work({ skipPauses: true })
      expect(await only(id)).to.include({ status: 'sent', attempts: 11 })
      const again = await admin.api.post(`${V1}/deliveries/${failed.id}/retry`)
      expect(again.body.code).to.equal('notifications.not_retryable')
    })

    it('are not tried again where the address is dead, which no later message is sent to', async () => {
      post.refuse = () => '550 5.1.1 no such user'
      const { ana, id } = await mailTo()
      await server.work({ skipPauses: true })
      expect(await only(id)).to.include({ status: 'failed', attempts: 1 })
      const next = await send(admin, {
        to: { external_id: ana.externalId },
        channels: ['email'],
        category: 'security',
      })
      await server.work()
      expect((await deliveriesOf(admin, next)).map(summary)).to.deep.equal(['email skipped by suppressed'])
    })

    it('are sent again as the same message where the process died and nobody knows', async () => {
      const { id } = await mailTo()
      const ref = await decideOnly(id)
      // A worker begins it and dies, with the mail perhaps on its way.
      await begin(ref)
      expect(await only(id)).to.include({ status: 'sending', attempts: 1 })
      await server.work()
      const sent = await only(id)
      expect(sent).to.include({ status: 'sent', attempts: 2 })
      expect(outcomes(sent)).to.deep.equal(['unknown', 'sent'])
      expect(post.offered).to.have.length(1)
      // What has ended is tried no more, also by its own job.
      expect(await begin(ref)).to.equal(null)
    })

    it('may be tried by their own job only', async () => {
      const { id } = await mailTo()
      const { deliveryId } = await decideOnly(id)
      const jobId = '01999999-9999-7999-8999-999999999999'
      expect(await begin({ deliveryId, jobId })).to.equal(null)
      await server.work()
      expect(await only(id)).to.include({ status: 'sent', attempts: 1 })
    })

    it('go on to the next step of a chain at once where one fails', async () => {
      post.refuse = () => '554 5.7.1 we do not want it'
      const { ana, id } = await mailTo({
        channels: undefined,
        fallback: [{ channel: 'email' }, { channel: 'in_app', after_s: 3_600 }],
      })
      await server.work()
      expect((await deliveriesOf(admin, id)).map(summary)).to.deep.equal([
        'email failed by default_on',
        'in_app delivered by fallback_failed',
      ])
      expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(1)
    })

    it('go out as a fallback when the message stays unread, not before', async () => {
      const { id } = await mailTo({
        channels: undefined,
        fallback: [{ channel: 'in_app' }, { channel: 'email', after_s: 600 }],
      })
      await server.work()
      const [, waiting] = await deliveriesOf(admin, id)
      expect(Date.parse(waiting.run_at) - Date.parse(waiting.created_at)).to.be.within(590_000, 610_000)
      expect(post.offered).to.have.length(0)
      await server.work({ skipPauses: true })
      expect(post.offered).to.have.length(1)
    })

    it('learn what providers tell later: a bounce outlives a "delivered", and the chain goes on', async () => {
      const { ana, id } = await mailTo({
        channels: undefined,
        fallback: [{ channel: 'email' }, { channel: 'in_app' }],
      })
      await server.work()
      const report = async (outcome: 'delivered' | 'bounced' | 'deferred') => {
        const [{ id: deliveryId }] = await deliveriesOf(admin, id)
        const ctx = background()
        const facts = { deliveryId, channel: 'email', outcome, provider: 'dsn', code: '5.1.1' } as const
        await ctx.transaction(() => ctx.emit('notifications.delivery.reported', facts))
        await server.work()
        return (await deliveriesOf(admin, id))[0]
      }
      expect((await report('deferred')).status).to.equal('sent')
      expect((await report('delivered')).status).to.equal('delivered')
      expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(0)
      expect((await report('bounced')).status).to.equal('bounced')
      expect((await report('delivered')).status).to.equal('bounced')
      expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(1)
    })

    it('are counted by channel and by what came of them', async () => {
      const figures = () =>
        Promise.all(
          [
            'email sent',
            'email failed',
            'email skipped',
            'email delivered',
            'email bounced',
            'in_app sent',
          ].map((name) => {
            const [channel = '', outcome = ''] = name.split(' ')
            return figure(server, 'vetrai_notification_deliveries_total', { channel, outcome })
          }),
        )
      const before = await figures()
      const { id } = await mailTo({ channels: ['email', 'in_app'] })
      await server.work()
      post.refuse = () => '550 5.1.1 no such user'
      const { ana } = await mailTo()
      await server.work()
      await send(admin, { to: { external_id: ana.externalId }, channels: ['email'] })
      const ctx = background()
      const mail = (await deliveriesOf(admin, id)).find(({ channel }) => channel === 'email')
      for (const outcome of ['delivered', 'bounced'] as const) {
        const facts = { deliveryId: mail.id, channel: 'email', outcome, provider: 'dsn', code: null } as const
        await ctx.transaction(() => ctx.emit('notifications.delivery.reported', facts))
        await server.work()
      }
      const grown = async () => (await figures()).map((count, i) => count - (before[i] ?? 0))
      // Each report is counted by an event that follows it.
      await until(async () => {
        await server.work()
        return !(await grown()).includes(0)
      })
      expect(await grown()).to.deep.equal([1, 1, 1, 1, 1, 1])
    })

    it('tell the tenant’s own systems by webhook, with the template in the type', async () => {
      const ana = await buildSubscriber(server, admin)
      const id = await send(admin, { to: { external_id: ana.externalId }, channels: ['webhook'] })
      await server.work()
      const [delivery] = await deliveriesOf(admin, id)
      expect(delivery).to.include({ status: 'sent', provider: 'vetrai' })
      const { body } = await admin.api.get(`${V1}/webhook-messages?type=app.notifications.announcement`)
      const [sent] = body.data
      const detail = await admin.api.get(`${V1}/webhook-messages/${sent.id}`)
      expect(detail.text).to.include(ana.externalId).and.include(delivery.id).and.include(WORDS.title)
    })

    it('are told to others by thin events, without address or words', async () => {
      const { ana, id } = await mailTo()
      await server.work()
      const rows = await server.resources.db.readSystem<{ name: string; payload: object }>({
        text: `select name, payload from outbox where payload->>'messageId' = $1 order by id`,
        values: [id],
      })
      expect(rows.map(({ name }) => name)).to.have.members([
        'notifications.message.processed',
        'notifications.delivery.sent',
      ])
      for (const text of [ana.email, WORDS.title, WORDS.body])
        expect(JSON.stringify(rows)).to.not.include(text)
    })

    it('are removed when they are old, with their message, and not before', async () => {
      const { id } = await mailTo()
      const later = await send(admin, { to: { external_id: 'x' }, delay_s: 100 * 86_400 })
      await server.work()
      const age = (days: number, messageId: string) =>
        server.resources.db.readSystem({
          text: `update notification_messages set created_at = now() - make_interval(days => $1) where id = $2`,
          values: [days, messageId],
        })
      await age(89, id)
      await server.run(pruneJob)
      expect((await deliveriesOf(admin, id)).length).to.equal(1)
      await age(91, id)
      await age(91, later)
      await server.run(pruneJob)
      expect(await deliveriesOf(admin, id)).to.deep.equal([])
      expect((await admin.api.get(`${V1}/messages/${later}`)).status).to.equal(200)
    })
  })
})
