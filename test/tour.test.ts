import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { addTotp, mailedToken } from '../server/services/auth/test-support.js'
import { writeBackupSettings } from '../server/services/backups/test-support.js'
import { RECEIVER_SETTINGS } from '../server/services/notifications/webhooks/test-support.js'
import { documentOf } from './api-document.js'
import { type BuiltUser, buildKey, buildMember, buildStaff, buildTenant, PASSWORD, unique } from './build.js'
import type { Answer } from './caller.js'
import { useReceivers } from './receiver.js'
import { OPERATOR_PASSWORD, useServer } from './server.js'
import { CHANNEL_SECRETS, tourChannels } from './tour-channels.js'
import { tourNotifications } from './tour-notifications.js'

/** The body of an answer that has to be a success; the caller already held it against the document. */
async function ok(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, text, body } = await answer
  expect(status, text).to.be.within(200, 299)
  return body
}

describe('a tour of the API', function () {
  this.timeout(120_000)
  const recovery = join(tmpdir(), `vetrai-tour-${process.pid}`)
  const server = useServer({
    settings: { ...RECEIVER_SETTINGS, ...CHANNEL_SECRETS, BACKUP_RECOVERY_PATH: recovery },
  })
  const receivers = useReceivers()

  it('tours tenancy', async () => {
    const { operator } = server
    const admin = await buildMember(server)
    const { id } = admin.tenant
    await ok(operator.get('/tenancy/v1/tenants?limit=2'))
    await ok(admin.api.get(`/tenancy/v1/tenants/${id}`))
    await ok(admin.api.patch(`/tenancy/v1/tenants/${id}`, { name: 'Renamed' }))
    await ok(operator.post(`/tenancy/v1/tenants/${id}/suspend`, { reason: 'unpaid' }))
    await ok(operator.post(`/tenancy/v1/tenants/${id}/resume`))
    await ok(admin.api.get('/tenancy/v1/settings'))
    await ok(admin.api.patch('/tenancy/v1/settings', { colour: 'green' }))
    await ok(admin.api.get('/tenancy/v1/audit-logs'))
    expect((await ok(admin.api.post('/tenancy/v1/audit-logs/verify'))).ok).to.equal(true)
    expect((await ok(operator.post('/tenancy/v1/audit-logs/verify'))).ok).to.equal(true)
    const doomed = await buildTenant(server)
    await ok(operator.delete(`/tenancy/v1/tenants/${doomed.id}`))
  })

  it('tours members and invitations', async () => {
    const admin = await buildMember(server)
    const member = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const other = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    await ok(admin.api.get('/tenancy/v1/members'))
    await ok(admin.api.get(`/tenancy/v1/members/${member.id}`))
    await ok(admin.api.patch(`/tenancy/v1/members/${member.id}`, { role: 'billing_admin' }))
    await ok(admin.api.delete(`/tenancy/v1/members/${member.id}`))
    await ok(other.api.post('/tenancy/v1/members/leave'))

    const guest = await buildMember(server)
    const invite = (email: string) => ok(admin.api.post('/tenancy/v1/invitations', { email, role: 'user' }))
    const invitation = await invite(guest.email)
    await ok(admin.api.get('/tenancy/v1/invitations'))
    await ok(admin.api.get(`/tenancy/v1/invitations/${invitation.id}`))
    await ok(admin.api.post(`/tenancy/v1/invitations/${invitation.id}/resend`))
    const token = await mailedToken(server, guest.email)
    await ok(server.post('/tenancy/v1/invitations/lookup', { token }))
    await ok(guest.api.post('/tenancy/v1/invitations/accept', { token }))
    const unwanted = await invite(`${unique('nobody')}@example.com`)
    await ok(admin.api.delete(`/tenancy/v1/invitations/${unwanted.id}`))
  })

  it('tours quotas', async () => {
    const admin = await buildMember(server)
    await ok(server.operator.in(admin.tenant.id).put('/tenancy/v1/quotas/documents', { limit: 5 }))
    await ok(admin.api.get('/tenancy/v1/quotas'))
    await ok(admin.api.get('/tenancy/v1/quotas/documents'))
    const held = await ok(admin.api.post('/tenancy/v1/quotas/documents/reserve', { amount: 2 }))
    await ok(admin.api.get(`/tenancy/v1/quotas/documents/reservations/${held.id}`))
    await ok(admin.api.post('/tenancy/v1/quotas/documents/commit', { reservation_id: held.id }))
    const again = await ok(admin.api.post('/tenancy/v1/quotas/documents/reserve', { amount: 1 }))
    await ok(admin.api.post('/tenancy/v1/quotas/documents/release', { reservation_id: again.id }))
    await ok(server.operator.in(admin.tenant.id).delete('/tenancy/v1/quotas/documents'))
  })

  it('tours signing up, in and out', async () => {
    const email = `${unique('new')}@example.com`
    await ok(server.post('/auth/v1/signup', { email, password: PASSWORD }))
    await ok(server.post('/auth/v1/email/resend', { email }))
    await ok(server.post('/auth/v1/email/verify', { token: await mailedToken(server, email) }))
    const first = await ok(server.post('/auth/v1/login', { email, password: PASSWORD }))
    const second = await ok(server.post('/auth/v1/refresh', { refresh_token: first.refresh_token }))
    await ok(server.as(second.access_token).post('/auth/v1/logout', {}))
    await ok(server.post('/auth/v1/password/forgot', { email }))
    const token = await mailedToken(server, email)
    await ok(server.post('/auth/v1/password/reset', { token, new_password: `${PASSWORD} anew` }))
    await ok(server.get('/auth/.well-known/jwks.json'))
  })

  it('tours the keys of the installation', async () => {
    await ok(server.operator.get('/auth/v1/installation-keys'))
    await ok(server.operator.post('/auth/v1/signing-keys/rotate', {}))
    await ok(server.operator.post('/auth/v1/sealing-keys/rotate'))
  })

  it('tours a maintenance', async () => {
    const path = '/installation/v1/maintenance'
    await ok(server.operator.put(path, { message: 'Back at noon.' }))
    expect((await ok(server.operator.get(path))).on).to.equal(true)
    await ok(server.operator.delete(path))
  })

  it('tours backups', async () => {
    const { operator } = server
    await writeBackupSettings(recovery)
    const { job_id: id } = await ok(operator.post('/backups/v1/runs', { kind: 'drill' }))
    await server.work()
    await ok(operator.post(`/workers/v1/jobs/${id}/cancel`))
    const { data } = await ok(operator.get('/backups/v1/runs?kind=drill'))
    await ok(operator.get(`/backups/v1/runs/${data[0].id}`))
    await ok(operator.get('/backups/v1/status'))
    await rm(recovery, { recursive: true })
  })

  it('tours an account', async () => {
    const me = await buildMember(server)
    await ok(me.api.get('/auth/v1/me'))
    await ok(me.api.patch('/auth/v1/me', { name: 'Ada' }))
    await ok(me.api.post('/auth/v1/reauthenticate', { password: PASSWORD }))
    await ok(me.api.post('/auth/v1/switch', { tenant: me.tenant.slug }))
    await ok(me.api.get('/auth/v1/why?permission=keys.create'))
    const token = await ok(me.api.post('/auth/v1/tokens', { name: 'script' }))
    await ok(me.api.get('/auth/v1/tokens'))
    await ok(me.api.form('/auth/v1/introspect', { token: token.token ?? token.access_token }))
    await ok(me.api.form('/auth/v1/revoke', { token: token.token ?? token.access_token }))
    const other = await ok(me.api.post('/auth/v1/tokens', { name: 'other' }))
    await ok(me.api.delete(`/auth/v1/tokens/${other.id}`))
    await tourSessions(me)
    await tourFactors(me)
    await ok(
      me.api.post('/auth/v1/password/change', {
        current_password: PASSWORD,
        new_password: `${PASSWORD} anew`,
      }),
    )
  })

  const tourSessions = async (me: BuiltUser): Promise<void> => {
    const another = () => ok(server.post('/auth/v1/login', { email: me.email, password: PASSWORD }))
    await another()
    const { data } = await ok(me.api.get('/auth/v1/sessions'))
    const notMine = data.find((session: { current: boolean }) => !session.current)
    await ok(me.api.delete(`/auth/v1/sessions/${notMine.id}`))
    await another()
    await ok(me.api.post('/auth/v1/sessions/revoke-others'))
  }

  const tourFactors = async (me: BuiltUser): Promise<void> => {
    const factor = await addTotp(server, me)
    await ok(me.api.get('/auth/v1/factors'))
    await ok(me.api.post('/auth/v1/factors/recovery-codes'))
    const asked = await ok(server.post('/auth/v1/login', { email: me.email, password: PASSWORD }))
    await ok(server.post('/auth/v1/login/mfa', { mfa_token: asked.mfa_token, code: factor.codeAt(0) }))
    await ok(me.api.delete(`/auth/v1/factors/${factor.id}`))
  }

  it('tours the administration of people', async () => {
    const admin = await buildMember(server)
    const person = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    const { operator } = server
    await ok(admin.api.get('/auth/v1/users'))
    await ok(admin.api.get(`/auth/v1/users/${person.id}`))
    await ok(admin.api.patch(`/auth/v1/users/${person.id}`, { role: 'billing_admin' }))
    await ok(operator.post(`/auth/v1/users/${person.id}/password`, { password: `${PASSWORD} anew` }))
    await ok(operator.get(`/auth/v1/users/${person.id}/sessions`))
    await ok(operator.delete(`/auth/v1/users/${person.id}/sessions`))
    await ok(operator.delete(`/auth/v1/users/${person.id}/factors`))
    await ok(operator.post(`/auth/v1/users/${person.id}/disable`))
    await ok(operator.post(`/auth/v1/users/${person.id}/enable`))
    const staff = await buildStaff(server, 'super_admin')
    await ok(staff.api.post('/auth/v1/reauthenticate', { password: PASSWORD }))
    await ok(staff.api.post(`/auth/v1/users/${person.id}/impersonate`, { reason: 'they asked for help' }))
    await ok(operator.delete(`/auth/v1/users/${person.id}`))
    await ok(server.post('/auth/v1/login', { email: 'operator@vetrai.test', password: OPERATOR_PASSWORD }))
  })

  it('tours keys', async () => {
    const admin = await buildMember(server)
    const key = await buildKey(admin, ['tenancy:read'])
    await ok(admin.api.get('/keys/v1/keys'))
    await ok(admin.api.get(`/keys/v1/keys/${key.id}`))
    await ok(admin.api.patch(`/keys/v1/keys/${key.id}`, { name: 'renamed' }))
    expect((await ok(admin.api.post('/keys/v1/verify', { key: key.key }))).valid).to.equal(true)
    await ok(admin.api.get(`/keys/v1/keys/${key.id}/usage`))
    await ok(admin.api.get('/keys/v1/usage'))
    const rotated = await ok(admin.api.post(`/keys/v1/keys/${key.id}/rotate`, { grace_s: 60 }))
    await ok(admin.api.post(`/keys/v1/keys/${rotated.id}/revoke`))
    const leaked = await buildKey(admin, ['tenancy:read'])
    await ok(admin.api.post('/keys/v1/leaked', [{ token: leaked.key }]))
    await ok(admin.api.delete(`/keys/v1/keys/${key.id}`))
  })

  it('tours notifications', () => tourNotifications(server))

  it('tours the channels', () => tourChannels(server))

  it('tours webhooks', async () => {
    const { api } = await buildMember(server)
    const receiver = await receivers()
    const [endpoints, messages] = [
      '/notifications/v1/webhook-endpoints',
      '/notifications/v1/webhook-messages',
    ]
    await ok(api.get('/notifications/v1/event-types'))
    const { id } = await ok(api.post(endpoints, { url: receiver.url, event_types: ['app.*'] }))
    await ok(api.get(endpoints))
    await ok(api.get(`${endpoints}/${id}`))
    await ok(api.patch(`${endpoints}/${id}`, { description: 'Toured' }))
    await ok(api.post(`${endpoints}/${id}/rotate`))
    await ok(api.post(`${endpoints}/${id}/test`))
    const message = await ok(api.post(messages, { type: 'app.tour.begun', data: { guide: 'Ada' } }))
    await server.work()
    expect(receiver.requests).to.have.length(2)
    await ok(api.get(messages))
    await ok(api.get(`${messages}/${message.id}`))
    await ok(api.get(`${messages}/${message.id}/attempts`))
    await ok(api.post(`${messages}/${message.id}/replay`))
    const since = new Date(Date.now() - 60_000).toISOString()
    await ok(api.post(`${endpoints}/${id}/replay`, { since }))
    await ok(api.get(`${endpoints}/${id}/stats`))
    await ok(api.get(`${endpoints}/${id}/deliveries`))
    await ok(api.get(`${endpoints}/${id}/attempts`))
    await ok(api.delete(`${endpoints}/${id}`))
  })

  it('tours jobs and queues', async () => {
    const admin = await buildMember(server)
    const job = { kind: 'workers.http-request', payload: { url: 'http://169.254.169.254/' } }
    await ok(admin.api.get('/workers/v1/job-kinds'))
    const { id } = await ok(admin.api.post('/workers/v1/jobs', job))
    await server.runJobs()
    await ok(admin.api.get('/workers/v1/jobs'))
    for (const part of ['', '/attempts', '/logs']) await ok(admin.api.get(`/workers/v1/jobs/${id}${part}`))
    await (await admin.api.stream(`/workers/v1/jobs/${id}/events`)).rest()
    const letters = await ok(admin.api.get('/workers/v1/dead-letters'))
    await ok(admin.api.get(`/workers/v1/dead-letters/${letters.data[0].id}`))
    await ok(admin.api.post(`/workers/v1/dead-letters/${letters.data[0].id}/redrive`))
    await ok(admin.api.post(`/workers/v1/jobs/${id}/cancel`))
    await ok(admin.api.post(`/workers/v1/jobs/${id}/retry`))
    await ok(admin.api.post('/workers/v1/jobs/batch', { jobs: [job], gather: true }))
    await ok(admin.api.post('/workers/v1/dead-letters/redrive', {}))
    await ok(admin.api.get('/workers/v1/queues'))
    await ok(server.operator.post('/workers/v1/queues/workers/pause', {}))
    await ok(server.operator.post('/workers/v1/queues/workers/resume'))
  })

  it('tours schedules', async () => {
    const { api } = await buildMember(server)
    const kind = { kind: 'workers.http-request', payload: { url: 'http://169.254.169.254/' } }
    const { id } = await ok(api.post('/workers/v1/schedules', { name: 'nightly', ...kind, cron: '@daily' }))
    await ok(api.post('/workers/v1/schedules/preview', { every_s: 60 }))
    await ok(api.get('/workers/v1/schedules'))
    await ok(api.patch(`/workers/v1/schedules/${id}`, { time_zone: 'Europe/Berlin' }))
    await ok(api.get(`/workers/v1/schedules/${id}/next-runs?count=3`))
    await ok(api.post(`/workers/v1/schedules/${id}/pause`))
    await ok(api.post(`/workers/v1/schedules/${id}/resume`))
    const { job_id } = await ok(api.post(`/workers/v1/schedules/${id}/run`))
    expect((await ok(api.get(`/workers/v1/jobs/${job_id}`))).schedule_id).to.equal(id)
    await ok(api.get(`/workers/v1/schedules/${id}`))
    await ok(api.delete(`/workers/v1/schedules/${id}`))
  })

  it('tours notification templates', async () => {
    const { api } = await buildMember(server)
    const templates = '/notifications/v1/templates'
    const own = `${templates}/order-shipped`
    await ok(api.get(`${templates}?limit=3`))
    await ok(api.post(templates, { key: 'order-shipped', name: 'Order shipped' }))
    const email = { subject: 'On its way', body: '<mj-text>It is on its way.</mj-text>' }
    await ok(api.patch(own, { content: { en: { email } } }))
    expect((await ok(api.post(`${own}/preview`, {}))).email.subject).to.equal('On its way')
    const version = await ok(api.post(`${own}/publish`, { note: 'first' }))
    expect((await ok(api.get(own))).published_version).to.equal(1)
    await ok(api.get(`${own}/versions`))
    await ok(api.get(`${own}/versions/${version.id}`))
    await ok(api.post(`${own}/unpublish`))
    await ok(api.post(`${own}/rollback`, { version: 1 }))
    await ok(api.post(`${own}/test`, {}))
    await ok(api.delete(own))
    await ok(api.put('/notifications/v1/theme', { brand_color: '#0a7cff' }))
    await ok(api.get('/notifications/v1/theme'))
  })

  it('tours workflows', async () => {
    const admin = await buildMember(server)
    const templates = '/workers/v1/workflow-templates'
    await ok(admin.api.get(`${templates}/catalogue`))
    await ok(admin.api.get(`${templates}/schema`))
    const { id } = await ok(admin.api.post(templates, { name: 'first', from: 'first-steps' }))
    await ok(admin.api.get(templates))
    await ok(admin.api.patch(`${templates}/${id}`, { description: 'To begin with.' }))
    expect((await ok(admin.api.post(`${templates}/${id}/validate`, {}))).valid).to.equal(true)
    await ok(admin.api.post(`${templates}/${id}/publish`, {}))
    for (const part of ['', '/graph', '/versions', '/versions/1', '/versions/1/diff']) {
      await ok(admin.api.get(`${templates}/${id}${part}`))
    }
    await ok(
      admin.api.put('/workers/v1/workflow-secrets/API_KEY', { value: 'at-least-8', hosts: ['example.com'] }),
    )
    await ok(admin.api.get('/workers/v1/workflow-secrets'))
    await ok(admin.api.delete('/workers/v1/workflow-secrets/API_KEY'))

    const runs = '/workers/v1/workflow-runs'
    const run = await ok(admin.api.post(runs, { template: 'first' }))
    await server.work()
    // It waits a second, and then for a person, which must not be over at once.
    await server.resources.db.readSystem({
      text: "update worker_jobs set run_at = now() where kind = 'workflows.wake'",
    })
    await server.work()
    await ok(admin.api.get(runs))
    expect((await ok(admin.api.get(`${runs}/${run.id}`))).waiting_for).to.have.length(1)
    await ok(admin.api.post(`${runs}/${run.id}/resume`, { answer: { approved: true } }))
    await server.work()
    for (const part of ['/steps', '/checkpoints']) await ok(admin.api.get(`${runs}/${run.id}${part}`))
    await (await admin.api.stream(`${runs}/${run.id}/events`)).rest()
    const { data } = await ok(admin.api.get(`${runs}/${run.id}/checkpoints`))
    await ok(admin.api.get(`${runs}/${run.id}/checkpoints/${data[0].id}`))
    const again = await ok(admin.api.post(`${runs}/${run.id}/replay`, {}))
    await ok(admin.api.post(`${runs}/${again.id}/cancel`))
    await ok(admin.api.delete(`${templates}/${id}`))
  })

  it('has been to every operation, so that each answered as it is documented', async () => {
    const document = await documentOf(server.url)
    const missed = document.operations
      .map((operation) => operation.operationId)
      .filter((id) => ![...(document.seen.get(id) ?? [])].some((status) => status < 300))
    expect(missed).to.deep.equal([])
  })
})
