import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember, buildStaff } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { buildSubscriber, deliveriesOf, send, summary, V1 } from './test-support.js'

describe('notification preferences', () => {
  const server = useServer()
  let admin: BuiltUser
  let member: BuiltUser
  let stranger: BuiltUser

  before(async () => {
    admin = await buildMember(server)
    member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    stranger = await buildMember(server)
  })

  it('are refused to anonymous callers, and those of others to members', async () => {
    for (const [method, path] of [
      ...[
        ['GET', '/preferences'],
        ['GET', '/defaults'],
        ['GET', '/policy'],
        ['GET', '/categories'],
      ],
      ...[
        ['PUT', '/preferences'],
        ['PUT', '/defaults'],
        ['PUT', '/policy'],
        ['PUT', '/categories/comments'],
      ],
    ] as [string, string][]) {
      const options = method === 'GET' ? {} : { body: {} }
      expect((await server.anonymous.call(method, V1 + path, options)).status, path).to.equal(401)
      const own = await member.api.call(method, V1 + path, options)
      expect(own.status, path).to.equal(path === '/preferences' ? 200 : 403)
    }
    expect((await admin.api.get(`${V1}/policy`)).status).to.equal(403)
    const support = await buildStaff(server, 'support_agent')
    expect((await support.api.get(`${V1}/policy`)).status).to.equal(200)
    expect((await support.api.put(`${V1}/policy`, {})).status).to.equal(403)
  })

  it('are each person’s own in each organisation', async () => {
    await member.api.put(`${V1}/preferences`, { channels: { email: false } })
    expect((await member.api.get(`${V1}/preferences`)).body.channels).to.deep.equal({ email: false })
    expect((await admin.api.get(`${V1}/preferences`)).body.channels).to.deep.equal({})
    expect((await stranger.api.get(`${V1}/preferences`)).body.channels).to.deep.equal({})
  })

  it('belong to the owner of a key, and to nobody where a key is the organisation’s', async () => {
    const scopes = ['notifications:inbox']
    const own = await buildKey(member, scopes)
    await member.api.put(`${V1}/preferences`, { locale: 'fr' })
    expect((await server.as(own.key).get(`${V1}/preferences`)).body.locale).to.equal('fr')
    const ours = await buildKey(admin, scopes)
    const res = await server.as(ours.key).get(`${V1}/preferences`)
    expect(res.body.code).to.equal('notifications.nobodys_inbox')
  })

  it('are replaced as a whole, by whoever saw the newest', async () => {
    const ana = await buildSubscriber(server, admin)
    const full = {
      channels: { sms: false },
      categories: { marketing: { email: true } },
      quiet_hours: { from: '22:00', to: '07:00' },
      time_zone: 'europe/berlin',
      locale: 'de',
    }
    const put = await ana.api.put(`${V1}/preferences`, full)
    expect(put.body).to.deep.include({ ...full, time_zone: 'Europe/Berlin' })
    const { headers } = await ana.api.get(`${V1}/preferences`)
    const conditional = ana.api.with({ 'if-match': String(headers.get('etag')) })
    const emptied = await conditional.put(`${V1}/preferences`, {})
    expect(emptied.body).to.deep.include({ channels: {}, categories: {}, quiet_hours: null, time_zone: null })
    expect((await conditional.put(`${V1}/preferences`, {})).status).to.equal(412)
    const byBackend = await admin.api.put(`${V1}/subscribers/${ana.id}/preferences`, { locale: 'es' })
    expect(byBackend.body.locale).to.equal('es')
    expect((await ana.api.get(`${V1}/preferences`)).body.locale).to.equal('es')
  })

  it('refuse hours and zones that are none, and channels that nobody is reached on', async () => {
    for (const [body, pointer] of [
      [{ quiet_hours: { from: '25:00', to: '07:00' } }, '/quiet_hours/from'],
      [{ quiet_hours: { from: '07:00', to: '07:00' } }, '/quiet_hours/to'],
      [{ time_zone: 'Europe/Atlantis' }, '/time_zone'],
      [{ locale: 'not a locale' }, '/locale'],
      [{ channels: { webhook: false } }, '/channels/webhook'],
    ] as const) {
      const res = await member.api.put(`${V1}/preferences`, body)
      expect(res.status).to.equal(422)
      expect(res.body.errors[0].pointer).to.equal(pointer)
    }
  })

  it('say what follows from them and from what others decide', async () => {
    const owner = await buildMember(server)
    await owner.api.put(`${V1}/defaults`, {
      channels: { push: false },
      categories: { support: { email: false } },
    })
    const ana = await buildSubscriber(server, owner)
    const { body } = await ana.api.put(`${V1}/preferences`, { categories: { product: { email: false } } })
    const of = (category: string, channel: string) =>
      body.effective
        .find((one: { category: string }) => one.category === category)
        .channels.find((one: { channel: string }) => one.channel === channel)
    expect(of('product', 'email')).to.deep.include({ is_on: false, can_change: true })
    expect(of('product', 'email').reason.rule).to.equal('category_off')
    expect(of('support', 'email')).to.deep.include({ is_on: false, can_change: false })
    expect(of('marketing', 'email').reason.rule).to.equal('no_consent')
    expect(of('security', 'email')).to.deep.include({ is_on: true, can_change: false })
  })

  it('hold for what is sent, level by level, and never for what is critical', async () => {
    const owner = await buildMember(server)
    const ana = await buildSubscriber(server, owner)
    const result = async (category: string) => {
      const id = await send(owner, { to: { external_id: ana.externalId }, category, channels: ['email'] })
      await server.work()
      return summary((await deliveriesOf(owner, id))[0])
    }
    expect(await result('product')).to.equal('email sent by default_on')
    await ana.api.put(`${V1}/preferences`, { categories: { product: { email: false } } })
    expect(await result('product')).to.equal('email skipped by category_off')
    await owner.api.put(`${V1}/defaults`, { channels: { email: false } })
    expect(await result('product')).to.equal('email skipped by tenant_off')
    await server.operator.put(`${V1}/policy`, { categories: { product: { email: false } } })
    try {
      expect(await result('product')).to.equal('email skipped by installation_off')
      expect(await result('security')).to.equal('email sent by critical')
    } finally {
      await server.operator.put(`${V1}/policy`, {})
    }
  })

  it('hold for what was decided before and has not gone out', async () => {
    const ana = await buildSubscriber(server, admin)
    await ana.api.put(`${V1}/preferences`, { quiet_hours: { from: '00:00', to: '23:59' } })
    const id = await send(admin, { to: { external_id: ana.externalId }, channels: ['email'] })
    await server.work()
    expect((await deliveriesOf(admin, id)).map(summary)).to.deep.equal(['email scheduled by quiet_hours'])
    await ana.api.put(`${V1}/preferences`, { channels: { email: false } })
    await server.work({ skipPauses: true })
    expect((await deliveriesOf(admin, id)).map(summary)).to.deep.equal([
      'email unsubscribed by recipient_off',
    ])
  })

  it('are changed by the link in a mail, and what waits is taken back', async () => {
    const ana = await buildSubscriber(server, admin)
    const hours = { quiet_hours: { from: '00:00', to: '23:59' } }
    await ana.api.put(`${V1}/preferences`, { ...hours, categories: { product: { sms: true } } })
    const waiting = await send(admin, { to: { external_id: ana.externalId }, channels: ['email'] })
    const other = await send(admin, {
      to: { external_id: ana.externalId },
      channels: ['email'],
      category: 'billing',
    })
    await server.work()
    const link = await unsubscribeLink(ana.id, 'product')
    expect((await server.anonymous.form(link, { 'List-Unsubscribe': 'One-Click' })).status).to.equal(200)
    await server.work()
    const { body } = await ana.api.get(`${V1}/preferences`)
    expect(body).to.deep.include({ ...hours, categories: { product: { sms: true, email: false } } })
    expect((await deliveriesOf(admin, waiting)).map(summary)).to.deep.equal([
      'email unsubscribed by unsubscribed',
    ])
    expect((await deliveriesOf(admin, other)).map(summary)).to.deep.equal(['email scheduled by quiet_hours'])

    await server.anonymous.form(await unsubscribeLink(ana.id, null), { 'List-Unsubscribe': 'One-Click' })
    await server.work()
    expect((await ana.api.get(`${V1}/preferences`)).body.channels).to.deep.equal({ email: false })
    expect((await deliveriesOf(admin, other)).map(summary)).to.deep.equal([
      'email unsubscribed by unsubscribed',
    ])
  })

  const unsubscribeLink = async (recipient: string, category: string | null): Promise<string> => {
    const { unsubscribeUrl } = await import('./operations/unsubscribe.js')
    const url = unsubscribeUrl(server.resources, { tenantId: admin.tenant.id, recipient, category })
    return new URL(url).pathname
  }

  describe('categories', () => {
    it('are those that are built in until the organisation says otherwise', async () => {
      const owner = await buildMember(server)
      const list = async () =>
        (await owner.api.get(`${V1}/categories`)).body.data.map(
          ({ key, is_built_in }: { key: string; is_built_in: boolean }) => `${key}${is_built_in ? '' : '!'}`,
        )
      expect(await list()).to.deep.equal([
        'security',
        'account',
        'billing',
        'support',
        'product',
        'marketing',
      ])
      const put = await owner.api.put(`${V1}/categories/marketing`, {
        ...{ name: 'Offers', consent: 'opt_in', channels: { sms: false } },
        throttle: { limit: 2, window_s: 86_400 },
        digest: { cron: '0 9 * * 1', channels: ['email'] },
      })
      expect(put.body).to.deep.include({ name: 'Offers', is_built_in: false })
      expect(put.body.digest).to.include({ cron: '0 9 * * 1', window_s: null })
      await owner.api.put(`${V1}/categories/comments`, { name: 'Comments' })
      expect(await list()).to.deep.equal([
        'security',
        'account',
        'billing',
        'support',
        'product',
        'comments!',
        'marketing!',
      ])
      expect((await owner.api.delete(`${V1}/categories/marketing`)).status).to.equal(204)
      expect((await owner.api.get(`${V1}/categories/marketing`)).body).to.include({
        name: 'News and offers',
        is_built_in: true,
      })
      expect((await owner.api.delete(`${V1}/categories/marketing`)).status).to.equal(404)
      expect((await stranger.api.get(`${V1}/categories/comments`)).status).to.equal(404)
    })

    it('count in sending from the moment they are declared', async () => {
      const owner = await buildMember(server)
      const ana = await buildSubscriber(server, owner)
      await owner.api.put(`${V1}/categories/likes`, {
        name: 'Likes',
        throttle: { limit: 1, window_s: 3_600 },
      })
      const ids = [1, 2].map(() =>
        send(owner, { to: { external_id: ana.externalId }, category: 'likes', channels: ['in_app'] }),
      )
      await Promise.all(ids)
      await server.work()
      expect((await ana.api.get(`${V1}/inbox`)).body.data).to.have.length(1)
    })
  })
})
