import { expect } from 'chai'
import { type BuiltUser, buildMember, buildStaff } from '../../../test/build.js'
import { figure } from '../../../test/figures.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { backgroundContext } from '../../kernel/context.js'
import { MailError } from '../../outbound/mail.js'
import { isSuppressed, suppress } from './operations/suppress.js'

const LIST = '/notifications/v1/suppressions'
const INSTALLATION_LIST = '/notifications/v1/installation/suppressions'

describe('the suppression list', () => {
  const server = useServer()
  let admin: BuiltUser
  let other: BuiltUser

  before(async () => {
    ;[admin, other] = await Promise.all([buildMember(server), buildMember(server)])
  })

  const ctxOf = (tenant: { id: string; slug: string } | null) =>
    backgroundContext(server.resources, 'test', tenant && { ...tenant, status: 'active' })

  it('takes an address once, however it is spelled, and shows it masked', async () => {
    const first = await admin.api.post(LIST, { channel: 'email', address: 'Ada.Lovelace@Example.com' })
    expect(first.status).to.equal(201)
    expect(first.headers.get('location')).to.equal(`${LIST}/${first.body.id}`)
    expect(first.body).to.include({ masked: 'a…@example.com', reason: 'manual', source: `user:${admin.id}` })
    const again = await admin.api.post(LIST, {
      channel: 'email',
      address: ' ada.lovelace@EXAMPLE.com',
      reason: 'complaint',
    })
    expect(again.body).to.deep.equal(first.body)
    expect((await admin.api.get(`${LIST}/${first.body.id}`)).body).to.deep.equal(first.body)
  })

  it('counts addresses that are new on it', async () => {
    const count = () => figure(server, 'vetrai_suppressions_total', { channel: 'email', reason: 'complaint' })
    const before = await count()
    for (let i = 0; i < 2; i += 1) {
      await admin.api.post(LIST, { channel: 'email', address: 'c@example.com', reason: 'complaint' })
    }
    expect(await count()).to.equal(before + 1)
  })

  it('keeps no address in the clear', async () => {
    await admin.api.post(LIST, { channel: 'sms', address: '+49 (151) 2345-6789' })
    await admin.api.post(LIST, { channel: 'push', address: 'https://push.example/secret-endpoint-canary' })
    const { rows } = await asAdmin(
      await stores(),
      'select s::text as line from notification_suppressions s',
      server.databaseName,
    )
    const text = (rows as { line: string }[]).map(({ line }) => line).join('\n')
    expect(rows).to.have.length.above(1)
    expect(text).not.to.match(/lovelace|23456789|secret-endpoint/)
  })

  it('finds an address exactly, and filters by channel and reason', async () => {
    const person = await buildMember(server)
    const add = (body: object) => person.api.post(LIST, body)
    await add({ channel: 'email', address: 'a@example.com', reason: 'complaint' })
    await add({ channel: 'email', address: 'b@example.com' })
    await add({ channel: 'sms', address: '+15550100001' })
    const found = async (query: string) =>
      (await person.api.get(`${LIST}?${query}`)).body.data.map((one: { masked: string }) => one.masked)
    expect(await found('address=A%40example.com')).to.deep.equal(['a…@example.com'])
    expect(await found('address=%2B1%20555%20010%200001')).to.deep.equal(['+155…01'])
    expect(await found('address=nobody%40example.com')).to.deep.equal([])
    expect(await found('address=what')).to.deep.equal([])
    expect(await found('channel=sms')).to.have.length(1)
    expect(await found('reason=complaint')).to.deep.equal(['a…@example.com'])
    const page = await person.api.get(`${LIST}?limit=2`)
    expect(page.body).to.include({ has_more: true })
    const rest = await person.api.get(`${LIST}?limit=2&cursor=${page.body.next_cursor}`)
    expect(rest.body.data).to.have.length(1)
  })

  it('refuses what is no address of the channel', async () => {
    for (const [channel, address] of [
      ['email', 'ada'],
      ['email', 'Ada <ada@example.com>'],
      ['sms', '0151 2345678'],
      ['sms', 'ada@example.com'],
      ['push', 'http://push.example/x'],
    ]) {
      const res = await admin.api.post(LIST, { channel, address })
      expect(res.status, `${channel} ${address}`).to.equal(422)
      expect(res.body.code).to.equal('notifications.address_refused')
    }
  })

  it('is of one tenant: others neither see nor remove, nor are kept from writing', async () => {
    const mine = await admin.api.post(LIST, { channel: 'email', address: 'only-mine@example.com' })
    expect((await other.api.get(LIST)).body.data).to.deep.equal([])
    expect((await other.api.get(`${LIST}/${mine.body.id}`)).status).to.equal(404)
    expect((await other.api.delete(`${LIST}/${mine.body.id}`)).status).to.equal(404)
    const ask = (who: BuiltUser) =>
      isSuppressed(ctxOf(who.tenant), 'email', ['Only-Mine@example.com', 'x@example.com'])
    expect([...(await ask(admin)).keys()]).to.deep.equal(['Only-Mine@example.com'])
    expect((await ask(other)).size).to.equal(0)
  })

  it('is left by removing, which leaves a line in the audit log and an event', async () => {
    const { body } = await admin.api.post(LIST, { channel: 'email', address: 'back@example.com' })
    expect((await admin.api.delete(`${LIST}/${body.id}`)).status).to.equal(204)
    expect((await isSuppressed(ctxOf(admin.tenant), 'email', ['back@example.com'])).size).to.equal(0)
    const lines = (await admin.api.get('/tenancy/v1/audit-logs')).body.data
    expect(lines.slice(0, 2).map((line: { action: string }) => line.action)).to.deep.equal([
      'suppression.removed',
      'suppression.added',
    ])
    expect(JSON.stringify(lines)).not.to.contain('back@example.com')
    const names = await storedEvents(body.id)
    expect(names).to.deep.equal(['notifications.suppression.added', 'notifications.suppression.removed'])
  })

  it('can be read by support and members with a role for it, and changed by administrators only', async () => {
    const support = (await buildStaff(server, 'support_agent')).api.in(admin.tenant.id)
    const member = (await buildMember(server, { tenant: admin.tenant, role: 'user' })).api
    expect((await support.get(LIST)).status).to.equal(200)
    expect((await support.post(LIST, { channel: 'email', address: 'x@example.com' })).status).to.equal(403)
    expect((await member.get(LIST)).status).to.equal(403)
    expect((await server.get(LIST)).status).to.equal(401)
  })

  it('of the installation holds for every tenant, and is the operator’s', async () => {
    expect((await admin.api.get(INSTALLATION_LIST)).status).to.equal(403)
    const { body } = await server.operator.post(INSTALLATION_LIST, {
      channel: 'email',
      address: 'dead@example.com',
      reason: 'hard_bounce',
    })
    for (const who of [admin, other]) {
      const why = (await isSuppressed(ctxOf(who.tenant), 'email', ['dead@example.com'])).get(
        'dead@example.com',
      )
      expect(why).to.include({ reason: 'hard_bounce' })
    }
    expect((await admin.api.get(`${LIST}?address=dead%40example.com`)).body.data).to.deep.equal([])
    expect((await admin.api.delete(`${LIST}/${body.id}`)).status).to.equal(404)
    expect((await server.operator.get(INSTALLATION_LIST)).body.data[0].id).to.equal(body.id)
    expect((await server.operator.delete(`${INSTALLATION_LIST}/${body.id}`)).status).to.equal(204)
    expect((await isSuppressed(ctxOf(admin.tenant), 'email', ['dead@example.com'])).size).to.equal(0)
  })

  it('keeps the first reason under a hundred at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        suppress(ctxOf(admin.tenant), {
          tenantId: admin.tenant.id,
          channel: 'email',
          address: 'race@example.com',
          reason: i % 2 ? 'hard_bounce' : 'complaint',
          source: `racer-${i}`,
        }),
      ),
    )
    expect(new Set(made.map((one) => one?.id)).size).to.equal(1)
    expect(await storedEvents(made[0]?.id ?? '')).to.have.length(1)
  })

  it('keeps mails about accounts from addresses that bounced, not from those that complained', async () => {
    const send = (to: string) =>
      server.resources.mail.send({ to, subject: 'x', text: 'x' }).then(
        () => 'sent',
        (error: unknown) => (error instanceof MailError ? error.code : String(error)),
      )
    const add = (address: string, reason: string) =>
      server.operator.post(INSTALLATION_LIST, { channel: 'email', address, reason })
    await add('gone@example.com', 'hard_bounce')
    await add('angry@example.com', 'complaint')
    expect(await send('gone@example.com')).to.equal('outbound.mail_suppressed')
    expect(await send('angry@example.com')).to.equal('sent')
  })

  const storedEvents = async (suppressionId: string): Promise<string[]> => {
    const { rows } = await asAdmin(
      await stores(),
      `select name from outbox where payload->>'suppressionId' = '${suppressionId}' order by id`,
      server.databaseName,
    )
    return (rows as { name: string }[]).map(({ name }) => name)
  }
})
