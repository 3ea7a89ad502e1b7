import { expect } from 'chai'
import { type BuiltUser, buildMember, buildTenant, unique } from '../../../test/build.js'
import { type TestServer, useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { readMailbox } from '../../outbound/read-mailbox.js'

const INVITATIONS = '/tenancy/v1/invitations'

describe('/tenancy/v1/invitations', () => {
  const server = useServer()
  afterEach(() => {
    server.now = undefined
  })

  it('refuses calls without identity, except to look at what a token invites to', async () => {
    const { anonymous } = server
    const path = `${INVITATIONS}/0190c0de-0000-7000-8000-000000000000`
    const calls = [
      anonymous.post(INVITATIONS, { email: 'a@example.com' }),
      anonymous.get(INVITATIONS),
      anonymous.get(path),
      anonymous.delete(path),
      anonymous.post(`${path}/resend`),
      anonymous.post(`${INVITATIONS}/accept`, { token: 'x' }),
    ]
    for (const res of await Promise.all(calls)) expect(res.status).to.equal(401)
    const { body } = await anonymous.post(`${INVITATIONS}/lookup`, { token: 'x' })
    expect(body.code).to.equal('tenancy.invitation_unknown')
  })

  it('refuses members who do not administer', async () => {
    const user = await buildMember(server, { role: 'user' })
    expect((await user.api.post(INVITATIONS, { email: 'a@example.com' })).status).to.equal(403)
    expect((await user.api.get(INVITATIONS)).status).to.equal(403)
  })

  it('hides invitations of another tenant', async () => {
    const [ours, theirs] = await Promise.all([buildMember(server), buildMember(server)])
    const { body } = await theirs.api.post(INVITATIONS, { email: `${unique('guest')}@example.com` })
    const path = `${INVITATIONS}/${body.id}`
    expect((await ours.api.get(path)).status).to.equal(404)
    expect((await ours.api.delete(path)).status).to.equal(404)
    expect((await ours.api.post(`${path}/resend`)).status).to.equal(404)
    expect((await ours.api.get(INVITATIONS)).body.data).to.deep.equal([])
    expect((await theirs.api.get(path)).body.state).to.equal('pending')
  })

  it('mails a link whose token is stored nowhere, and joins the account of that address', async () => {
    const admin = await buildMember(server)
    const guest = await person(server)
    const made = await admin.api.post(INVITATIONS, {
      email: guest.email.toUpperCase(),
      role: 'billing_admin',
    })
    expect(made.body).to.include({
      email: guest.email,
      role: 'billing_admin',
      state: 'pending',
      invited_by: admin.id,
    })
    const token = await mailedToken(server, guest.email)

    const glance = await server.post(`${INVITATIONS}/lookup`, { token })
    expect(glance.body).to.include({
      email: guest.email,
      role: 'billing_admin',
      tenant_name: 'An organisation',
      inviter: admin.email,
    })
    const res = await guest.api.post(`${INVITATIONS}/accept`, { token })
    expect([res.status, res.body.tenant.id, res.body.role]).to.deep.equal([
      200,
      admin.tenant.id,
      'billing_admin',
    ])
    expect((await admin.api.get(`${INVITATIONS}/${made.body.id}`)).body.state).to.equal('accepted')
    expect((await admin.api.get(`/tenancy/v1/members/${guest.id}`)).body.role).to.equal('billing_admin')
    expect(await everywhere(server, token)).to.deep.equal([])
  })

  it('is accepted exactly once by 100 callers at the same time', async function () {
    this.timeout(60_000)
    const { admin, guest, token } = await invited(server)
    const all = await Promise.all(
      Array.from({ length: 100 }, () => guest.api.post(`${INVITATIONS}/accept`, { token })),
    )
    expect(all.filter((res) => res.status === 200)).to.have.length(1)
    for (const res of all.filter((one) => one.status !== 200)) {
      expect([res.status, res.body.code]).to.deep.equal([409, 'tenancy.invitation_used'])
    }
    const members = await admin.api.get(`/tenancy/v1/members?q=${guest.email}`)
    expect(members.body.data).to.have.length(1)
    const log = await admin.api.get('/tenancy/v1/audit-logs?action=invitation.accepted')
    expect(log.body.data).to.have.length(1)
  })

  it('refuses another account, and the right one until its address is verified', async () => {
    const { admin, guest, token } = await invited(server)
    const [thief, unverified] = await Promise.all([person(server), person(server)])
    await setVerified(server, unverified, false)
    const other = await thief.api.post(`${INVITATIONS}/accept`, { token })
    expect([other.status, other.body.code]).to.deep.equal([403, 'tenancy.invitation_for_other'])

    await admin.api.post(INVITATIONS, { email: unverified.email })
    const theirs = await mailedToken(server, unverified.email)
    const early = await unverified.api.post(`${INVITATIONS}/accept`, { token: theirs })
    expect([early.status, early.body.code]).to.deep.equal([403, 'tenancy.email_not_verified'])
    await setVerified(server, unverified, true)
    expect((await unverified.api.post(`${INVITATIONS}/accept`, { token: theirs })).status).to.equal(200)
    expect((await guest.api.post(`${INVITATIONS}/accept`, { token })).status).to.equal(200)
  })

  it('ends after seven days', async () => {
    const { guest, admin, token } = await invited(server)
    const { data } = (await admin.api.get(`${INVITATIONS}?state=pending`)).body
    expect(data).to.have.length(1)
    const lived = Date.parse(data[0].expires_at) - Date.parse(data[0].created_at)
    expect(Math.round(lived / 86_400_000)).to.equal(7)

    server.now = () => new Date(Date.parse(data[0].expires_at) + 1)
    const glance = await server.post(`${INVITATIONS}/lookup`, { token })
    expect([glance.status, glance.body.code]).to.deep.equal([410, 'tenancy.invitation_ended'])
    const operator = server.operator.in(admin.tenant.id)
    expect((await operator.get(`${INVITATIONS}?state=expired`)).body.data).to.have.length(1)

    expect((await operator.post(`${INVITATIONS}/${data[0].id}/resend`)).body.state).to.equal('pending')
    const renewed = await mailedToken(server, guest.email)
    expect((await server.post(`${INVITATIONS}/lookup`, { token: renewed })).status).to.equal(200)
  })

  it('is replaced when the address is invited again, and by a mail sent again', async () => {
    const { admin, guest, token } = await invited(server)
    await admin.api.post(INVITATIONS, { email: guest.email, role: 'org_admin' })
    const second = await mailedToken(server, guest.email)
    const old = await server.post(`${INVITATIONS}/lookup`, { token })
    expect(old.body.detail).to.equal('The invitation is revoked.')

    const pending = (await admin.api.get(`${INVITATIONS}?state=pending`)).body.data
    expect(pending.map((one: { role: string }) => one.role)).to.deep.equal(['org_admin'])
    await admin.api.post(`${INVITATIONS}/${pending[0].id}/resend`)
    const third = await mailedToken(server, guest.email)
    expect((await server.post(`${INVITATIONS}/lookup`, { token: second })).status).to.equal(404)
    expect((await guest.api.post(`${INVITATIONS}/accept`, { token: third })).body.role).to.equal('org_admin')
  })

  it('leaves one open invitation when an address is invited many times at once', async () => {
    const { api } = await buildMember(server)
    const email = `${unique('guest')}@example.com`
    const all = await Promise.all(Array.from({ length: 6 }, () => api.post(INVITATIONS, { email })))
    expect(all.map((res) => res.status)).to.deep.equal([201, 201, 201, 201, 201, 201])
    expect((await api.get(`${INVITATIONS}?state=pending`)).body.data).to.have.length(1)
    expect((await api.get(`${INVITATIONS}?state=revoked`)).body.data).to.have.length(5)
  })

  it('stops working when it is taken back, which may be repeated', async () => {
    const { admin, guest, token } = await invited(server)
    const { data } = (await admin.api.get(INVITATIONS)).body
    const path = `${INVITATIONS}/${data[0].id}`
    expect((await admin.api.delete(path)).status).to.equal(204)
    expect((await admin.api.delete(path)).status).to.equal(204)
    const late = await guest.api.post(`${INVITATIONS}/accept`, { token })
    expect([late.status, late.body.code]).to.deep.equal([410, 'tenancy.invitation_ended'])
    expect((await admin.api.post(`${path}/resend`)).status).to.equal(410)
  })

  it('does not flood one mailbox, and refuses who is a member already', async () => {
    const { api, email: own } = await buildMember(server)
    expect((await api.post(INVITATIONS, { email: own })).body.code).to.equal('tenancy.already_member')
    const email = `${unique('guest')}@example.com`
    for (let i = 0; i < 10; i++) expect((await api.post(INVITATIONS, { email })).status).to.equal(201)
    expect((await api.post(INVITATIONS, { email })).body.code).to.equal('tenancy.mailed_too_often')
  })

  it('leads into no tenant that is suspended or being deleted', async () => {
    const { admin, guest, token } = await invited(server)
    const path = `/tenancy/v1/tenants/${admin.tenant.id}`
    await server.operator.post(`${path}/suspend`)
    const suspended = await guest.api.post(`${INVITATIONS}/accept`, { token })
    expect(suspended.body.code).to.equal('request.tenant_suspended')
    await server.operator.delete(path)
    expect((await guest.api.post(`${INVITATIONS}/accept`, { token })).status).to.equal(404)
  })

  it('never lets in more than the quota "seats", also when many accept at once', async () => {
    const admin = await buildMember(server)
    await server.operator.in(admin.tenant.id).put('/tenancy/v1/quotas/seats', { limit: 3 })
    const guests = await Promise.all(Array.from({ length: 5 }, () => person(server)))
    for (const { email } of guests) await admin.api.post(INVITATIONS, { email })
    const tokens: string[] = []
    for (const { email } of guests) tokens.push(await mailedToken(server, email))
    const all = await Promise.all(
      guests.map(({ api }, i) => api.post(`${INVITATIONS}/accept`, { token: tokens[i] })),
    )
    expect(all.map((res) => res.status).sort()).to.deep.equal([200, 200, 409, 409, 409])
    expect((await admin.api.get('/tenancy/v1/quotas/seats')).body).to.include({ used: 3, remaining: 0 })
  })
})

async function invited(server: TestServer) {
  const [admin, guest] = await Promise.all([buildMember(server), person(server)])
  const res = await admin.api.post(INVITATIONS, { email: guest.email })
  expect(res.status).to.equal(201)
  return { admin, guest, token: await mailedToken(server, guest.email) }
}

/** Somebody signed in, in a tenant of their own. */
async function person(server: TestServer): Promise<BuiltUser> {
  const made = await buildMember(server, { tenant: await buildTenant(server) })
  await setVerified(server, made, true)
  return made
}

async function setVerified(server: TestServer, { id }: BuiltUser, verified: boolean): Promise<void> {
  const at = verified ? 'now()' : 'null'
  await asAdmin(
    await stores(),
    `update users set email_verified_at = ${at} where id = '${id}'`,
    server.databaseName,
  )
}

/** The token in the newest mail to this address. */
async function mailedToken(server: TestServer, email: string): Promise<string> {
  await server.outbox.drain()
  const mails = (await readMailbox(server.mailbox)).filter((mail) => mail.to.includes(email))
  const token = /#token=([\w-]+)/.exec(mails.at(-1)?.text ?? '')?.[1]
  if (!token) throw new Error(`no invitation was mailed to ${email}`)
  return token
}

/** Places of the database and the log that hold the text. */
async function everywhere(server: TestServer, text: string): Promise<string[]> {
  const shared = await stores()
  const names = await asAdmin(
    shared,
    "select tablename from pg_tables where schemaname = 'public'",
    server.databaseName,
  )
  const found = server.logs.filter((line) => line.includes(text))
  for (const { tablename } of names.rows) {
    const sql = `select 1 from ${tablename} t where t::text like '%${text}%'`
    if ((await asAdmin(shared, sql, server.databaseName)).rowCount) found.push(tablename)
  }
  return found
}
