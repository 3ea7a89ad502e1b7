import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import type { JobHandle } from '../kernel/job-handle.js'

describe('the order of jobs', () => {
  /** Runs in the order they began. */
  let begun: { tenantId: string | null; n: number | undefined }[] = []
  let takes = 0
  const run = async (_ctx: Ctx, { n }: { n?: number | undefined }, { tenantId }: JobHandle) => {
    begun.push({ tenantId, n })
    if (takes > 0) await sleep(takes)
  }
  const task = kindOf('task', { run })
  const other = kindOf('other', { run })
  const limited = kindOf('limited', { run, concurrency: { perTenant: 3 } })
  const elsewhere = kindOf('elsewhere', { run, queue: 'slow-lane' })
  const test = useJobs([task, other, limited, elsewhere])

  beforeEach(() => {
    begun = []
    takes = 0
  })

  const tenants = (count: number) => Array.from({ length: count }, () => test.tenant())
  const work = async (concurrency: number) => {
    const worker = test.worker({ concurrency })
    await test.idle()
    await worker.close(1_000)
  }

  for (const kind of [task, limited]) {
    const which = `of ${kind === task ? 'a kind without limits' : 'a limited kind'}`

    it(`${which} is by priority within a tenant, then by age`, async () => {
      const ctx = test.in(test.tenant())
      await ctx.transaction(async () => {
        for (const [n, priority] of [0, -7, 5, 100, 0, 5, -100].entries()) {
          await ctx.enqueue(kind, { n }, { priority })
        }
      })
      await work(1)
      expect(begun.map(({ n }) => n)).to.deep.equal([3, 2, 5, 0, 4, 1, 6])
    })

    it(`${which} has tenants take turns, however many run at once`, async () => {
      for (const concurrency of [1, 7, 30]) {
        begun = []
        await test.fill(kind, tenants(20), 6)
        await work(concurrency)
        expect(begun).to.have.length(120)
        const counts = new Map<string | null, number>()
        for (const { tenantId } of begun) {
          counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1)
          const all = [...counts.values()]
          const least = counts.size < 20 ? 0 : Math.min(...all)
          // A claim that hands out several each begins with one more for some.
          expect(Math.max(...all) - least).to.be.at.most(Math.ceil(concurrency / 20) + 1)
        }
        await test.admin('truncate worker_jobs')
      }
    })
  }

  it("has another tenant's first job next, behind 100,000 of one", async function () {
    this.timeout(60_000)
    const [many, few] = [test.tenant(), test.tenant()]
    await test.fill(task, [many], 100_000)
    takes = 15
    const worker = test.worker({ concurrency: 1 })
    await until(() => begun.length >= 3)
    for (const n of [1, 2, 3]) {
      await test.in(few).enqueue(task, { n })
      // One runs and the next may be claimed by now.
      const latest = begun.length + 2
      await until(() => begun.some(({ tenantId, n: own }) => tenantId === few && own === n))
      expect(begun.findIndex(({ tenantId, n: own }) => tenantId === few && own === n) + 1).to.be.at.most(
        latest,
      )
    }
    await worker.close(1_000)
    expect(begun.filter(({ tenantId }) => tenantId === many).length).to.be.at.least(5)
  })

  it('is not changed by kinds: a tenant takes one turn for all it has', async () => {
    const [ours, theirs] = [test.tenant(), test.tenant()]
    await test.fill(task, [ours, theirs], 10)
    await test.fill(other, [ours], 10)
    await work(1)
    const firstTwenty = begun.slice(0, 20).filter(({ tenantId }) => tenantId === theirs)
    expect(firstTwenty).to.have.length(10)
  })

  it('finds jobs with keys of a kind that was limited by key when they were made, and is not any more', async () => {
    const [keyed, plain] = tenants(2) as [string, string]
    await test.fill(task, [keyed], 60, "'key ' || n")
    await test.fill(task, [plain], 10)
    await work(1)
    expect(begun.filter(({ tenantId }) => tenantId === plain)).to.have.length(10)
    expect(begun).to.have.length(70)
  })

  it('leaves out a paused queue from the commit on, and nothing else', async () => {
    const tenant = test.tenant()
    await test.fill(elsewhere, [tenant], 50)
    takes = 15
    test.worker({ concurrency: 1 })
    await until(() => begun.length >= 2)
    await test.sql("insert into job_queues (name, paused_at) values ('slow-lane', now())")
    const latest = begun.length + 1
    takes = 0
    const { id } = await test.in(tenant).enqueue(task, { n: 7 })
    await test.becomes(id, 'succeeded')
    // Told of them once more, it still begins none.
    const hinted = await test.in(tenant).enqueue(elsewhere, {})
    const last = await test.in(tenant).enqueue(task, { n: 8 })
    await test.becomes(last.id, 'succeeded')
    expect((await test.job(hinted.id)).status).to.equal('queued')
    expect(begun.filter(({ n }) => n !== 7 && n !== 8).length).to.be.at.most(latest)

    await test.sql('update job_queues set paused_at = null')
    test.server.resources.jobs.wake(elsewhere.name)
    await test.idle()
    expect(begun).to.have.length(53)
  })

  it('forgets no job that it was told of while it looked in vain', async () => {
    const { db, jobs } = test.server.resources
    const read = db.readSystem
    const [looked, told] = [gate(), gate()]
    db.readSystem = (async (statement: { name: string }) => {
      const rows = await read.call(db, statement as never)
      if (statement.name !== 'jobs-claim-in-turn') return rows
      looked.open()
      await told.opened
      return rows
    }) as never
    try {
      test.worker()
      jobs.wake(task.name)
      await looked.opened
      const { id } = await test.in(test.tenant()).enqueue(task, { n: 1 })
      await jobs.sent()
      await sleep(100)
      told.open()
      await test.becomes(id, 'succeeded')
    } finally {
      told.open()
      db.readSystem = read
    }
  })

  it('lets what runs in a queue go on when that is paused', async () => {
    takes = 50
    const { id } = await test.in(test.tenant()).enqueue(elsewhere, {})
    test.worker()
    await test.becomes(id, 'running')
    await test.sql("insert into job_queues (name, paused_at) values ('slow-lane', now())")
    await test.becomes(id, 'succeeded')
  })

  it('has every waiting job run once by three workers that race for them', async () => {
    const servers = [test.server, await test.twin(), await test.twin()]
    await test.fill(task, tenants(7), 300)
    // Long enough for the last of them to begin before the first two are through.
    takes = 10
    for (const server of servers) test.worker({}, server)
    await test.idle()
    expect(begun).to.have.length(2_100)
    const [told] = await test.sql<object>(
      'select count(distinct worker) as workers, max(fence) as fence from worker_jobs',
    )
    expect(told).to.deep.equal({ workers: 3, fence: 1 })
  })
})
