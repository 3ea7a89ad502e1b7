import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { unique } from '../test/build.js'
import {
  prepareDeployment,
  runServer,
  type ServerProcess,
  startServerProcess,
} from '../test/server-process.js'
import { asAdmin, stores } from '../test/stores.js'

describe('the server process', function () {
  this.timeout(60_000)
  let env: Record<string, string>
  let remove: () => Promise<void>
  const running: ServerProcess[] = []

  before(async () => {
    ;({ env, remove } = await prepareDeployment())
  })
  afterEach(async () => {
    for (const server of running.splice(0)) {
      server.kill('SIGKILL')
      await server.exited
    }
  })
  after(() => remove())

  async function start(more: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startServerProcess({ ...env, ...more })
    running.push(server)
    return server
  }

  it('names every problem of its configuration and ends with 1, without a stack', async () => {
    const { code, stderr } = await runServer({ VETRAI_PORT: 'many', VETRAI_SECRET: 'canary' })
    expect(code).to.equal(1)
    for (const name of [
      'VETRAI_PORT',
      'VETRAI_SECRET',
      'DATABASE_URL',
      'DATABASE_APP_PASSWORD',
      'REDIS_URL',
    ]) {
      expect(stderr).to.contain(name)
    }
    expect(stderr).not.to.contain('canary').and.not.to.contain('    at ')
  })

  it('refuses another master secret for a database in use, says why, and shows neither', async () => {
    await start()
    const [wrong, wronger] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]
    const { code, stderr } = await runServer({
      ...env,
      VETRAI_SECRET: wrong,
      VETRAI_SECRET_PREVIOUS: wronger,
    })
    expect(code).to.equal(1)
    expect(stderr).to.contain('VETRAI_SECRET is not the master secret').and.not.to.contain('    at ')
    for (const hidden of [wrong, wronger, env.VETRAI_SECRET ?? '']) expect(stderr).not.to.contain(hidden)
    await start()
  })

  it('takes a new master secret with several processes at once, and every credential stays good', async () => {
    const before = await start()
    const secret = randomBytes(32).toString('hex')
    const more = { VETRAI_SECRET: secret, VETRAI_SECRET_PREVIOUS: env.VETRAI_SECRET ?? '' }
    const after = await Promise.all([start(more), start(more), start(more)])
    env = { ...env, VETRAI_SECRET: secret }
    after.push(await start())
    for (const { operator } of after) expect((await operator.get('/auth/v1/me')).status).to.equal(200)
    // The one with the old secret has the root key in memory and works on.
    expect((await before.operator.get('/auth/v1/me')).status).to.equal(200)
  })

  it('serves health and metrics, and nothing of the API, as a worker', async () => {
    const worker = await start({ VETRAI_ROLES: 'worker' })
    const statusOf = async (path: string) => (await fetch(worker.url + path)).status
    expect(await statusOf('/healthz')).to.equal(200)
    expect(await statusOf('/readyz')).to.equal(200)
    expect(await (await fetch(`${worker.url}/metrics`)).text()).to.include('vetrai_job_run_duration_seconds')
    for (const path of ['/auth/v1/me', '/workers/v1/jobs', '/openapi.json', '/docs', '/account/']) {
      expect(await statusOf(path), path).to.equal(404)
    }
  })

  it('shows its metrics to a scraper elsewhere that has their token, as a worker too', async () => {
    const token = 'b4'.repeat(32)
    const worker = await start({ VETRAI_ROLES: 'worker', METRICS_TOKEN: token })
    const statusFor = async (authorization: string) =>
      (await fetch(`${worker.url}/metrics`, { headers: { authorization, 'x-forwarded-for': '203.0.113.7' } }))
        .status
    expect(await statusFor(`Bearer ${token}`)).to.equal(200)
    expect(await statusFor(`Bearer ${token}0`)).to.equal(401)
  })

  it('refuses a role that there is not', async () => {
    const { code, stderr } = await runServer({ ...env, VETRAI_ROLES: 'api,cook' })
    expect(code).to.equal(1)
    expect(stderr).to.contain('VETRAI_ROLES').and.to.contain('"cook"')
  })

  it('ends with 1 where the port is taken, and says so', async () => {
    const server = await start()
    const { code, stderr } = await runServer({ ...env, VETRAI_PORT: new URL(server.url).port })
    expect(code).to.equal(1)
    expect(stderr).to.contain('EADDRINUSE')
  })

  it('fires periodic jobs where it is a scheduler, and runs none where it is no worker', async () => {
    const database = new URL(env.DATABASE_URL ?? '').pathname.slice(1)
    const admin = async (sql: string) => (await asAdmin(await stores(), sql, database)).rows
    await admin('delete from schedules; delete from worker_jobs')
    await start({ VETRAI_ROLES: 'api' })
    expect(await admin('select 1 from schedules')).to.deep.equal([])
    await start({ VETRAI_ROLES: 'scheduler' })
    while (
      (await admin("update schedules set next_at = now() where kind = 'kernel.housekeeping' returning 1"))
        .length === 0
    )
      await sleep(20)
    await start({ VETRAI_ROLES: 'scheduler' })
    let jobs: { kind: string; status: string }[] = []
    while (jobs.length === 0) jobs = await admin('select kind, status from worker_jobs')
    expect(jobs).to.deep.equal([{ kind: 'kernel.housekeeping', status: 'queued' }])
  })

  it('finishes the request in hand on SIGTERM, takes no other, and ends with 0 at once', async () => {
    const server = await start()
    // A connection that has been used and is kept alive must not hold the process up.
    expect((await server.operator.get('/readyz')).status).to.equal(200)
    const body = JSON.stringify({ slug: unique('drained'), name: 'In hand' })
    const slow = slowPost(server, env.OPERATOR_TOKEN ?? '', '/tenancy/v1/tenants', body)
    await sleep(150)
    server.kill('SIGTERM')
    await sleep(150)
    const refused = await server.operator.get('/healthz').then(
      () => 'answered',
      () => 'refused',
    )
    expect(refused).to.equal('refused')
    const finished = Date.now()
    expect(await slow.finish())
      .to.match(/^HTTP\/1\.1 201 /)
      .and.match(/connection: close/i)
    expect(await server.exited).to.deep.equal({ code: 0, signal: null })
    expect(Date.now() - finished).to.be.below(3_000)
  })

  it('ends streams on SIGTERM by saying so, and does not wait for those who listen', async () => {
    const server = await start()
    const { id } = (await server.operator.post('/tenancy/v1/tenants', { slug: unique('live'), name: 'Live' }))
      .body
    const api = server.operator.in(id)
    const payload = { url: 'https://app.example.com/' }
    const job = await api.post('/workers/v1/jobs', { kind: 'workers.http-request', payload, delay_s: 3_600 })
    const stream = await api.stream(`/workers/v1/jobs/${job.body.id}/events`)
    await stream.take(1)
    server.kill('SIGTERM')
    expect((await stream.rest()).map(({ data }) => data)).to.deep.equal([{ reason: 'shutdown' }])
    expect(await server.exited).to.deep.equal({ code: 0, signal: null })
  })

  it('loses nothing it acknowledged when it is killed in the middle of writing', async () => {
    const victim = await start()
    const acknowledged: string[] = []
    let going = true
    const writers = Array.from({ length: 8 }, async () => {
      while (going) {
        const slug = unique('kept')
        const res = await victim.operator
          .post('/tenancy/v1/tenants', { slug, name: 'Kept' })
          .catch(() => undefined)
        if (res?.status === 201) acknowledged.push(slug)
        if (!res) going = false
      }
    })
    while (acknowledged.length < 40) await sleep(5)
    victim.kill('SIGKILL')
    await Promise.all(writers)
    await victim.exited

    const successor = await start()
    const found = await Promise.all(
      acknowledged.map(async (slug) => (await successor.operator.get(`/tenancy/v1/tenants/${slug}`)).status),
    )
    expect(new Set(found)).to.deep.equal(new Set([200]))
    const chain = await successor.operator.post('/tenancy/v1/audit-logs/verify')
    expect(chain.body).to.include({ ok: true })
  })
})

/** A POST whose body is sent by halves, so that it is in hand until `finish`. */
function slowPost(server: ServerProcess, token: string, path: string, body: string) {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const half = Math.floor(body.length / 2)
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, half)}`,
  )
  return {
    finish: async () => {
      socket.write(body.slice(half))
      await ended
      return Buffer.concat(chunks).toString()
    },
  }
}
