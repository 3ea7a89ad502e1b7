import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { SeenRequest } from '../../testing/api-stub.js'
import { type StubDeployment, stubDeployment } from '../../testing/stub-deployment.js'
import { DEMO_TENANTS, demoEmail } from './demo-data.js'
import type { SeedResult } from './seed-demo.js'

type Row = Record<string, unknown>

/** What the API of a test was told; work by the path of its list. */
interface Kept {
  tenants: Row[]
  users: Row[]
  keys: Row[]
  work: Map<string, Row[]>
}

describe('seed', () => {
  let bed: StubDeployment
  let kept: Kept

  beforeEach(async () => {
    bed = await stubDeployment()
    kept = { tenants: [], users: [], keys: [], work: new Map() }
    serve(bed, kept)
  })
  afterEach(() => bed.remove())

  it('makes organisations with people in every tenant role, keys, and one that is suspended', async () => {
    const result = (await bed.run('seed --json')).json<SeedResult & Row>()
    expect(result.tenants).to.have.length(DEMO_TENANTS.length)
    expect(new Set(result.users.map(({ role }) => role))).to.deep.equal(
      new Set(['org_admin', 'billing_admin', 'user']),
    )
    expect(result.keys.every(({ key }) => key?.startsWith('vtr_'))).to.equal(true)
    expect(kept.tenants.filter(({ status }) => status === 'suspended')).to.have.length(1)
  })

  it('makes work of every kind in one organisation, of which nothing calls anybody later', async () => {
    const run = await bed.run('seed')
    expect(run.stdout).to.match(
      /Made 4 tenants, .* 1 schedule, 1 workflow, 2 runs, 1 job, 3 messages, and 1 webhook\./,
    )
    const made = (path: string) => kept.work.get(path) ?? []
    expect(made('/workers/v1/schedules').map(({ paused }) => paused)).to.deep.equal([true])
    expect(made('/notifications/v1/webhook-endpoints').map(({ enabled }) => enabled)).to.deep.equal([false])
    expect(made('/workers/v1/jobs').map(({ attempts }) => attempts)).to.deep.equal([1])
    expect(
      made('/notifications/v1/messages').every(({ channels }) => String(channels) === 'in_app'),
    ).to.equal(true)
    expect(made('/workers/v1/workflow-runs').map(({ input }) => input)).to.deep.equal([
      { ask: false },
      { ask: true },
    ])
  })

  it('publishes and runs a workflow that was made and not published, and runs none twice', async () => {
    const path = '/workers/v1/workflow-templates'
    kept.work.set(path, [{ id: 'w1', name: 'count-words', published_version: null }])
    const { work } = (await bed.run('seed --json')).json<SeedResult & Row>()
    const created = work.flatMap((one) => (one.name === 'count-words' ? [`${one.what} ${one.created}`] : []))
    expect(created).to.deep.equal(['workflow false', 'run true', 'run true'])
    kept.work.delete('/workers/v1/workflow-runs')
    await bed.run('seed')
    expect(kept.work.get('/workers/v1/workflow-runs') ?? []).to.deep.equal([])
  })

  it('goes without a webhook where its host has no address, and not where something else is wrong', async () => {
    const route = 'POST /notifications/v1/webhook-endpoints'
    bed.stub.on(route, { status: 422, body: { code: 'notifications.webhook_url_refused', detail: 'No.' } })
    const { work } = (await bed.run('seed --json')).json<SeedResult & Row>()
    expect(work.map(({ what }) => what)).not.to.include('webhook')
    bed.stub.on(route, { status: 422, body: { code: 'request.invalid', detail: 'No.' } })
    expect((await bed.run('seed')).code).to.equal(1)
  })

  it('changes nothing when run again, and repairs what is missing', async () => {
    await bed.run('seed')
    const writes = () => bed.stub.seen.filter(({ method }) => method !== 'GET').length
    const before = writes()
    const again = await bed.run('seed')
    expect(writes()).to.equal(before)
    expect(again.stdout).to.include('nothing was changed')

    kept.users.shift()
    const repaired = (await bed.run('seed --json')).json<SeedResult & Row>()
    expect(repaired.users.filter(({ created }) => created)).to.have.length(1)
    expect(repaired.keys.every(({ key }) => key === null)).to.equal(true)
  })

  it('keeps the one password of the demo in a private file and shows only its path', async () => {
    const { stdout } = await bed.run('seed')
    const file = join(bed.dir, 'secrets/demo-password')
    const password = (await readFile(file, 'utf8')).trim()
    expect(stdout).to.include(file).and.not.include(password)
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    expect(kept.users.every((user) => user.password === password)).to.equal(true)
    await bed.run('seed')
    expect((await readFile(file, 'utf8')).trim()).to.equal(password)
  })

  it('uses addresses that no mail can reach', () => {
    expect(demoEmail('Tomás Rivera', 'acme-robotics')).to.equal('tomas.rivera@acme-robotics.example')
    expect(demoEmail('Léa Fontaine', 'x')).to.equal('lea.fontaine@x.example')
  })
})

/** An API that keeps what it is told, as far as the demo goes. */
function serve(bed: StubDeployment, kept: Kept): void {
  const { stub } = bed
  serveWork(bed, kept.work)
  const tenantOf = ({ headers }: SeenRequest) => String(headers['x-tenant'])
  const page = (data: Row[]) => ({ body: { data, next_cursor: null, has_more: false } })
  for (const { slug } of DEMO_TENANTS) {
    stub.on(`GET /tenancy/v1/tenants/${slug}`, () => {
      const tenant = kept.tenants.find((one) => one.slug === slug)
      return tenant ? { body: tenant } : { status: 404, body: { code: 'tenancy.not_found', detail: 'No.' } }
    })
    stub.on(`POST /tenancy/v1/tenants/${slug}/suspend`, () => {
      const tenant = kept.tenants.find((one) => one.slug === slug) ?? {}
      tenant.status = 'suspended'
      return { body: tenant }
    })
  }
  stub.on('POST /tenancy/v1/tenants', ({ body }) => {
    const tenant = { id: `id-${kept.tenants.length}`, status: 'active', ...(body as Row) }
    kept.tenants.push(tenant)
    return { status: 201, body: tenant }
  })
  stub.on('GET /auth/v1/users', ({ query }) =>
    page(kept.users.filter(({ email }) => String(email).includes(String(query.q)))),
  )
  stub.on('POST /auth/v1/users', ({ body }) => {
    const user = { id: `user-${kept.users.length}`, ...(body as Row) }
    kept.users.push(user)
    return { status: 201, body: user }
  })
  stub.on('GET /keys/v1/keys', (request) =>
    page(kept.keys.filter(({ name, tenant }) => name === request.query.name && tenant === tenantOf(request))),
  )
  stub.on('POST /keys/v1/keys', (request) => {
    const key = {
      id: `key-${kept.keys.length}`,
      state: 'active',
      tenant: tenantOf(request),
      ...(request.body as Row),
    }
    kept.keys.push(key)
    return { status: 201, body: { ...key, key: `vtr_live_${kept.keys.length}` } }
  })
}

/** Lists that keep what is put into them, and find it by what they are asked for. */
function serveWork({ stub }: StubDeployment, work: Map<string, Row[]>): void {
  const list = (path: string, post = path) => {
    stub.on(`GET ${path}`, ({ query: { limit: _limit, ...wanted } }) => {
      const data = (work.get(path) ?? []).filter((row) =>
        Object.entries(wanted).every(([field, value]) => row[field] === value),
      )
      return { body: { data, next_cursor: null, has_more: false } }
    })
    stub.on(`POST ${post}`, ({ body }) => {
      const rows = work.get(path) ?? []
      const row = { id: `w${rows.length + 1}`, published_version: null, ...(body as Row) }
      work.set(path, [...rows, row])
      return { status: 201, body: row }
    })
  }
  for (const path of ['jobs', 'schedules', 'workflow-templates', 'workflow-runs']) list(`/workers/v1/${path}`)
  list('/notifications/v1/messages', '/notifications/v1/send')
  list('/notifications/v1/webhook-endpoints')
  stub.on('POST /workers/v1/workflow-templates/w1/publish', () => {
    for (const row of work.get('/workers/v1/workflow-templates') ?? []) row.published_version = 1
    return { body: { version: 1 } }
  })
}
