import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'

/** An application of a tenant: answers what the test says and remembers what it was asked. */
class Application {
  readonly calls: { method: string; path: string; headers: Record<string, unknown>; body: string }[] = []
  /** Statuses of the next answers; 200 once they are used up. */
  answers: { status: number; headers?: Record<string, string> }[] = []
  #server: Server | undefined
  url = ''

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        this.calls.push({
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          body,
        })
        const { status, headers } = this.answers.shift() ?? { status: 200 }
        response.writeHead(status, headers).end('thanks')
      })
    })
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server?.closeAllConnections()
    this.#server?.close()
  }
}

describe('/workers/v1/jobs', () => {
  const server = useServer({ settings: { OUTBOUND_ALLOW: '127.0.0.1' } })
  const application = new Application()
  let admin: BuiltUser

  before(async () => {
    await application.start()
    admin = await buildMember(server)
  })
  after(() => application.stop())
  beforeEach(async () => {
    await server.resources.db.readSystem({ text: "delete from worker_jobs where status = 'scheduled'" })
    application.calls.length = 0
    application.answers = []
  })

  const callJob = (more: Record<string, unknown> = {}, payload: Record<string, unknown> = {}) => ({
    kind: 'workers.http-request',
    payload: { url: `${application.url}/tasks`, body: { n: 1 }, ...payload },
    ...more,
  })
  const create = async (body: unknown, caller = admin.api) => {
    const res = await caller.post('/workers/v1/jobs', body)
    expect(res.status, res.text).to.equal(202)
    return res.body
  }
  const read = async (jobId: string) => (await admin.api.get(`/workers/v1/jobs/${jobId}`)).body

  it('refuse calls without identity and members without the right, and hide jobs of others', async () => {
    expect((await server.post('/workers/v1/jobs', callJob())).status).to.equal(401)
    const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
    expect((await user.api.post('/workers/v1/jobs', callJob())).status).to.equal(403)
    expect((await user.api.get('/workers/v1/jobs')).status).to.equal(403)
    const job = await create(callJob({ delay_s: 600 }))
    const stranger = await buildMember(server)
    for (const path of ['', '/attempts', '/logs', '/events']) {
      expect((await stranger.api.get(`/workers/v1/jobs/${job.id}${path}`)).status, path).to.equal(404)
    }
    for (const action of ['cancel', 'retry']) {
      expect((await stranger.api.post(`/workers/v1/jobs/${job.id}/${action}`)).status, action).to.equal(404)
    }
    expect((await stranger.api.get('/workers/v1/jobs')).body.data).to.deep.equal([])
  })

  it('call the application with the id of the job as Idempotency-Key, and keep what it answered', async () => {
    const key = await buildKey(admin, ['jobs:write', 'jobs:read'])
    const res = await server.as(key.key).post('/workers/v1/jobs', callJob())
    expect(res.headers.get('location')).to.equal(`/workers/v1/jobs/${res.body.id}`)
    await server.work()
    const [call] = application.calls
    expect(call).to.include({ method: 'POST', path: '/tasks', body: '{"n":1}' })
    expect(call?.headers).to.include({ 'idempotency-key': res.body.id, 'x-vetrai-attempt': '1' })
    const job = await read(res.body.id)
    expect(job).to.include({ status: 'succeeded', attempt: 1, created_by: `key:${key.id}` })
    expect(job.result).to.deep.equal({ status: 200, body: 'thanks' })
  })

  it('are tried again when the application asks for it, and each attempt is told', async () => {
    application.answers = [{ status: 503, headers: { 'retry-after': '120' } }, { status: 500 }]
    const { id } = await create(callJob())
    await server.work()
    const waiting = await read(id)
    expect(waiting).to.include({ status: 'scheduled', attempt: 1, error: 'the receiver answered 503' })
    expect(Date.parse(waiting.run_at) - Date.now()).to.be.within(60_000, 121_000)
    await server.work({ skipPauses: true })
    await server.work({ skipPauses: true })
    expect(await read(id)).to.include({ status: 'succeeded', attempt: 3, error: null })
    const attempts = (await admin.api.get(`/workers/v1/jobs/${id}/attempts`)).body.data
    expect(attempts.map((one: { outcome: string }) => one.outcome)).to.deep.equal([
      'failed',
      'failed',
      'succeeded',
    ])
    const lines = (await admin.api.get(`/workers/v1/jobs/${id}/logs`)).body.data
    expect(lines.map((one: { line: string }) => one.line)).to.deep.equal([
      'the receiver answered 503',
      'the receiver answered 500',
      'the receiver answered 200',
    ])
  })

  it('end among the dead letters where trying again is of no use, and are redriven from there', async () => {
    application.answers = [{ status: 404 }, { status: 404 }]
    const [first, second] = [await create(callJob()), await create(callJob())]
    await server.work()
    expect(await read(first.id)).to.include({ status: 'failed', attempt: 1 })
    const letters = (await admin.api.get('/workers/v1/dead-letters?open=true')).body.data
    expect(
      letters.map((one: { job_id: string; reason: string }) => [one.job_id, one.reason]),
    ).to.have.deep.members([
      [first.id, 'gave_up'],
      [second.id, 'gave_up'],
    ])
    const letter = letters.find((one: { job_id: string }) => one.job_id === first.id)
    const stranger = await buildMember(server)
    expect((await stranger.api.post(`/workers/v1/dead-letters/${letter.id}/redrive`)).status).to.equal(404)
    const redriven = await admin.api.post(`/workers/v1/dead-letters/${letter.id}/redrive`)
    expect(redriven.body.redriven_by).to.equal(`user:${admin.id}`)
    expect((await admin.api.post('/workers/v1/dead-letters/redrive', {})).body).to.deep.equal({ redriven: 1 })
    await server.work()
    for (const { id } of [first, second]) expect(await read(id)).to.include({ status: 'succeeded' })
    expect((await admin.api.get('/workers/v1/dead-letters?open=true')).body.data).to.deep.equal([])
  })

  it('never reach what is private', async () => {
    const { id } = await create(callJob({}, { url: 'http://169.254.169.254/latest/meta-data' }))
    await server.work()
    const job = await read(id)
    expect(job).to.include({ status: 'failed', attempt: 1 })
    expect(job.error).to.not.include('169.254')
  })

  it('do not follow redirects', async () => {
    application.answers = [{ status: 302, headers: { location: `${application.url}/elsewhere` } }]
    const { id } = await create(callJob())
    await server.work()
    expect(await read(id)).to.include({ status: 'failed' })
    expect(application.calls).to.have.length(1)
  })

  it('are refused with pointers for what their kind does not take, and for kinds that are not open', async () => {
    const bad = await admin.api.post('/workers/v1/jobs', callJob({}, { url: 'ftp://x', nonsense: 1 }))
    expect(bad.status).to.equal(422)
    expect(bad.body.errors.map((one: { pointer: string }) => one.pointer)).to.include('/payload/url')
    for (const kind of ['workers.gather', 'auth.sweep-expired', 'no.such-kind']) {
      const res = await admin.api.post('/workers/v1/jobs', { kind })
      expect(res.body.code, kind).to.equal('workers.unknown_kind')
    }
    const both = callJob({ run_at: new Date().toISOString(), delay_s: 5 })
    expect((await admin.api.post('/workers/v1/jobs', both)).status).to.equal(422)
    const kinds = (await admin.api.get('/workers/v1/job-kinds')).body.data
    expect(kinds.map((one: { kind: string }) => one.kind)).to.include('workers.http-request')
  })

  it('are made once for one Idempotency-Key and for one unique key', async () => {
    const again = () =>
      admin.api.post('/workers/v1/jobs', callJob({ delay_s: 60 }), { headers: { 'idempotency-key': 'k1' } })
    const [one, two] = [await again(), await again()]
    expect(two.body.id).to.equal(one.body.id)
    const unique = callJob({ delay_s: 60, unique: { key: 'reindex' } })
    const [first, second] = [await create(unique), await create(unique)]
    expect(second).to.include({ id: first.id, is_new: false })
    await admin.api.post(`/workers/v1/jobs/${first.id}/cancel`)
    expect(await create(unique)).to.include({ is_new: true })
  })

  it('come in batches, all or none, and may be gathered', async () => {
    const none = await admin.api.post('/workers/v1/jobs/batch', {
      jobs: [callJob(), { kind: 'workers.gather' }],
    })
    expect(none.status).to.equal(422)
    application.answers = [{ status: 404 }]
    const res = await admin.api.post('/workers/v1/jobs/batch', {
      jobs: [callJob(), callJob(), callJob()],
      gather: true,
    })
    expect(res.status, res.text).to.equal(202)
    expect(await read(res.body.gather_id)).to.include({ status: 'waiting', pending_children: 3 })
    await server.work()
    const gathered = await read(res.body.gather_id)
    expect(gathered.status).to.equal('succeeded')
    expect(gathered.result).to.include({ succeeded: 2, failed: 1, cancelled: 0 })
    const children = await admin.api.get(`/workers/v1/jobs?parent_id=${res.body.gather_id}`)
    expect(children.body.data).to.have.length(3)
  })

  it('are cancelled before they begin, with what waits for them, and run again when asked', async () => {
    const batch = await admin.api.post('/workers/v1/jobs/batch', {
      jobs: [callJob({ delay_s: 60 }), callJob({ delay_s: 60 })],
      gather: true,
    })
    const cancelled = await admin.api.post(`/workers/v1/jobs/${batch.body.gather_id}/cancel`)
    expect(cancelled.body).to.include({ status: 'cancelled' })
    const [child] = batch.body.data
    expect(await read(child.id)).to.include({ status: 'cancelled' })
    expect((await admin.api.post(`/workers/v1/jobs/${child.id}/retry`)).body.status).to.equal('queued')
    await server.work()
    expect(await read(child.id)).to.include({ status: 'succeeded' })
    expect((await admin.api.post(`/workers/v1/jobs/${child.id}/cancel`)).status).to.equal(409)
    expect((await admin.api.post(`/workers/v1/jobs/${child.id}/retry`)).status).to.equal(409)
  })

  it('are followed live, and by whom comes back after the lines it has', async () => {
    application.answers = [{ status: 500 }]
    const { id } = await create(callJob())
    const stream = await admin.api.stream(`/workers/v1/jobs/${id}/events`)
    const first = await stream.next()
    expect(first).to.include({ event: 'job' })
    await server.work()
    await server.work({ skipPauses: true })
    const seen = await stream.rest()
    const lines = seen
      .filter(({ event }) => event === 'log')
      .map(({ data }) => (data as { line: string }).line)
    expect(lines).to.deep.equal(['the receiver answered 500', 'the receiver answered 200'])
    expect(seen.at(-1)).to.deep.include({ event: 'end', data: { reason: 'finished' } })
    const back = await admin.api.stream(`/workers/v1/jobs/${id}/events`, { after: '1' })
    const later = await back.rest()
    expect(later.filter(({ event }) => event === 'log')).to.have.length(1)
  })

  it('of the installation are for operators who name no organisation', async () => {
    const { forgetSettled } = await import('./jobs/forget-settled.js')
    await server.run(forgetSettled)
    const own = await server.operator.get('/workers/v1/jobs?kind=workers.forget-settled')
    expect(own.body.data[0]).to.include({ status: 'succeeded' })
    expect((await server.operator.get(`/workers/v1/jobs/${own.body.data[0].id}`)).status).to.equal(200)
    expect((await admin.api.get('/workers/v1/jobs?kind=workers.forget-settled')).body.data).to.deep.equal([])
    expect((await admin.api.get(`/workers/v1/jobs/${own.body.data[0].id}`)).status).to.equal(404)
  })
})

describe('a job that starts a workflow', () => {
  const server = useServer()

  it('is made by a schedule, and makes one run of the newest version', async () => {
    const admin = await buildMember(server)
    const templates = '/workers/v1/workflow-templates'
    const template = await admin.api.post(templates, { name: 'first', from: 'first-steps' })
    await admin.api.post(`${templates}/${template.body.id}/publish`, {})
    const schedule = await admin.api.post('/workers/v1/schedules', {
      name: 'nightly',
      kind: 'workers.start-workflow',
      payload: { template: 'first', input: { ask: false } },
      cron: '0 3 * * *',
    })
    expect(schedule.status, schedule.text).to.equal(201)
    await admin.api.post(`/workers/v1/schedules/${schedule.body.id}/run`)
    await server.work()
    const runs = await admin.api.get('/workers/v1/workflow-runs')
    expect(runs.body.data).to.have.length(1)
    const jobs = await admin.api.get('/workers/v1/jobs?kind=workers.start-workflow')
    expect(jobs.body.data[0].result).to.deep.equal({ run_id: runs.body.data[0].id })
  })

  it('fails for good where the workflow is gone', async () => {
    const admin = await buildMember(server)
    const job = { kind: 'workers.start-workflow', payload: { template: 'no-such' } }
    const { body } = await admin.api.post('/workers/v1/jobs', job)
    await server.work()
    expect((await admin.api.get(`/workers/v1/jobs/${body.id}`)).body).to.include({
      status: 'failed',
      attempt: 1,
    })
  })
})

describe('/workers/v1/queues', () => {
  const server = useServer({ settings: { OUTBOUND_ALLOW: '127.0.0.1' } })

  it('are paused and resumed by operators only, and nothing of them begins meanwhile', async () => {
    const admin = await buildMember(server)
    expect((await server.post('/workers/v1/queues/workers/pause', {})).status).to.equal(401)
    expect((await admin.api.post('/workers/v1/queues/workers/pause', {})).status).to.equal(403)
    expect((await server.operator.post('/workers/v1/queues/no-such/pause', {})).status).to.equal(404)
    const paused = await server.operator.post('/workers/v1/queues/workers/pause', { reason: 'maintenance' })
    expect(paused.body).to.include({ name: 'workers', paused: true, pause_reason: 'maintenance' })
    const job = await admin.api.post('/workers/v1/jobs', {
      kind: 'workers.http-request',
      payload: { url: 'http://127.0.0.1:9/', method: 'GET' },
      attempts: 1,
    })
    await server.work()
    const queue = async () =>
      (await admin.api.get('/workers/v1/queues')).body.data.find(
        (one: { name: string }) => one.name === 'workers',
      )
    expect((await queue()).counts).to.deep.equal({ scheduled: 0, queued: 1, running: 0, waiting: 0 })
    const resumed = await server.operator.post('/workers/v1/queues/workers/resume')
    expect(resumed.body).to.include({ paused: false, pause_reason: null })
    await server.work()
    const { body } = await admin.api.get(`/workers/v1/jobs/${job.body.id}`)
    expect(body).to.include({ status: 'failed', attempt: 1 })
    expect((await queue()).counts.queued).to.equal(0)
  })
})
