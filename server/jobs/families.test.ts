import { AsyncResource } from 'node:async_hooks'
import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import type { JobRecord } from '../kernel/define-job.js'
import { type ChildOutcome, GiveUp, type JobHandle } from '../kernel/job-handle.js'
import type { Flow } from './enqueue.js'
import { type Settlement, settle } from './settle.js'

type Payload = { n?: number | undefined }
type Leaf = Settlement['job']

const ended = (job: Leaf): Settlement => ({ job, outcome: { status: 'succeeded', result: 1 } })
const gaveUp = (job: Leaf): Settlement => ({
  job,
  outcome: { status: 'failed', reason: 'gave_up', error: 'no', attemptOutcome: 'failed' },
})
/** Runs `work` outside of the transaction that is open here. */
const outside = new AsyncResource('outside')
const apart = <T>(work: () => Promise<T>): Promise<T> => outside.runInAsyncScope(work)

describe('parents and children of jobs', () => {
  let begun: string[] = []
  let children: readonly ChildOutcome[] = []
  const run = async (_ctx: Ctx, { n = 0 }: Payload, job: JobHandle) => {
    begun.push(`${job.kind} ${n}`)
    if (job.kind === 'test.bad') throw new GiveUp(`child ${n} gave up`)
    if (job.kind === 'test.parent') children = job.children
    return n * 10
  }
  const child = kindOf('child', { run })
  const auto = kindOf('auto', { run, transaction: 'auto' })
  const bad = kindOf('bad', { run })
  const parent = kindOf('parent', { run })
  const flaky = kindOf('flaky', {
    run: async (_ctx, _payload, job) => {
      begun.push(`flaky ${job.children.length}`)
      if (job.attempt === 1) throw new Error('no luck')
    },
  })
  const test = useJobs([child, auto, bad, parent, flaky])

  beforeEach(() => {
    begun = []
    children = []
  })

  const leaf = (job: JobRecord<Payload>, n = 0): Flow<unknown> => ({ job, payload: { n }, children: [] })
  const flow = (of: readonly Flow<unknown>[], more: Partial<Flow<Payload>> = {}): Flow<Payload> => ({
    job: parent,
    payload: {},
    children: of,
    ...more,
  })
  /** Resolves when so many connections wait for a lock. */
  const blocked = (count: number) =>
    until(async () => {
      const { rows } = await test.admin(
        "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
      return Number(rows[0]?.n) >= count
    })
  const statusOf = async (id: string) => (await test.job(id)).status

  it('begin with the children; the parent sees how they ended, in the order they were given', async () => {
    const { id } = await test
      .in(test.tenant())
      .enqueueFlow(
        flow([leaf(child, 1), leaf(auto, 2), leaf(bad, 3), leaf(child, 4)], { onChildFailure: 'continue' }),
      )
    expect(await statusOf(id)).to.equal('waiting')
    await test.server.work()
    expect(await statusOf(id)).to.equal('succeeded')
    expect(begun.at(-1)).to.equal('test.parent 0')
    expect(children.map(({ kind, status, result, error }) => [kind, status, result, error])).to.deep.equal([
      ['test.child', 'succeeded', 10, null],
      ['test.auto', 'succeeded', 20, null],
      ['test.bad', 'failed', null, 'child 3 gave up'],
      ['test.child', 'succeeded', 40, null],
    ])
  })

  it('fail together where the parent must not survive a failed child', async () => {
    const { id } = await test
      .in(test.tenant())
      .enqueueFlow(flow([leaf(bad, 1), leaf(child, 2), leaf(bad, 3)]))
    await test.server.work()
    expect(await test.job(id)).to.include({
      status: 'failed',
      error: 'a job this one waited for did not succeed',
    })
    expect(begun).to.not.include('test.parent 0')
    expect(begun).to.include('test.child 2')
    const letters = await test.sql<{ reason: string; n: number }>(
      'select reason, count(*) as n from dead_letters where job_id = $1 group by 1',
      id,
    )
    expect(letters).to.deep.equal([{ reason: 'child_failed', n: 1 }])
  })

  it('may be parents themselves', async () => {
    const inner = flow([leaf(child, 1), leaf(child, 2)], { payload: { n: 7 } })
    const { id } = await test
      .in(test.tenant())
      .enqueueFlow(flow([inner, leaf(child, 3)], { payload: { n: 9 } }))
    await test.server.work()
    expect(await statusOf(id)).to.equal('succeeded')
    expect(begun.indexOf('test.parent 7')).to.be.greaterThan(begun.indexOf('test.child 1'))
    expect(begun.at(-1)).to.equal('test.parent 9')
    expect(children.map(({ kind, result }) => [kind, result])).to.deep.equal([
      ['test.parent', 70],
      ['test.child', 30],
    ])
  })

  it('fail upwards, as far as parents must not survive it', async () => {
    const middle = flow([leaf(bad, 1)], { payload: { n: 1 } })
    const upper = flow([middle], { payload: { n: 2 } })
    const { id } = await test
      .in(test.tenant())
      .enqueueFlow(flow([upper], { payload: { n: 3 }, onChildFailure: 'continue' }))
    await test.server.work()
    const all = await test.jobs({ kind: parent.name })
    expect(all.map(({ status }) => status)).to.deep.equal(['succeeded', 'failed', 'failed'])
    expect(children).to.have.length(1)
    expect(children[0]).to.include({ status: 'failed' })
    expect(await statusOf(id)).to.equal('succeeded')
  })

  it('of 500 are counted exactly when two workers settle them at once', async function () {
    this.timeout(60_000)
    const twin = await test.twin()
    for (const server of [test.server, twin]) test.worker({ lookMs: 500 }, server)
    const leaves = Array.from({ length: 500 }, (_, n) => leaf(n % 3 === 0 ? auto : child, n))
    const { id } = await test.in(test.tenant()).enqueueFlow(flow(leaves))
    const { pending_children, attempt } = await test.becomes(id, 'succeeded')
    expect({ pending_children, attempt }).to.deep.equal({ pending_children: 0, attempt: 1 })
    expect(children.map(({ result }) => result)).to.deep.equal(leaves.map((_, n) => n * 10))
  })

  it('never wait for each other in a circle, from whatever depth two settlements come', async () => {
    const { db } = test.server.resources
    const middle = flow([leaf(child, 1), leaf(child, 2)], { payload: { n: 1 } })
    const root = await test.in(test.tenant()).enqueueFlow(flow([middle, leaf(child, 3)]))
    const leaves = await test.sql<Settlement['job']>(`update worker_jobs
      set status = 'running', attempt = 1, fence = 1, lease_until = now() + interval '1 hour', started_at = now()
      where kind = 'test.child' returning tenant_id as "tenantId", id, kind, fence, attempt, parent_id as "parentId",
        started_at as "startedAt"`)
    const [first, second, third] = leaves.sort((a, b) => (a.id < b.id ? -1 : 1)) as [Leaf, Leaf, Leaf]
    let both: Promise<unknown> = Promise.resolve()
    let below: Promise<unknown> = Promise.resolve()
    const hold = test.in(null).system('a test', async () => {
      await db.query({ text: 'select id from worker_jobs where id = $1 for update', values: [root.id] })
      // One touches both levels, the other comes up from below: each has locked what it could.
      both = apart(() => settle(db, [ended(second), ended(third)]))
      await blocked(1)
      below = apart(() => settle(db, [gaveUp(first)]))
      await blocked(2)
    })
    await hold
    await Promise.all([both, below])
    expect(await statusOf(root.id)).to.equal('failed')
  })

  it('belong to the tenant of their root', async () => {
    const tenant = test.tenant()
    const ctx = test.in(null)
    const { id } = await ctx.system('a test', () =>
      ctx.enqueueFlow(flow([leaf(child, 1)], { options: { tenantId: tenant } })),
    )
    await test.server.work()
    expect(await test.job(id)).to.include({ status: 'succeeded', tenant_id: tenant })
  })

  it('begin not before the time their parent was given', async () => {
    const ctx = test.in(test.tenant())
    const { id } = await ctx.enqueueFlow(flow([leaf(child, 1)], { options: { delayMs: 3_600_000 } }))
    await test.server.work()
    expect(begun).to.deep.equal(['test.child 1'])
    expect(await statusOf(id)).to.equal('scheduled')
    await test.server.work({ skipPauses: true })
    expect(await statusOf(id)).to.equal('succeeded')
    expect(children).to.have.length(1)
  })

  it('that none are make the parent a plain job', async () => {
    const { id } = await test.in(test.tenant()).enqueueFlow(flow([]))
    await test.server.work()
    expect(await statusOf(id)).to.equal('succeeded')
  })

  it('are shown to each attempt of the parent', async () => {
    const { id } = await test
      .in(test.tenant())
      .enqueueFlow({ job: flaky, payload: {}, children: [leaf(child, 1), leaf(child, 2)] })
    await test.server.work({ skipPauses: true })
    expect(await statusOf(id)).to.equal('succeeded')
    expect(begun.slice(2)).to.deep.equal(['flaky 2', 'flaky 2'])
  })

  it('exist together or not at all', async () => {
    const ctx = test.in(test.tenant())
    const broken = leaf(child, 'no number' as unknown as number)
    await expectRejection(ctx.enqueueFlow(flow([leaf(child, 1), broken])), /ZodError/)
    expect(await test.sql('select id from worker_jobs')).to.deep.equal([])
  })

  it('are told of a child whose process died for the last time', async () => {
    const { id } = await test.in(test.tenant()).enqueueFlow(flow([leaf(child, 1)]))
    await test.sql(`update worker_jobs set status = 'running', attempt = 3, started_at = now(), lease_until = now() - interval '1 second'
      where kind = 'test.child'`)
    test.worker({ lookMs: 50 })
    await until(async () => (await statusOf(id)) === 'failed')
  })
})
