import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { unique } from './build.js'
import type { Answer, Caller } from './caller.js'
import { prepareDeployment, type ServerProcess, startServerProcess } from './server-process.js'
import { asAdmin, stores } from './stores.js'
import { until } from './until.js'

const PATH = '/installation/v1/maintenance'
const SUBSCRIBERS = '/notifications/v1/subscribers'
const JOBS = '/workers/v1/jobs'

describe('maintenance', function () {
  this.timeout(60_000)
  let prepared: Awaited<ReturnType<typeof prepareDeployment>>
  let a: ServerProcess
  let b: ServerProcess
  let tenant: string
  /** Somebody whom a maintenance concerns. */
  let key: (server: ServerProcess) => Caller
  let query: (sql: string) => Promise<Record<string, unknown>[]>

  before(async () => {
    prepared = await prepareDeployment()
    const database = new URL(prepared.env.DATABASE_URL ?? '').pathname.slice(1)
    query = async (sql) => (await asAdmin(await stores(), sql, database)).rows
    const env = { ...prepared.env, OUTBOUND_ALLOW: '127.0.0.1', VETRAI_NAME: 'Acme <b>&</b>' }
    a = await startServerProcess(env)
    b = await startServerProcess(env)
    const made = await a.operator.post('/tenancy/v1/tenants', { slug: unique('acme'), name: 'Acme' })
    tenant = made.body.id
    const scopes = ['notifications:write', 'jobs:write', 'jobs:read']
    const { body } = await a.operator.in(tenant).post('/keys/v1/keys', { name: 'ci', scopes })
    const call = a.operator.with({ authorization: `Bearer ${body.secret ?? body.key}` })
    key = (server) => call.at(server.url)
  })
  afterEach(async () => {
    await a.operator.delete(PATH)
    await until(async () => (await Promise.all([a, b].map(isResting))).every((rests) => !rests))
  })
  after(async () => {
    for (const server of [a, b]) {
      server.kill('SIGKILL')
      await server.exited
    }
    await prepared.remove()
  })

  const begin = (body: object = {}) => a.operator.put(PATH, body)
  const isResting = async ({ url }: ServerProcess) =>
    ((await (await fetch(`${url}/readyz`)).json()) as { maintenance: boolean }).maintenance
  const later = (delay_s = 3_600) => ({
    kind: 'workers.http-request',
    payload: { url: 'https://app.example.com/' },
    delay_s,
  })

  /** Writes without pause, by transactions and by single statements; tells when each was acknowledged. */
  function writeTo(servers: ServerProcess[]) {
    const acknowledged: { id: string; at: number }[] = []
    const refused = new Set<string>()
    let isOver = false
    const writers = servers.flatMap((server) =>
      Array.from({ length: 8 }, async (_, n) => {
        while (!isOver) {
          const write =
            n % 2 === 0
              ? key(server).put(SUBSCRIBERS, { external_id: unique('person') })
              : key(server).post(JOBS, later())
          const res: Answer = await write
          if (res.status < 300) acknowledged.push({ id: res.body.id, at: performance.now() })
          else {
            refused.add(`${res.status} ${res.body.code}`)
            await sleep(2)
          }
        }
      }),
    )
    const stop = () => {
      isOver = true
      return Promise.all(writers)
    }
    return { acknowledged, refused, stop }
  }

  const kept = () => query('select id from notification_subscribers union all select id from worker_jobs')

  it('acknowledges no write in any process once it is answered, and keeps each that was acknowledged before', async () => {
    const load = writeTo([a, b])
    await until(() => load.acknowledged.length > 40)
    const { status, body } = await begin({ message: 'The database moves.', retry_after_s: 600 })
    const answeredAt = performance.now()
    const rows = await kept()
    expect([status, body.on, body.settled, body.running_jobs]).to.deep.equal([200, true, true, 0])
    await sleep(500)
    await load.stop()
    expect(load.acknowledged.filter(({ at }) => at > answeredAt)).to.deep.equal([])
    expect([...load.refused]).to.deep.equal(['503 request.maintenance'])
    expect(await kept()).to.have.length(rows.length)
    const ids = new Set(rows.map(({ id }) => id))
    expect(load.acknowledged.filter(({ id }) => !ids.has(id))).to.deep.equal([])
  })

  it('is kept to by a process that stood still and never heard of it', async () => {
    b.kill('SIGSTOP')
    const held: Promise<Answer>[] = []
    try {
      for (let n = 0; n < 6; n++) {
        held.push(key(b).put(SUBSCRIBERS, { external_id: unique('late') }), key(b).post(JOBS, later()))
      }
      expect((await begin()).body.settled).to.equal(true)
    } finally {
      b.kill('SIGCONT')
    }
    const rows = await kept()
    expect((await Promise.all(held)).map(({ body }) => body.code)).to.deep.equal(
      held.map(() => 'request.maintenance'),
    )
    expect(await kept()).to.have.length(rows.length)
  })

  it('waits for what was accepted before, which ends as ever', async () => {
    await query('create table stop_here (); grant select on stop_here to vetrai_app')
    await query(`create function hold() returns trigger language plpgsql security definer as $$ begin
      if new.external_id like 'slow-%' then perform pg_sleep(2.5); end if; return new; end $$`)
    await query(
      'create trigger hold before insert on notification_subscribers for each row execute function hold()',
    )
    const slow = key(b).put(SUBSCRIBERS, { external_id: unique('slow') })
    await until(async () => (await query("select 1 from pg_locks where locktype = 'advisory'")).length > 0)
    const began = performance.now()
    const { body } = await begin()
    expect([body.settled, (await slow).status]).to.deep.equal([true, 200])
    expect(performance.now() - began).to.be.within(2_000, 6_000)
    await query('drop trigger hold on notification_subscribers')
  })

  it('serves health, metrics and the operator, and tells everybody else when to come back', async () => {
    const signIn = { email: prepared.env.OPERATOR_EMAIL, password: prepared.env.OPERATOR_PASSWORD }
    const person = (await b.operator.post('/auth/v1/login', signIn)).body
    await begin({ message: 'Back at <9> & "ten".', retry_after_s: 90 })
    for (const path of ['/healthz', '/readyz', '/metrics', '/auth/health']) {
      expect((await fetch(b.url + path)).status, path).to.equal(200)
    }
    expect(await isResting(b)).to.equal(true)
    expect(await (await fetch(`${b.url}/metrics`)).text()).to.match(/^vetrai_maintenance 1$/m)
    const anonymous = b.operator.with({ authorization: '' })
    for (const path of [
      '/auth/v1/me',
      '/',
      '/docs',
      '/openapi.json',
      '/objects/v1/a',
      '/.well-known/jwks.json',
    ]) {
      const res = await fetch(b.url + path)
      expect([res.status, res.headers.get('retry-after')], path).to.deep.equal([503, '90'])
      expect(await res.json(), path).to.include({
        code: 'request.maintenance',
        detail: 'Back at <9> & "ten".',
      })
    }
    for (const token of [`vtr_at_${'x'.repeat(40)}`, 'no'.repeat(3_000), person.access_token]) {
      const res = await anonymous.with({ authorization: `Bearer ${token}` }).get('/auth/v1/me')
      expect(res.body.code).to.equal('request.maintenance')
    }
    expect((await b.operator.get('/auth/v1/me')).status).to.equal(200)
    expect(
      (await b.operator.in(tenant).put(SUBSCRIBERS, { external_id: unique('by-operator') })).status,
    ).to.equal(200)
    // What ends it wants the permission and nothing else; who is nobody is told so.
    expect((await key(b).get(PATH)).status).to.equal(403)
    expect((await b.operator.with({ authorization: 'Bearer x' }).delete(PATH)).status).to.equal(401)
    const told = { message: 'Longer.', retry_after_s: 7 }
    expect((await begin(told)).body).to.include({ on: true, settled: true, ...told })
    expect((await b.operator.get(PATH)).body).to.include({ on: true, settled: true, ...told })
    await until(async () => (await fetch(`${b.url}/auth/v1/me`)).headers.get('retry-after') === '7')
    const ended = await b.operator.with({ authorization: `Bearer ${person.access_token}` }).delete(PATH)
    expect(ended.body).to.include({ on: false, message: null, settled: false })
    await until(async () => (await key(a).get(JOBS)).status === 200)
    const lines = await query(
      "select action from audit_logs where action like 'maintenance.%' order by sequence desc limit 3",
    )
    expect(lines.map(({ action }) => action)).to.deep.equal([
      'maintenance.ended',
      'maintenance.began',
      'maintenance.began',
    ])
  })

  it('with the data on trial answers operators what changes nothing, and refuses everything else, also its end', async () => {
    const operator = b.operator.in(tenant)
    const made = await operator.post('/keys/v1/keys', { name: 'tried', scopes: ['jobs:read'] })
    await begin()
    await query(`update installation_state set value = value || '{"trial": true}' where key = 'maintenance'`)
    const write = () => operator.put(SUBSCRIBERS, { external_id: unique('lost') })
    await until(async () => (await write()).status === 503)
    const rows = await kept()
    for (const refused of [
      write(),
      begin(),
      b.operator.delete(PATH),
      verify(made.body.secret ?? made.body.key),
    ]) {
      const { status, body } = await refused
      expect([status, body.code]).to.deep.equal([503, 'request.maintenance'])
    }
    expect((await verify(`vtr_sk_${'0'.repeat(36)}`)).body).to.include({ valid: false, code: 'NOT_FOUND' })
    expect((await operator.post('/tenancy/v1/audit-logs/verify')).body).to.include({ ok: true })
    expect((await operator.get(SUBSCRIBERS)).status).to.equal(200)
    expect(await kept()).to.have.length(rows.length)
    expect((await b.operator.get(PATH)).body).to.include({ on: true })
    await query("update installation_state set value = value - 'trial' where key = 'maintenance'")
    await until(async () => (await write()).status === 200)

    function verify(text: string): Promise<Answer> {
      return operator.post('/keys/v1/verify', { key: text })
    }
  })

  it('shows a browser a page of its own, in which every word is escaped', async () => {
    await begin({ message: 'Back at <9> & "ten".', retry_after_s: 90 })
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
    for (const [method, path] of [
      ['GET', '/account/sessions'],
      ['GET', '/auth/v1/me'],
      ['POST', '/nowhere'],
    ] as const) {
      const res = await fetch(a.url + path, { method, headers })
      const page = await res.text()
      expect([res.status, res.headers.get('retry-after')], path).to.deep.equal([503, '90'])
      expect(res.headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(res.headers.get('content-security-policy')).to.match(/^default-src 'none'; style-src 'sha256-/)
      expect(page).to.include('Back at &#60;9&#62; &#38; &#34;ten&#34;.').and.include('Acme &#60;b&#62;')
      expect(page)
        .to.include('http-equiv="refresh" content="60"')
        .and.not.match(/\{\{|(src|href)="(?!data:)/)
    }
  })

  it('ends streams, begins no job, fires no schedule and delivers no event, and goes on where it stopped', async () => {
    const { body: job } = await key(b).post(JOBS, later())
    const stream = await key(b).stream(`${JOBS}/${job.id}/events`)
    const own = await b.operator.in(tenant).stream(`${JOBS}/${job.id}/events`)
    await Promise.all([stream.take(1), own.take(1)])
    await begin()
    expect((await stream.rest()).map(({ data }) => data)).to.deep.equal([{ reason: 'maintenance' }])
    const operator = a.operator.in(tenant)
    const { body: made } = await operator.post(JOBS, { ...later(0), payload: { url: 'http://127.0.0.1:9/' } })
    await operator.post('/tenancy/v1/invitations', { email: 'new@example.com', role: 'user' })
    await query("update schedules set next_at = now() where kind = 'kernel.housekeeping'")
    await query("update worker_jobs set run_at = now() where status = 'scheduled'")
    await sleep(1_500)
    const waiting = async () => ({
      jobs: (await query("select 1 from worker_jobs where attempt > 0 and kind = 'workers.http-request'"))
        .length,
      events: (await query('select 1 from outbox where delivered_at is null')).length,
      fired: (await query("select 1 from worker_jobs where kind = 'kernel.housekeeping'")).length,
    })
    const resting = await waiting()
    expect([resting.jobs, resting.fired]).to.deep.equal([0, 0])
    expect(resting.events).to.be.greaterThan(0)
    expect((await operator.get(`${JOBS}/${made.id}`)).body.status).to.equal('queued')
    await own.close()
    const over = performance.now()
    await a.operator.delete(PATH)
    await until(async () => {
      const { jobs, events, fired } = await waiting()
      return jobs > 0 && fired > 0 && events === 0
    })
    expect(performance.now() - over).to.be.below(5_000)
  })

  it('is heard of without Redis, outlasts a restart and holds while the database is away', async () => {
    const env = { ...prepared.env, REDIS_URL: 'redis://127.0.0.1:1/0' }
    const lone = await startServerProcess(env)
    try {
      await begin()
      expect(await isResting(lone)).to.equal(true)
      await a.operator.delete(PATH)
      await until(async () => !(await isResting(lone)), 2_000)
      await begin()
    } finally {
      lone.kill('SIGKILL')
      await lone.exited
    }
    const next = await startServerProcess(prepared.env)
    try {
      expect(await isResting(next)).to.equal(true)
      await query('alter table installation_state rename to away')
      await sleep(1_200)
      expect((await fetch(`${next.url}/auth/v1/me`)).status).to.equal(503)
    } finally {
      await query('alter table if exists away rename to installation_state')
      next.kill('SIGKILL')
      await next.exited
    }
  })
})
