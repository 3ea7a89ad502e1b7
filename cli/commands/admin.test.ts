import { expect } from 'chai'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

const TENANT = {
  id: '01990f6e-5f0e-7000-8000-000000000001',
  slug: 'acme',
  name: 'Acme',
  status: 'active',
  plan: 'free',
}
const KEY = {
  id: '01990f6e-5f0e-7000-8000-000000000002',
  name: 'ci',
  state: 'active',
  environment: 'live',
  start: 'vtr_live_abcd',
  scopes: ['tenancy:read'],
  expires_at: null,
  created_at: '2026-11-22T20:30:00.000Z',
}
const USER = {
  id: '01990f6e-5f0e-7000-8000-000000000003',
  email: 'ann@acme.example',
  name: 'Ann',
  role: 'user',
  installation_role: null,
  status: 'active',
  created_at: '2026-11-22T20:30:00.000Z',
}
const page = (...data: object[]) => ({ body: { data, next_cursor: null, has_more: false } })

describe('admin commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => bed.stub.reset())
  after(() => bed.remove())

  it('call the API as the operator, with the token made at init', async () => {
    bed.stub.on('GET /tenancy/v1/tenants', page(TENANT))
    await bed.run('tenants list')
    expect(bed.stub.seen[0]?.headers.authorization).to.equal(`Bearer ${bed.token}`)
  })

  it('say nothing of the operator token, whatever happens', async () => {
    bed.stub.on('GET /tenancy/v1/tenants', { status: 403, body: { detail: 'No.', code: 'auth.forbidden' } })
    for (const argv of ['tenants list', 'tenants list --json']) {
      const { code, stdout, stderr } = await bed.run(argv)
      expect(code).to.equal(4)
      expect(stdout + stderr).not.to.include(bed.token)
    }
  })

  it('show the request id of a failure', async () => {
    const text = await bed.run('tenants info nobody')
    const json = await bed.run('tenants info nobody --json')
    expect(text.code).to.equal(1)
    expect(text.stderr).to.include('req-404')
    expect(json.json<{ error: object }>().error).to.include({ code: 'http.not_found', request_id: 'req-404' })
  })

  describe('tenants', () => {
    it('lists them as a table or as the page itself', async () => {
      bed.stub.on('GET /tenancy/v1/tenants', page(TENANT))
      const text = await bed.run('tenants list')
      const json = await bed.run('tenants list --json')
      expect(text.stdout)
        .to.match(/SLUG +NAME/)
        .and.include('acme')
      expect(json.json()).to.deep.equal({ data: [TENANT], next_cursor: null, has_more: false })
    })

    it('says how to make the first one', async () => {
      bed.stub.on('GET /tenancy/v1/tenants', page())
      expect((await bed.run('tenants list')).stdout).to.include('vetrai tenants create')
    })

    it('creates one and sends only what was given', async () => {
      bed.stub.on('POST /tenancy/v1/tenants', { status: 201, body: TENANT })
      const run = await bed.run('tenants create acme --json')
      expect(run.json()).to.deep.equal(TENANT)
      expect(bed.stub.seen[0]?.body).to.deep.equal({ slug: 'acme' })
    })

    it('changes one, and refuses to change nothing', async () => {
      bed.stub.on('PATCH /tenancy/v1/tenants/acme', { body: TENANT })
      expect((await bed.run('tenants update acme --name Acme')).code).to.equal(0)
      expect(bed.stub.seen[0]?.body).to.deep.equal({ name: 'Acme' })
      expect((await bed.run('tenants update acme')).code).to.equal(2)
    })

    it('suspends and resumes one', async () => {
      bed.stub.on('POST /tenancy/v1/tenants/acme/suspend', { body: { ...TENANT, status: 'suspended' } })
      bed.stub.on('POST /tenancy/v1/tenants/acme/resume', { body: TENANT })
      expect((await bed.run('tenants suspend acme')).stdout).to.include('suspended')
      expect((await bed.run('tenants resume acme --json')).json()).to.deep.equal(TENANT)
    })

    it('deletes one only when its slug is repeated', async () => {
      bed.stub.on('GET /tenancy/v1/tenants/acme', { body: TENANT })
      bed.stub.on(`DELETE /tenancy/v1/tenants/${TENANT.id}`, { status: 204 })
      const asked = await bed.run('tenants delete acme')
      const wrong = await bed.run('tenants delete acme --confirm acne')
      expect([asked.code, wrong.code]).to.deep.equal([2, 4])
      expect(asked.stderr).to.include('--confirm acme')
      expect(bed.stub.seen.map(({ method }) => method)).not.to.include('DELETE')

      const right = await bed.run('tenants delete acme --confirm acme --purge --json')
      expect(right.json()).to.deep.equal({ id: TENANT.id, slug: 'acme', deleted: true, purged: true })
      expect(bed.stub.seen.at(-1)?.query).to.deep.equal({ purge: 'now' })
    })
  })

  describe('keys', () => {
    it('creates one in the tenant and shows its secret this once', async () => {
      bed.stub.on('POST /keys/v1/keys', { status: 201, body: { ...KEY, key: 'vtr_live_secret' } })
      const run = await bed.run(
        'keys create --tenant acme --name ci --scopes tenancy:read,keys:verify --credits 5 --rate-limit requests=100/60',
      )
      expect(run.code).to.equal(0)
      expect(run.stdout).to.include('vtr_live_secret').and.include('not shown again')
      expect(bed.stub.seen[0]?.headers['x-tenant']).to.equal('acme')
      expect(bed.stub.seen[0]?.body).to.deep.equal({
        name: 'ci',
        scopes: ['tenancy:read', 'keys:verify'],
        credits: 5,
        rate_limits: [{ name: 'requests', limit: 100, window_s: 60 }],
      })
    })

    it('refuses a rate limit it cannot read', async () => {
      const run = await bed.run('keys create --tenant acme --name ci --scopes a:b --rate-limit 100')
      expect(run.code).to.equal(2)
      expect(run.stderr).to.include('NAME=LIMIT/SECONDS')
    })

    it('finds one by its name, among those that still work', async () => {
      bed.stub.on('GET /keys/v1/keys', page(KEY, { ...KEY, id: 'old', state: 'revoked' }))
      bed.stub.on(`POST /keys/v1/keys/${KEY.id}/revoke`, { body: { ...KEY, state: 'revoked' } })
      const run = await bed.run('keys revoke ci --tenant acme --json')
      expect(run.json()).to.include({ id: KEY.id, state: 'revoked' })
    })

    it('refuses a name that two working keys have', async () => {
      bed.stub.on('GET /keys/v1/keys', page(KEY, { ...KEY, id: 'other' }))
      const run = await bed.run('keys revoke ci --tenant acme --json')
      expect(run.code).to.equal(1)
      expect(run.json<{ error: object }>().error).to.include({ code: 'key_name_ambiguous' })
    })

    it('revokes by id without asking for the name first', async () => {
      bed.stub.on(`GET /keys/v1/keys/${KEY.id}`, { body: KEY })
      bed.stub.on(`POST /keys/v1/keys/${KEY.id}/revoke`, { body: { ...KEY, state: 'revoked' } })
      expect((await bed.run(`keys revoke ${KEY.id} --tenant acme`)).code).to.equal(0)
    })

    it('rotates with a grace time', async () => {
      bed.stub.on(`GET /keys/v1/keys/${KEY.id}`, { body: KEY })
      bed.stub.on(`POST /keys/v1/keys/${KEY.id}/rotate`, {
        status: 201,
        body: { ...KEY, key: 'vtr_live_next' },
      })
      const run = await bed.run(`keys rotate ${KEY.id} --tenant acme --grace 60 --json`)
      expect(run.json()).to.include({ key: 'vtr_live_next' })
      expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ grace_s: 60 })
    })

    it('verifies the key on standard input and exits 4 when it is refused', async () => {
      bed.stub.on('POST /keys/v1/verify', ({ body }) => ({
        body:
          (body as { key: string }).key === 'good'
            ? { valid: true, code: 'VALID' }
            : { valid: false, code: 'REVOKED' },
      }))
      const good = await bed.run('keys verify --tenant acme --scopes a:b --cost 0 --json', 'good\n')
      const bad = await bed.run('keys verify --tenant acme', 'bad')
      expect([good.code, bad.code]).to.deep.equal([0, 4])
      expect(bed.stub.seen[0]?.body).to.deep.equal({ key: 'good', scopes: ['a:b'], cost: 0 })
      expect(bad.stdout).to.include('REVOKED')
      expect((await bed.run('keys verify --tenant acme')).code).to.equal(2)
    })

    it('shows use of one key or of all', async () => {
      const usage = {
        bucket: 'hour',
        from: '2026-11-22T00:00:00Z',
        to: '2026-11-23T00:00:00Z',
        totals: { requests: 3, verifications: 2, valid: 1, credits: 9 },
        data: [{ start: '2026-11-22T20:00:00Z', requests: 3, verifications: 2, outcomes: {}, credits: 9 }],
      }
      bed.stub.on('GET /keys/v1/usage', { body: usage })
      bed.stub.on(`GET /keys/v1/keys/${KEY.id}`, { body: KEY })
      bed.stub.on(`GET /keys/v1/keys/${KEY.id}/usage`, { body: usage })
      expect((await bed.run('keys usage --tenant acme')).stdout)
        .to.include('2026-11-22 20:00')
        .and.include('total')
      expect((await bed.run(`keys usage ${KEY.id} --tenant acme --bucket day --json`)).json()).to.deep.equal(
        usage,
      )
    })

    it('lists and shows them without a secret', async () => {
      bed.stub.on('GET /keys/v1/keys', page(KEY))
      const list = await bed.run('keys list --tenant acme --state active')
      expect(list.stdout).to.include('tenancy:read')
      expect(bed.stub.seen[0]?.query).to.deep.equal({ state: 'active', limit: '50' })
      expect((await bed.run('keys info ci --tenant acme')).stdout).to.include(KEY.id)
    })
  })

  describe('users', () => {
    beforeEach(() => bed.stub.on('GET /auth/v1/users', page(USER)))

    it('creates one with a password from standard input, and one without', async () => {
      bed.stub.on('POST /auth/v1/users', { status: 201, body: USER })
      const run = await bed.run(
        'users create ann@acme.example --tenant acme --role user --password-stdin --json',
        'correct horse\n',
      )
      await bed.run('users create ann@acme.example --role super_admin')
      expect(run.json()).to.deep.equal(USER)
      expect(bed.stub.seen.map(({ body }) => body)).to.deep.equal([
        { email: 'ann@acme.example', role: 'user', password: 'correct horse' },
        { email: 'ann@acme.example', role: 'super_admin' },
      ])
      expect(bed.stub.seen.map(({ headers }) => headers['x-tenant'])).to.deep.equal(['acme', undefined])
    })

    it('never shows a password', async () => {
      bed.stub.on('POST /auth/v1/users', {
        status: 422,
        body: { detail: 'Too common.', code: 'auth.password_common' },
      })
      const run = await bed.run('users create ann@acme.example --password-stdin', 'hunter2hunter2')
      expect(run.code).to.equal(1)
      expect(run.stdout + run.stderr).not.to.include('hunter2')
    })

    it('refuses an empty password and names the flag where nobody can be asked', async () => {
      expect((await bed.run('users create ann@acme.example --password-stdin')).code).to.equal(2)
      const run = await bed.run('users set-password ann@acme.example')
      expect(run.code).to.equal(2)
      expect(run.stderr).to.include('--password-stdin')
    })

    it('finds people by e-mail, whatever its case, and by id', async () => {
      bed.stub.on(`GET /auth/v1/users/${USER.id}`, { body: USER })
      expect((await bed.run('users info Ann@acme.example --json')).json()).to.deep.equal(USER)
      expect((await bed.run(`users info ${USER.id} --json`)).json()).to.deep.equal(USER)
      const unknown = await bed.run('users info bob@acme.example --json')
      expect(unknown.json<{ error: object }>().error).to.include({ code: 'user_not_found' })
    })

    it('sets password and role, disables and enables', async () => {
      const path = `/auth/v1/users/${USER.id}`
      bed.stub.on(`POST ${path}/password`, { status: 204 })
      bed.stub.on(`PATCH ${path}`, { body: { ...USER, role: 'org_admin' } })
      bed.stub.on(`POST ${path}/disable`, { body: { ...USER, status: 'disabled' } })
      bed.stub.on(`POST ${path}/enable`, { body: USER })
      expect(
        (await bed.run('users set-password ann@acme.example --password-stdin', 'new words here')).code,
      ).to.equal(0)
      expect((await bed.run('users set-role ann@acme.example org_admin --tenant acme')).stdout).to.include(
        'org_admin',
      )
      expect((await bed.run('users disable ann@acme.example')).stdout).to.include('disabled')
      expect((await bed.run('users enable ann@acme.example --json')).json()).to.deep.equal(USER)
      expect((await bed.run('users set-role ann@acme.example emperor')).code).to.equal(2)
    })

    it('lists sessions and ends them', async () => {
      const path = `/auth/v1/users/${USER.id}/sessions`
      bed.stub.on(`GET ${path}`, page())
      bed.stub.on(`DELETE ${path}`, { body: { sessions: 2, tokens: 1 } })
      const run = await bed.run('users sessions ann@acme.example --revoke')
      expect(run.stderr).to.include('Ended 2 sessions and 1 token')
      expect(run.stdout).to.include('not signed in')
    })
  })

  describe('audit', () => {
    it('lists a tenant’s entries or the installation’s', async () => {
      const entry = {
        id: '1',
        action: 'key.revoked',
        created_at: '2026-11-22T20:30:00Z',
        actor: { kind: 'user', id: 'u1' },
        outcome: 'success',
        target: null,
        request_id: 'r1',
      }
      bed.stub.on('GET /tenancy/v1/audit-logs', page(entry))
      expect((await bed.run('audit list')).stdout)
        .to.include('key.revoked')
        .and.include('user u1')
      await bed.run('audit list --tenant acme --action key.revoked')
      expect(bed.stub.seen.map(({ headers }) => headers['x-tenant'])).to.deep.equal([undefined, 'acme'])
    })

    it('exits 1 and names the entry where the chain is broken', async () => {
      bed.stub.on('POST /tenancy/v1/audit-logs/verify', { body: { ok: false, checked: 7, broken_at: 8 } })
      const run = await bed.run('audit verify')
      expect(run.code).to.equal(1)
      expect(run.stdout).to.include('broken at entry 8')
      bed.stub.on('POST /tenancy/v1/audit-logs/verify', { body: { ok: true, checked: 7, broken_at: null } })
      expect((await bed.run('audit verify --json')).code).to.equal(0)
    })
  })

  describe('suppressions', () => {
    const SUPPRESSION = {
      id: '01990f6e-5f0e-7000-8000-000000000004',
      channel: 'email',
      masked: 'a…@example.com',
      reason: 'hard_bounce',
      source: 'smtp',
      since: '2026-11-25T20:30:00.000Z',
    }
    const OF_TENANT = '/notifications/v1/suppressions'
    const OF_ALL = '/notifications/v1/installation/suppressions'

    it('lists those of a tenant, or the installation’s', async () => {
      bed.stub.on(`GET ${OF_TENANT}`, page(SUPPRESSION))
      bed.stub.on(`GET ${OF_ALL}`, page())
      const run = await bed.run('suppressions list --tenant acme --channel email --reason hard_bounce')
      expect(run.stdout).to.include('a…@example.com').and.include('hard_bounce')
      expect(bed.stub.seen[0]?.query).to.deep.equal({ channel: 'email', reason: 'hard_bounce', limit: '50' })
      expect((await bed.run('suppressions list')).stdout).to.include('No address is on this list.')
      expect(bed.stub.seen.map(({ headers }) => headers['x-tenant'])).to.deep.equal(['acme', undefined])
    })

    it('adds an address, and tells from it what it is for', async () => {
      bed.stub.on(`POST ${OF_TENANT}`, { status: 201, body: SUPPRESSION })
      bed.stub.on(`POST ${OF_ALL}`, { status: 201, body: SUPPRESSION })
      const run = await bed.run('suppressions add ada@example.com --tenant acme --reason complaint --json')
      expect(run.json()).to.deep.equal(SUPPRESSION)
      await bed.run('suppressions add +4915123456789')
      await bed.run('suppressions add https://push.example/x')
      await bed.run('suppressions add whatever --channel email')
      expect(bed.stub.seen.map(({ body }) => body)).to.deep.equal([
        { address: 'ada@example.com', channel: 'email', reason: 'complaint' },
        { address: '+4915123456789', channel: 'sms' },
        { address: 'https://push.example/x', channel: 'push' },
        { address: 'whatever', channel: 'email' },
      ])
    })

    it('removes one by address or id', async () => {
      bed.stub.on(`GET ${OF_TENANT}`, page(SUPPRESSION))
      bed.stub.on(`GET ${OF_ALL}/${SUPPRESSION.id}`, { body: SUPPRESSION })
      for (const path of [OF_TENANT, OF_ALL]) bed.stub.on(`DELETE ${path}/${SUPPRESSION.id}`, { status: 204 })
      const run = await bed.run('suppressions remove ada@example.com --tenant acme')
      expect(run.stdout).to.include('a…@example.com is written to again')
      expect(bed.stub.seen[0]?.query).to.deep.equal({ address: 'ada@example.com', limit: '1' })
      const byId = await bed.run(`suppressions remove ${SUPPRESSION.id} --json`)
      expect(byId.json()).to.deep.equal({ ...SUPPRESSION, removed: true })
    })

    it('says where an address is not', async () => {
      bed.stub.on(`GET ${OF_ALL}`, page())
      const run = await bed.run('suppressions remove ada@example.com --json')
      expect(run.code).to.equal(1)
      expect(run.json<{ error: object }>().error).to.include({ code: 'suppression_not_found' })
    })
  })

  it('says that nothing listens, with exit code 3', async () => {
    const other = await stubDeployment()
    await other.stub.stop()
    const run = await other.run('tenants list --json')
    expect(run.code).to.equal(3)
    expect(run.json<{ error: object }>().error).to.include({ code: 'unreachable' })
    await other.remove()
  })
})
