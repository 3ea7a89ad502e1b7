import { expect } from 'chai'
import { z } from 'zod'
import { expectRejection } from '../../test/expect-rejection.js'
import { kindOf, useJobs } from '../../test/jobs.js'
import { defineJob } from '../kernel/define-job.js'
import { INSTALLATION } from './job-row.js'

describe('enqueueing', () => {
  const seen: unknown[] = []
  const count = kindOf('count', {
    run: async (_ctx, { n }) => {
      seen.push(n)
    },
  })
  const trimmed = defineJob({
    name: 'test.trimmed',
    payload: z.strictObject({ word: z.string().trim().min(1).max(20) }),
    attempts: 3,
    timeoutMs: 1_000,
    safeToRepeat: 'a test',
    run: async (_ctx, payload) => {
      seen.push(payload)
    },
  })
  const test = useJobs([count, trimmed])

  beforeEach(() => {
    seen.length = 0
  })

  it('runs jobs once each, in the order they were enqueued', async () => {
    const ctx = test.in(null)
    await ctx.system('a test', async () => {
      for (let n = 0; n < 5; n++) await ctx.enqueue(count, { n })
    })
    await test.server.work()
    expect(seen).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('exists exactly if the transaction around it commits', async () => {
    const ctx = test.in(test.tenant())
    test.worker()
    const failing = ctx.transaction(async () => {
      await ctx.enqueue(count, { n: 1 })
      await ctx.enqueueMany(count, [{ n: 2 }, { n: 3 }])
      throw new Error('thought better of it')
    })
    await expectRejection(failing, /better/)
    const { id } = await ctx.transaction(() => ctx.enqueue(count, { n: 4 }))

    await test.becomes(id, 'succeeded')
    expect(await test.jobs({ kind: count.name })).to.have.length(1)
    expect(seen).to.deep.equal([4])
  })

  it('is begun by nobody before the commit', async () => {
    const ctx = test.in(test.tenant())
    const worker = test.worker()
    const { id } = await ctx.transaction(async () => {
      const made = await ctx.enqueue(count, { n: 1 })
      await worker.runUntilIdle()
      expect(seen).to.deep.equal([])
      return made
    })
    await test.becomes(id, 'succeeded')
  })

  it('works for the tenant of its caller unless told otherwise', async () => {
    const [ours, other] = [test.tenant(), test.tenant()]
    const tenantOf = async (id: string) => (await test.job(id)).tenant_id
    const ctx = test.in(ours)
    const made = await ctx.enqueue(count, {})
    const forAll = await ctx.enqueue(count, {}, { tenantId: null })
    const forOther = await ctx.system('a test', () => ctx.enqueue(count, {}, { tenantId: other }))

    expect(await Promise.all([made, forAll, forOther].map(({ id }) => tenantOf(id)))).to.deep.equal([
      ours,
      INSTALLATION,
      other,
    ])
    await expectRejection(ctx.enqueue(count, {}, { tenantId: other }), /row-level security/)
  })

  it('parses the payload on the way in and keeps what the parser made of it', async () => {
    const ctx = test.in(test.tenant())
    await expectRejection(ctx.enqueue(trimmed, { word: '   ' }), /ZodError/)
    await expectRejection(ctx.enqueueMany(trimmed, [{ word: 'good' }, { word: 'x'.repeat(21) }]), /ZodError/)
    await ctx.enqueue(trimmed, { word: '  hello ' })
    await test.server.work()

    expect(seen).to.deep.equal([{ word: 'hello' }])
    expect(await test.jobs({ kind: trimmed.name })).to.have.length(1)
  })

  it('parses the payload again on the way out; a bad one is never run and goes to the dead letters', async () => {
    const { id } = await test.in(test.tenant()).enqueue(trimmed, { word: 'hello' })
    await test.sql(`update worker_jobs set payload = '{"word": 7}' where id = $1`, id)
    await test.server.work()

    const { status, attempt } = await test.job(id)
    expect({ status, attempt, seen }).to.deep.equal({ status: 'failed', attempt: 1, seen: [] })
    const letters = await test.sql<{ reason: string }>(
      'select reason from dead_letters where job_id = $1',
      id,
    )
    expect(letters).to.deep.equal([{ reason: 'bad_payload' }])
  })

  it('takes 10,000 at once, each exactly once', async function () {
    this.timeout(60_000)
    const payloads = Array.from({ length: 10_000 }, (_, n) => ({ n }))
    const made = await test.in(test.tenant()).enqueueMany(count, payloads)
    expect(new Set(made.map(({ id }) => id)).size).to.equal(10_000)

    await test.server.work()
    expect([...seen].sort((a, b) => Number(a) - Number(b))).to.deep.equal(payloads.map(({ n }) => n))
    const [settled] = await test.sql<{ n: number; runs: number }>(
      "select count(*) as n, sum(attempt) as runs from worker_jobs where status = 'succeeded'",
    )
    expect(settled).to.deep.equal({ n: 10_000, runs: 10_000 })
  })

  it('begins a delayed job when its time has come and not before', async () => {
    const ctx = test.in(test.tenant())
    const later = await ctx.enqueue(count, { n: 1 }, { delayMs: 3_600_000 })
    const never = await ctx.enqueue(count, { n: 2 }, { runAt: new Date(Date.now() + 3_600_000) })
    const past = await ctx.enqueue(count, { n: 3 }, { runAt: new Date(Date.now() - 3_600_000) })
    await test.server.work()
    expect(seen).to.deep.equal([3])
    expect((await test.job(past.id)).status).to.equal('succeeded')
    for (const { id } of [later, never]) expect((await test.job(id)).status).to.equal('scheduled')

    await test.sql('update worker_jobs set run_at = now() where id = $1', later.id)
    await test.server.work()
    expect(seen).to.deep.equal([3, 1])
  })

  it('tells workers of other processes when a delayed job is due', async () => {
    // They look once a minute: what begins sooner, somebody told them of.
    test.worker({}, await test.twin())
    const { id } = await test.in(test.tenant()).enqueue(count, { n: 1 }, { delayMs: 300 })
    const { run_at, created_at, started_at } = await test.becomes(id, 'succeeded')
    expect(run_at.getTime() - created_at.getTime()).to.equal(300)
    expect(started_at).to.be.at.least(run_at)
  })
})
