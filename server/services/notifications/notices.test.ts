import { expect } from 'chai'
import { buildKey, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { backgroundContext } from '../../kernel/context.js'
import { tellExpiring } from '../keys/jobs/tell-expiring.js'
import { deliveriesOf, summary, V1 } from './test-support.js'

const DAY_MS = 86_400_000

describe('notices of other services', () => {
  const server = useServer()
  afterEach(() => {
    server.now = undefined
  })

  const inboxOf = async (reader: Awaited<ReturnType<typeof buildMember>>) =>
    (await reader.api.get(`${V1}/inbox`)).body.data as { title: string; body: string; message_id: string }[]
  const within = (ms: number) => {
    const at = new Date(Date.now() + ms)
    server.now = () => at
  }

  it('tell of a key a week before it stops working, once for each end it is given', async () => {
    const admin = await buildMember(server)
    const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const ours = await buildKey(admin, ['tenancy:read'], { name: 'nightly import', expires_in_days: 30 })
    await buildKey(user, ['tenancy:read'], { name: 'of my own', expires_in_days: 30 })
    await buildKey(admin, ['tenancy:read'], { name: 'for a day', expires_in_days: 1 })
    const revoked = await buildKey(admin, ['tenancy:read'], { name: 'gone', expires_in_days: 30 })
    await admin.api.post(`/keys/v1/keys/${revoked.id}/revoke`)
    const look = async (days: number) => {
      within(days * DAY_MS)
      await server.run(tellExpiring)
      await server.work()
      server.now = undefined
    }

    await look(22)
    expect(await inboxOf(admin)).to.deep.equal([])
    await look(24)
    await look(24.1)
    const [told, ...others] = await inboxOf(admin)
    expect(others).to.deep.equal([])
    expect(`${told?.title} ${told?.body}`).to.include('nightly import')
    expect((await inboxOf(user)).map(({ body, title }) => `${title} ${body}`).join()).to.include('of my own')

    const later = new Date(Date.now() + 60 * DAY_MS).toISOString()
    await admin.api.patch(`/keys/v1/keys/${ours.id}`, { expires_at: later })
    await look(54)
    expect(await inboxOf(admin)).to.have.length(2)
  })

  it('tell administrators when a quota reaches 80 and 100 percent, once each in its period', async () => {
    const admin = await buildMember(server)
    const quota = '/tenancy/v1/quotas/documents'
    await server.operator.in(admin.tenant.id).put(quota, { limit: 10 })
    const use = async (amount: number) => {
      await admin.api.post(`${quota}/commit`, { amount })
      await server.work()
      return (await inboxOf(admin)).length
    }
    expect(await use(7)).to.equal(0)
    expect(await use(1)).to.equal(1)
    expect(await use(1)).to.equal(1)
    expect(await use(1)).to.equal(2)
    await admin.api.post(`${quota}/release`, { amount: 5 })
    expect(await use(5)).to.equal(2)
    const [full] = await inboxOf(admin)
    expect(`${full?.title} ${full?.body}`).to.include('100').and.include('documents')
    await server.operator.in(admin.tenant.id).put(quota, { limit: 20 })
    const { body: held } = await admin.api.post(`${quota}/reserve`, { amount: 8 })
    await admin.api.post(`${quota}/commit`, { reservation_id: held.id, amount: 7 })
    await server.work()
    expect(await inboxOf(admin)).to.have.length(3)
  })

  it('tell administrators by mail too that a webhook endpoint was disabled, and no secret of its address', async () => {
    const admin = await buildMember(server)
    const { body: endpoint } = await admin.api.post(`${V1}/webhook-endpoints`, {
      url: 'https://93.184.215.14/hooks/s3cr3t-canary',
      event_types: ['app.x'],
    })
    await server.resources.db.readSystem({
      text: `update webhook_endpoints set disabled_at = now(), disabled_reason = 'failing' where id = $1`,
      values: [endpoint.id],
    })
    const ctx = backgroundContext(server.resources, 'test', { ...admin.tenant, status: 'active' })
    const event = { endpointId: endpoint.id, reason: 'failing' } as const
    await ctx.transaction(() => ctx.emit('notifications.webhook.disabled', event))
    await server.work()
    const [told] = await inboxOf(admin)
    // Names are kept from becoming links by marks that nobody sees.
    const words = `${told?.title} ${told?.body}`.replace(/[^\x20-\x7e]/g, '')
    expect(words).to.include('93.184.215.14').and.not.include('s3cr3t')
    const deliveries = await deliveriesOf(admin, told?.message_id ?? '')
    expect(deliveries.map(({ channel, status }) => `${channel} ${status}`)).to.have.members([
      'in_app delivered',
      'email sent',
    ])
  })

  it('tell administrators of a leaked key, whatever they switched off', async () => {
    const admin = await buildMember(server)
    await admin.api.put(`${V1}/preferences`, { channels: { in_app: false, email: false } })
    const leaked = await buildKey(admin, ['tenancy:read'], { name: 'ci' })
    await server.post('/keys/v1/leaked', [{ token: leaked.key, url: 'https://paste.example/1' }])
    await server.work()
    const [told] = await inboxOf(admin)
    expect(told?.title).to.include('ci')
    const deliveries = await deliveriesOf(admin, told?.message_id ?? '')
    expect(deliveries.map(summary)).to.deep.equal([
      'in_app delivered by critical',
      'email sent by critical',
      'push skipped by no_address',
    ])
  })

  it('leave nothing of somebody whose account is gone', async () => {
    const user = await buildMember(server)
    await user.api.put(`${V1}/preferences`, { locale: 'de' })
    await server.operator.delete(`/auth/v1/users/${user.id}`)
    await server.work()
    const rows = await server.resources.db.readSystem({
      text: 'select 1 from notification_preferences where recipient_id = $1',
      values: [user.id],
    })
    expect(rows).to.deep.equal([])
  })

  it('end with the membership: who left finds no inbox and is told nothing more', async () => {
    const admin = await buildMember(server)
    const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const to = { user_id: user.id }
    const words = { content: { title: 'Hello', body: 'Hello' }, category: 'product', channels: ['in_app'] }
    await admin.api.post(`${V1}/send`, { to, ...words })
    await server.work()
    expect(await inboxOf(user)).to.have.length(1)
    await admin.api.delete(`/tenancy/v1/members/${user.id}`)
    await server.work()
    const { body } = await admin.api.post(`${V1}/send`, { to, ...words })
    await server.work()
    expect((await admin.api.get(`${V1}/messages/${body.id}`)).body.unresolved).to.have.length(1)
    const rows = await server.resources.db.readSystem({
      text: 'select 1 from notification_inbox_items where recipient_id = $1',
      values: [user.id],
    })
    expect(rows).to.deep.equal([])
  })
})
