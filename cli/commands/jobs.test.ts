import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { formatEvent, formatRetry, HEARTBEAT } from '../../server/http/event-format.js'
import type { StubAnswer } from '../testing/api-stub.js'
import { missingFields } from '../testing/documented.js'
import { type StubDeployment, stubDeployment } from '../testing/stub-deployment.js'

const JOBS = '/workers/v1/jobs'
const DEAD = '/workers/v1/dead-letters'
const QUEUES = '/workers/v1/queues'
const ID = '01990f6e-5f0e-7000-8000-000000000001'
const JOB = {
  id: ID,
  kind: 'workers.http-request',
  queue: 'http',
  status: 'queued',
  attempt: 0,
  attempts: 5,
  run_at: '2026-11-25T10:00:00.000Z',
  started_at: null,
  finished_at: null,
  progress: null,
  result: null,
  error: null,
  created_at: '2026-11-25T09:59:00.000Z',
}
const RUNNING = { ...JOB, status: 'running', attempt: 1, started_at: '2026-11-25T10:00:01.000Z' }
const SUCCEEDED = { ...RUNNING, status: 'succeeded', result: { status: 200 } }
const FAILED = { ...RUNNING, status: 'failed', error: 'The other server answered 500.' }
const ENQUEUED = { id: ID, kind: JOB.kind, status: 'queued', run_at: JOB.run_at, is_new: true }
const LETTER = {
  id: '01990f6e-5f0e-7000-8000-000000000002',
  job_id: ID,
  kind: JOB.kind,
  queue: 'http',
  reason: 'attempts',
  error: 'The other server answered 500.',
  attempts: 5,
  redriven_at: null,
  created_at: '2026-11-25T10:05:00.000Z',
}
const QUEUE = {
  name: 'http',
  kinds: [JOB.kind],
  paused: false,
  paused_at: null,
  pause_reason: null,
  counts: { scheduled: 4, queued: 3, running: 2, waiting: 1 },
  oldest_waiting_s: 75,
}
const LINES = ['first', 'second', 'third'].map((line, i) => ({
  sequence: i + 1,
  at: `2026-11-25T10:00:0${i}.500Z`,
  line,
}))
const page = (...data: object[]) => ({ body: { data, next_cursor: null, has_more: false } })
const job = (data: object, id = '0') => formatEvent({ id, event: 'job', data })
const line = (n: number) => formatEvent({ id: String(n), event: 'log', data: LINES[n - 1] })
const end = (reason: string) => formatEvent({ event: 'end', data: { reason } })

describe('jobs commands', () => {
  let bed: StubDeployment
  const last = () => bed.stub.seen.at(-1)

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => bed.stub.reset())
  after(() => bed.remove())

  /** Answers a route with each of these in turn. */
  function inTurn(route: string, ...answers: StubAnswer[]): void {
    bed.stub.on(route, () => answers.shift() ?? 'reset')
  }

  describe('list', () => {
    it('shows jobs as a table or as the page itself, and sends each filter', async () => {
      bed.stub.on(`GET ${JOBS}`, page(RUNNING))
      const argv = 'jobs list --tenant acme --status running --kind workers.http-request --queue http'
      const text = await bed.run(argv)
      expect(text.stdout)
        .to.match(/CREATED +KIND +STATUS +ATTEMPT/)
        .and.match(/2026-11-25 09:59 +workers\.http-request +running +1\/5 .+0001/)
      expect(last()?.query).to.deep.equal({
        status: 'running',
        kind: 'workers.http-request',
        queue: 'http',
        limit: '50',
      })
      const json = await bed.run(`${argv} --json`)
      expect(json.json()).to.deep.equal(page(RUNNING).body)
      expect(missingFields(['jobs', 'list'], json.json())).to.deep.equal([])
    })

    it('is of the installation without a tenant, and says where there is nothing', async () => {
      bed.stub.on(`GET ${JOBS}`, page())
      expect((await bed.run('jobs list')).stdout).to.include('There are no such jobs.')
      await bed.run('jobs list --tenant acme')
      expect(bed.stub.seen.map(({ headers }) => headers['x-tenant'])).to.deep.equal([undefined, 'acme'])
    })

    it('refuses a status that is none', async () => {
      const run = await bed.run('jobs list --status finished')
      expect([run.code, bed.stub.seen.length]).to.deep.equal([2, 0])
    })
  })

  describe('info, cancel, retry and attempts', () => {
    it('show one job with its result, its progress or its error', async () => {
      const answers = [SUCCEEDED, { ...RUNNING, progress: { share: 0.256, words: 'page 3' } }, FAILED]
      bed.stub.on(`GET ${JOBS}/${ID}`, () => ({ body: answers.shift() }))
      expect((await bed.run(`jobs info ${ID}`)).stdout).to.match(/result +\{"status":200\}/)
      expect((await bed.run(`jobs info ${ID}`)).stdout).to.match(/progress +26 % page 3/)
      expect((await bed.run(`jobs info ${ID} --json`)).json()).to.deep.equal(FAILED)
    })

    it('keep an id to its own part of the path', async () => {
      await bed.run('jobs info ../queues')
      expect(last()?.path).to.equal(`${JOBS}/../queues`)
      expect(bed.stub.seen.map(({ path }) => path)).not.to.include(QUEUES)
    })

    for (const verb of ['cancel', 'retry']) {
      it(`${verb} one and show what it is then`, async () => {
        bed.stub.on(`POST ${JOBS}/${ID}/${verb}`, { body: { ...JOB, status: 'cancelled' } })
        const run = await bed.run(`jobs ${verb} ${ID} --tenant acme`)
        expect([run.code, last()?.headers['x-tenant']]).to.deep.equal([0, 'acme'])
        expect(run.stdout).to.match(/status +cancelled/)
        expect(missingFields(['jobs', verb], (await bed.run(`jobs ${verb} ${ID} --json`)).json())).to.be.empty
      })
    }

    it('say what the server says of a job that is over', async () => {
      const detail = 'This job is settled.'
      bed.stub.on(`POST ${JOBS}/${ID}/cancel`, { status: 409, body: { detail, code: 'workers.settled' } })
      const run = await bed.run(`jobs cancel ${ID}`)
      expect([run.code, run.stdout]).to.deep.equal([1, ''])
      expect(run.stderr).to.include(detail)
    })

    it('list attempts, or say that there is none', async () => {
      const attempt = {
        attempt: 1,
        outcome: 'failed',
        worker: 'w1',
        started_at: '2026-11-25T10:00:00.000Z',
        finished_at: '2026-11-25T10:00:01.000Z',
        error: 'no answer',
        next_run_at: '2026-11-25T10:01:00.000Z',
      }
      bed.stub.on(`GET ${JOBS}/${ID}/attempts`, { body: { data: [attempt] } })
      expect((await bed.run(`jobs attempts ${ID}`)).stdout).to.match(
        / 1 +failed +2026-11-25 10:00 +2026-11-25 10:01 +no answer/,
      )
      const json = (await bed.run(`jobs attempts ${ID} --json`)).json()
      expect(json).to.deep.equal({ data: [attempt] })
      expect(missingFields(['jobs', 'attempts'], json)).to.deep.equal([])
      bed.stub.on(`GET ${JOBS}/${ID}/attempts`, { body: { data: [] } })
      expect((await bed.run(`jobs attempts ${ID}`)).stdout).to.include('It has not begun yet.')
    })
  })

  describe('create', () => {
    beforeEach(() => bed.stub.on(`POST ${JOBS}`, { status: 202, body: ENQUEUED }))

    it('sends what was given and nothing else', async () => {
      const run = await bed.run('jobs create --tenant acme --kind workers.http-request --json')
      expect(last()?.body).to.deep.equal({ kind: 'workers.http-request' })
      expect(missingFields(['jobs', 'create'], run.json())).to.deep.equal([])
      await bed.run(
        'jobs create --tenant acme --kind x.y --payload {"a":[1]} --delay 60 --priority -3 --attempts 2 --unique k',
      )
      expect(last()?.body).to.deep.equal({
        kind: 'x.y',
        payload: { a: [1] },
        delay_s: 60,
        priority: -3,
        attempts: 2,
        unique: { key: 'k' },
      })
      await bed.run('jobs create --tenant acme --kind x.y --run-at 2026-11-26T00:00:00Z')
      expect(last()?.body).to.deep.equal({ kind: 'x.y', run_at: '2026-11-26T00:00:00Z' })
    })

    it('says whether there was one already', async () => {
      const made = await bed.run('jobs create --tenant acme --kind x.y')
      expect(made.stdout).to.match(/^✓ Enqueued: .*\(queued\)\n$/)
      bed.stub.on(`POST ${JOBS}`, { status: 202, body: { ...ENQUEUED, is_new: false, status: 'running' } })
      const found = await bed.run('jobs create --tenant acme --kind x.y --unique k')
      expect(found.stdout).to.match(/^✓ There is one already: .*\(running\)\n$/)
    })

    it('takes its payload from text, a file or standard input', async () => {
      const file = join(bed.dir, 'payload.json')
      await writeFile(file, '{\n  "from": "file"\n}\n')
      const create = 'jobs create --tenant acme --kind x.y --payload'
      await bed.run(`${create} {"from":"text"}`)
      await bed.run(`${create} @${file}`)
      await bed.run(`${create} -`, '{"from":"stdin"}')
      expect(bed.stub.seen.map(({ body }) => (body as { payload: object }).payload)).to.deep.equal([
        { from: 'text' },
        { from: 'file' },
        { from: 'stdin' },
      ])
    })

    for (const payload of ['{"a":', '[1]', 'null', '"text"', '-', '@/nowhere.json', '@']) {
      it(`refuses the payload ${payload} and sends nothing`, async () => {
        const run = await bed.run(`jobs create --tenant acme --kind x.y --payload ${payload}`)
        expect([run.code, bed.stub.seen.length]).to.deep.equal([2, 0])
        expect(run.stderr).to.include('--payload')
      })
    }

    for (const wrong of ['--delay 1 --run-at 2026-11-26T00:00:00Z', '--priority 101', '--attempts 0']) {
      it(`refuses ${wrong}`, async () => {
        const run = await bed.run(`jobs create --tenant acme --kind x.y ${wrong}`)
        expect([run.code, bed.stub.seen.length]).to.deep.equal([2, 0])
      })
    }

    it('names the tenant and the kind where they are missing', async () => {
      for (const [given, missing] of [
        ['--kind x.y', 'tenant'],
        ['--tenant acme', 'kind'],
      ]) {
        const run = await bed.run(`jobs create ${given}`)
        expect(run.code).to.equal(2)
        expect(run.stderr).to.include(`Missing required flag ${missing}`)
      }
    })
  })

  describe('create --wait', () => {
    const EVENTS = `GET ${JOBS}/${ID}/events`
    const create = 'jobs create --tenant acme --kind x.y --wait'

    beforeEach(() => bed.stub.on(`POST ${JOBS}`, { status: 202, body: ENQUEUED }))

    it('tells each change on standard error and in the end what became of it', async () => {
      bed.stub.on(EVENTS, {
        pieces: [
          formatRetry(1_000),
          job(JOB),
          HEARTBEAT,
          job({ ...RUNNING, progress: { share: 0.5, words: 'half' } }),
          line(1),
          job(SUCCEEDED, '1'),
          end('complete'),
        ],
      })
      bed.stub.on(`GET ${JOBS}/${ID}`, { body: SUCCEEDED })
      const run = await bed.run(create)
      expect([run.code, run.stderr]).to.deep.equal([
        0,
        'queued, attempt 0\n50 % half\nsucceeded, attempt 1\n',
      ])
      expect(run.stdout).to.match(/^✓ Enqueued: .*\(succeeded\)\n$/)
      expect(bed.stub.seen.every(({ headers }) => headers['x-tenant'] === 'acme')).to.equal(true)
      expect(bed.stub.seen[1]?.headers).to.include({ accept: 'text/event-stream' })

      const json = await bed.run(`${create} --json`)
      expect([json.stderr, json.json()]).to.deep.equal(['', { ...ENQUEUED, status: 'succeeded' }])
    })

    for (const settled of [FAILED, { ...FAILED, status: 'cancelled' }]) {
      it(`exits 1 for a job that is ${settled.status}`, async () => {
        bed.stub.on(EVENTS, { pieces: [job(settled), end('complete')] })
        bed.stub.on(`GET ${JOBS}/${ID}`, { body: settled })
        const run = await bed.run(`${create} --json`)
        expect([run.code, run.json()]).to.deep.equal([1, { ...ENQUEUED, status: settled.status }])
      })
    }

    it('goes on after a broken connection, a server that is away and one that shuts down', async () => {
      inTurn(
        EVENTS,
        { pieces: [job(JOB), line(1), line(2).slice(0, 20)], breaks: true },
        'reset',
        { status: 503, body: { detail: 'Shutting down.', code: 'http.unavailable' } },
        { pieces: [job(RUNNING, '1'), line(2), end('shutdown')] },
        { pieces: [job(SUCCEEDED, '2'), end('complete')] },
      )
      bed.stub.on(`GET ${JOBS}/${ID}`, { body: SUCCEEDED })
      const run = await bed.run(create)
      expect(run.code, run.stderr).to.equal(0)
      const streams = bed.stub.seen.filter(({ path }) => path.endsWith('/events'))
      expect(streams.map(({ headers }) => headers['last-event-id'])).to.deep.equal([
        undefined,
        '1',
        '1',
        '1',
        '2',
      ])
    })

    it('gives up where the stream may not be read any more', async () => {
      inTurn(
        EVENTS,
        { pieces: [job(JOB)], breaks: true },
        { status: 403, body: { detail: 'You may not.', code: 'auth.forbidden' } },
      )
      const run = await bed.run(create)
      expect(run.code).to.equal(4)
      expect(run.stderr).to.include('You may not.')
    })
  })

  describe('logs', () => {
    const EVENTS = `GET ${JOBS}/${ID}/events`

    it('shows the lines so far, with --json one document a line', async () => {
      bed.stub.on(`GET ${JOBS}/${ID}/logs`, { body: { data: LINES.slice(0, 2) } })
      expect((await bed.run(`jobs logs ${ID}`)).stdout).to.equal(
        '10:00:00.500  first\n10:00:01.500  second\n',
      )
      const json = await bed.run(`jobs logs ${ID} --json`)
      const documents = json.stdout.trimEnd().split('\n')
      expect(documents.map((text) => JSON.parse(text) as object)).to.deep.equal(LINES.slice(0, 2))
      expect(missingFields(['jobs', 'logs'], JSON.parse(documents[0] ?? ''))).to.deep.equal([])
    })

    it('follows them to the end, each once, though the connection breaks in the middle of one', async () => {
      inTurn(
        EVENTS,
        { pieces: [job(RUNNING), line(1), line(2).slice(0, -9)], breaks: true },
        { pieces: [job(RUNNING, '1'), line(2), HEARTBEAT, line(3), job(SUCCEEDED, '3'), end('complete')] },
      )
      const run = await bed.run(`jobs logs ${ID} --tenant acme --follow`)
      expect([run.code, run.stderr]).to.deep.equal([0, ''])
      expect(run.stdout.match(/first|second|third/g)).to.deep.equal(['first', 'second', 'third'])
      expect(last()?.headers).to.include({ 'last-event-id': '1', 'x-tenant': 'acme' })
    })

    it('says where there is no such job', async () => {
      for (const argv of [`jobs logs ${ID}`, `jobs logs ${ID} --follow`]) {
        const run = await bed.run(argv)
        expect([run.code, run.stdout]).to.deep.equal([1, ''])
        expect(run.stderr).to.include('req-404')
      }
    })
  })

  describe('kinds', () => {
    it('lists what may be enqueued, with --json the schema of each payload', async () => {
      const kind = {
        kind: 'workers.http-request',
        queue: 'http',
        summary: 'Calls a URL',
        attempts: 5,
        timeout_s: 90,
        payload_schema: { type: 'object' },
      }
      bed.stub.on('GET /workers/v1/job-kinds', { body: { data: [kind] } })
      expect((await bed.run('jobs kinds --tenant acme')).stdout).to.match(
        /workers\.http-request +http +5 +1m 30s +Calls a URL/,
      )
      const json = (await bed.run('jobs kinds --tenant acme --json')).json()
      expect(json).to.deep.equal({ data: [kind] })
      expect(missingFields(['jobs', 'kinds'], json)).to.deep.equal([])
    })
  })

  describe('dead and redrive', () => {
    it('list what failed for good, without what was run again unless that is asked for', async () => {
      bed.stub.on(`GET ${DEAD}`, page(LETTER))
      const run = await bed.run('jobs dead --tenant acme --kind x.y')
      expect(run.stdout).to.match(/attempts +The other server answered 500\. +– /)
      expect(last()?.query).to.deep.equal({ kind: 'x.y', open: 'true', limit: '50' })
      const json = await bed.run('jobs dead --redriven --queue http --json')
      expect(last()?.query).to.deep.equal({ queue: 'http', limit: '50' })
      expect(missingFields(['jobs', 'dead'], json.json())).to.deep.equal([])
      bed.stub.on(`GET ${DEAD}`, page())
      expect((await bed.run('jobs dead')).stdout).to.include('No job failed for good.')
    })

    it('run one again by its id, or the oldest of many', async () => {
      bed.stub.on(`POST ${DEAD}/${LETTER.id}/redrive`, { body: JOB })
      bed.stub.on(`POST ${DEAD}/redrive`, { body: { redriven: 7 } })
      const one = await bed.run(`jobs redrive ${LETTER.id} --tenant acme`)
      expect(one.stdout).to.equal('✓ 1 job will run again.\n')
      const many = await bed.run('jobs redrive --tenant acme --kind x.y --limit 500 --json')
      expect(many.json()).to.deep.equal({ redriven: 7 })
      expect(last()?.body).to.deep.equal({ kind: 'x.y', limit: 500 })
      expect((await bed.run('jobs redrive --limit 1001')).code).to.equal(2)
    })
  })
})

describe('queues commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => bed.stub.reset())
  after(() => bed.remove())

  it('list what waits in each queue', async () => {
    bed.stub.on(`GET ${QUEUES}`, { body: { data: [QUEUE, { ...QUEUE, name: 'mail', paused: true }] } })
    const run = await bed.run('queues list')
    expect(run.stdout)
      .to.match(/QUEUE +STATE +QUEUED +RUNNING +SCHEDULED +WAITING +OLDEST/)
      .and.match(/http +running +3 +2 +4 +1 +1m 15s/)
      .and.match(/mail +paused /)
    const json = await bed.run('queues list --tenant acme --json')
    expect(missingFields(['queues', 'list'], json.json())).to.deep.equal([])
    expect(bed.stub.seen.map(({ headers }) => headers['x-tenant'])).to.deep.equal([undefined, 'acme'])
  })

  it('pause one with a reason and let it run again', async () => {
    bed.stub.on(`POST ${QUEUES}/http/pause`, { body: { ...QUEUE, paused: true } })
    bed.stub.on(`POST ${QUEUES}/http/resume`, { body: QUEUE })
    const paused = await bed.run('queues pause http --reason maintenance')
    expect(paused.stdout).to.equal('✓ The queue http is paused; 3 jobs wait in it.\n')
    await bed.run('queues pause http')
    expect(bed.stub.seen.map(({ body }) => body)).to.deep.equal([{ reason: 'maintenance' }, {}])
    const resumed = await bed.run('queues resume http --json')
    expect([resumed.code, resumed.json()]).to.deep.equal([0, QUEUE])
    expect(missingFields(['queues', 'resume'], resumed.json())).to.deep.equal([])
  })

  it('name the queue where it is missing', async () => {
    const run = await bed.run('queues pause')
    expect([run.code, bed.stub.seen.length]).to.deep.equal([2, 0])
  })
})
