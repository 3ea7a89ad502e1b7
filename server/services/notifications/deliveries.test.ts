import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { SMTPServer } from 'smtp-server'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { backgroundContext } from '../../kernel/context.js'
import { beginDelivery } from './operations/begin-delivery.js'
import { buildSubscriber, deliveriesOf, send, summary, V1, WORDS } from './test-support.js'

/** A mail server somewhere out there; each test says how it answers. */
class MailServer {
  readonly received: { to: string; messageId: string; source: string }[] = []
  /** SMTP code and words for the n-th recipient, counted from 1; undefined takes it. */
  refuse: (n: number) => [code: number, words: string] | undefined = () => undefined
  #asked = 0
  readonly #server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo: (_address, _session, done) => {
      this.#asked += 1
      const refusal = this.refuse(this.#asked)
      if (!refusal) return done()
      const [responseCode, words] = refusal
      done(Object.assign(new Error(words), { responseCode }))
    },
    onData: (stream, session, done) => {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const source = Buffer.concat(pieces).toString()
        const messageId = /^message-id: (.*)$/im.exec(source)?.[1] ?? ''
        this.received.push({ to: session.envelope.rcptTo[0]?.address ?? '', messageId, source })
        done()
      })
    },
  })

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server.server, 'listening')
    return (this.#server.server.address() as AddressInfo).port
  }
  reset(): void {
    this.received.length = 0
    this.#asked = 0
    this.refuse = () => undefined
  }
  close(): void {
    this.#server.close()
  }
}

describe('deliveries', () => {
  const mails = new MailServer()
  const settings: Record<string, string> = { SMTP_HOST: '127.0.0.1', MAIL_FROM: 'Acme <hello@acme.example>' }
  before(async () => {
    settings.SMTP_PORT = String(await mails.listen())
  })
  after(() => mails.close())
  const server = useServer({ settings })
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })
  beforeEach(() => mails.reset())

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
      expect((await stranger.api.call(method, V1 + path, {})).body.code).to.equal('notifications.delivery_unknown')
    }
    expect((await stranger.api.get(`${V1}/deliveries`)).body.data).to.deep.equal([])
    expect((await stranger.api.get(`${V1}/deliveries?message_id=${id}`)).body.data).to.deep.equal([])
  })

  it('carry a link that ends the category, unless it is critical', async () => {
    const { id } = await mailTo()
    await server.work()
    expect(await only(id)).to.include({ status: 'sent' })
    const [mail] = mails.received
    expect(mail?.source).to.match(/^List-Unsubscribe: </im).and.match(/^List-Unsubscribe-Post: /im)
    mails.reset()
    await mailTo({ category: 'security' })
    await server.work()
    expect(mails.received[0]?.source).to.not.match(/^List-Unsubscribe/im)
  })

  it('are tried again after a failure that may pass, as the same message', async () => {
    mails.refuse = (n) => (n <= 2 ? [451, '4.3.0 try again later'] : undefined)
    const { id } = await mailTo()
    await server.work()
    const waiting = await only(id)
    expect(waiting).to.include({ status: 'scheduled', attempts: 1 })
    expect(waiting.error.code).to.be.a('string')
    expect(Date.parse(waiting.run_at)).to.be.above(Date.parse(waiting.created_at))
    expect(mails.received).to.have.length(0)

    await server.work({ skipPauses: true })
    const sent = await only(id)
    expect(sent).to.include({ status: 'sent', attempts: 3, error: null, run_at: null })
    expect(outcomes(sent)).to.deep.equal(['failed', 'failed', 'sent'])
    expect(mails.received).to.have.length(1)
  })

  it('fail for good after the last attempt, and are sent again when somebody asks for it', async () => {
    mails.refuse = () => [451, '4.3.0 not today']
    const { id } = await mailTo()
    await server.work({ skipPauses: true })
    const failed = await only(id)
    expect(failed).to.include({ status: 'failed', attempts: 10 })
    expect(failed.settled_at).to.be.a('string')

    mails.refuse = () => undefined
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
    mails.refuse = () => [550, '5.1.1 no such user']
    const { ana, id } = await mailTo()
    await server.work({ skipPauses: true })
    expect(await only(id)).to.include({ status: 'failed', attempts: 1 })
    const next = await send(admin, { to: { external_id: ana.externalId }, channels: ['email'], category: 'security' })
    await server.work()
    expect((await deliveriesOf(admin, next)).map(summary)).to.deep.equal(['email skipped by suppressed'])
  })

  it('are held at the mail server’s side once, though the process died after it took the message', async () => {
    const { id } = await mailTo()
    await server.runJobs()
    mails.reset()
    const { id: second } = await mailTo()
    const ctx = backgroundContext(server.resources, 'test', { ...admin.tenant, status: 'active' })
    // Decided, and then a worker begins it and dies.
    await server.resources.db.readSystem({ text: `update worker_jobs set run_at = now() + interval '1 hour' where false` })
    await fanOutOnly()
    const [pending] = await deliveriesOf(admin, second)
    const [row] = await server.resources.db.readSystem<{ job_id: string }>({
      text: 'select job_id from notification_deliveries where id = $1',
      values: [pending.id],
    })
    const jobId = row?.job_id ?? ''
    const refuse = () => Promise.reject(new Error('no other step'))
    await ctx.transaction(() => beginDelivery(ctx, { deliveryId: pending.id, jobId }, refuse))
    expect(await only(second)).to.include({ status: 'sending', attempts: 1 })

    await server.work()
    const sent = await only(second)
    expect(sent).to.include({ status: 'sent', attempts: 2 })
    expect(outcomes(sent)).to.deep.equal(['unknown', 'sent'])
    expect(mails.received).to.have.length(1)
    expect(mails.received[0]?.messageId).to.include(sent.id.replaceAll('-', ''))
    expect(await only(id)).to.include({ status: 'sent' })
  })

  /** Runs what decides, and leaves what sends. */
  const fanOutOnly = async () => {
    const hold = (by: string) =>
      server.resources.db.readSystem({
        text: `update worker_jobs set status = 'waiting' where kind = '${by}' and status = 'queued'`,
      })
    await hold('nothing')
    const { fanOut } = await import('./operations/fan-out.js')
    const ctx = backgroundContext(server.resources, 'test', { ...admin.tenant, status: 'active' })
    const open = await server.resources.db.readSystem<{ id: string }>({
      text: `select id from notification_messages where status = 'accepted'`,
    })
    for (const { id } of open) await ctx.transaction(() => fanOut(ctx, id))
  }

  it('may be tried by their own job only', async () => {
    const { id } = await mailTo()
    await fanOutOnly()
    const [pending] = await deliveriesOf(admin, id)
    const ctx = backgroundContext(server.resources, 'test', { ...admin.tenant, status: 'active' })
    const refuse = () => Promise.reject(new Error('no other step'))
    const begun = await ctx.transaction(() =>
      beginDelivery(ctx, { deliveryId: pending.id, jobId: '01999999-9999-7999-8999-999999999999' }, refuse),
    )
    expect(begun).to.equal(null)
    await server.work()
    expect(await only(id)).to.include({ status: 'sent', attempts: 1 })
  })

  it('go on to the next step of a chain at once where one fails', async () => {
    mails.refuse = () => [550, '5.7.1 we do not want it']
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
    expect(mails.received).to.have.length(0)
    await server.work({ skipPauses: true })
    expect(mails.received).to.have.length(1)
  })

  it('learn what providers tell later: a bounce outlives a "delivered", and the chain goes on', async () => {
    const { ana, id } = await mailTo({
      channels: undefined,
      fallback: [{ channel: 'email' }, { channel: 'in_app' }],
    })
    await server.work()
    const report = async (outcome: 'delivered' | 'bounced' | 'deferred') => {
      const [{ id: deliveryId }] = await deliveriesOf(admin, id)
      const ctx = backgroundContext(server.resources, 'test', { ...admin.tenant, status: 'active' })
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
    for (const text of [ana.email, WORDS.title, WORDS.body]) expect(JSON.stringify(rows)).to.not.include(text)
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
    const { pruneJob } = await import('./jobs/prune.js')
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
