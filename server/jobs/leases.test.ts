import { expect } from 'chai'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import type { JobHandle } from '../kernel/job-handle.js'
import { type ClaimedJob, claimInTurn } from './claim.js'
import { Settler } from './settler.js'

describe('leases of jobs', () => {
  let behave: (job: JobHandle) => unknown = () => undefined
  const run = async (_ctx: Ctx, _payload: unknown, job: JobHandle) => behave(job)
  const task = kindOf('task', { run })
  const test = useJobs([task])

  beforeEach(() => {
    behave = () => undefined
  })

  const enqueue = async () => (await test.in(test.tenant()).enqueue(task, {})).id
  /** What a process claimed that then died. */
  const claimAndDie = (most = 1): Promise<ClaimedJob[]> =>
    claimInTurn(test.server.resources.db, { worker: 'dead', leaseMs: 0 }, [task], {
      most,
      cursor: '00000000-0000-0000-0000-000000000000',
    })

  it('are renewed for as long as a job runs', async () => {
    const end = gate()
    behave = () => end.opened
    test.worker({ leaseMs: 600 })
    const id = await enqueue()
    await until(async () => {
      const { lease_until, started_at } = await test.job(id)
      return Number(lease_until) - Number(started_at) > 1_800
    })
    end.open()
    expect((await test.becomes(id, 'succeeded')).fence).to.equal(1)
  })

  it('are renewed between two settlements, however many are still to be made', async () => {
    const { db } = test.server.resources
    const [first, second] = [await enqueue(), await enqueue()]
    const claimed = await claimInTurn(db, { worker: 'test', leaseMs: 60_000 }, [task], {
      most: 2,
      cursor: '00000000-0000-0000-0000-000000000000',
    })
    const settler = new Settler(test.server.resources)
    const settle = (id: string) => {
      const job = claimed.find((one) => one.id === id) as ClaimedJob
      settler.add({ job, outcome: { status: 'succeeded', result: null } })
    }
    let seen: string[] = []
    let aside: Promise<void> = Promise.resolve()
    await db.transaction({ role: 'system', tenantId: null }, async () => {
      await db.query({ text: 'select id from worker_jobs where id = $1 for update', values: [first] })
      settle(first)
      // The first statement waits for the row; the second job is for the next one.
      await new Promise((resolve) => setImmediate(resolve))
      settle(second)
      aside = settler.aside(async () => {
        seen = (await test.jobs({ ids: [first, second] })).map(({ status }) => status)
      })
    })
    await aside
    await settler.drain(1_000)
    expect(seen).to.deep.equal(['succeeded', 'running'])
    expect((await test.job(second)).status).to.equal('succeeded')
  })

  it('that end give the job its next attempt', async () => {
    const id = await enqueue()
    await claimAndDie()
    test.worker({ lookMs: 50 })
    const { attempt, fence } = await test.becomes(id, 'succeeded')
    expect({ attempt, fence }).to.deep.equal({ attempt: 2, fence: 2 })
    const [lost] = await test.attempts(id)
    expect(lost).to.include({ attempt: 1, outcome: 'lost' })
    expect(lost?.error).to.match(/process that ran it ended/)
  })

  it('that end at the last attempt fail the job, so that one that kills its process stops', async () => {
    const id = await enqueue()
    for (let n = 0; n < 3; n++) {
      await claimAndDie()
      await test.sql("update worker_jobs set status = 'queued' where id = $1 and attempt < 3", id)
    }
    await test.server.work()
    const { status, attempt } = await test.job(id)
    expect({ status, attempt }).to.deep.equal({ status: 'failed', attempt: 3 })
    const letters = await test.sql<{ reason: string }>(
      'select reason from dead_letters where job_id = $1',
      id,
    )
    expect(letters).to.deep.equal([{ reason: 'lost' }])
  })

  it('that end while somebody asked for the end of the job cancel it', async () => {
    const id = await enqueue()
    await claimAndDie()
    await test.sql('update worker_jobs set cancel_requested_at = now()')
    await test.server.work()
    expect((await test.job(id)).status).to.equal('cancelled')
  })

  it('of thousands of jobs are taken back by several workers, each once', async function () {
    this.timeout(60_000)
    await test.fill(task, [test.tenant(), test.tenant()], 1_000)
    for (let n = 0; n < 4; n++) await claimAndDie(500)
    behave = () => undefined
    const twin = await test.twin()
    for (const server of [test.server, twin]) test.worker({ lookMs: 50 }, server)
    await test.idle()
    const [told] = await test.sql<object>(
      'select count(*) as n, min(attempt), max(attempt), max(fence) as fence from worker_jobs',
    )
    expect(told).to.deep.equal({ n: 2_000, min: 2, max: 2, fence: 2 })
    const [lost] = await test.sql<object>("select count(*) as n from job_attempts where outcome = 'lost'")
    expect(lost).to.deep.equal({ n: 2_000 })
  })

  it('that another worker has taken end the run that lost them', async () => {
    let reason = ''
    behave = async (job) => {
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve))
      reason = String(job.signal.reason)
    }
    test.worker({ leaseMs: 300 })
    const id = await enqueue()
    await test.becomes(id, 'running')
    await test.sql('update worker_jobs set fence = fence + 1 where id = $1', id)
    await until(() => reason !== '')
    expect(reason).to.equal('Error: the job was stopped: lost')
  })
})
