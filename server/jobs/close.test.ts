import { expect } from 'chai'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import type { TestServer } from '../../test/server.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import type { JobHandle } from '../kernel/job-handle.js'

describe('a worker', () => {
  /** What a run does, by the server it runs in. */
  let behave: (ctx: Ctx, job: JobHandle) => unknown = () => undefined
  const run = async (ctx: Ctx, _payload: unknown, job: JobHandle) => behave(ctx, job)
  const task = kindOf('task', { run })
  const limited = kindOf('limited', { run, concurrency: { perTenant: 5 } })
  const test = useJobs([task, limited])

  beforeEach(() => {
    behave = () => undefined
  })

  const isIn = (ctx: Ctx, { resources }: TestServer) => ctx.resources === resources
  /** Runs in this server wait until the gate is open; others end at once. */
  const blockIn = (server: TestServer) => {
    const end = gate()
    behave = (ctx) => (isIn(ctx, server) ? end.opened : undefined)
    return end
  }
  const counts = async () => {
    const rows = await test.sql<{ status: string; n: number }>(
      'select status, count(*) as n from worker_jobs group by 1',
    )
    return Object.fromEntries(rows.map(({ status, n }) => [status, n]))
  }
  const enqueue = async (count = 1, server = test.server, kind = task) => {
    const ctx = test.in(test.tenant(), server)
    const ids: string[] = []
    for (let n = 0; n < count; n++) ids.push((await ctx.enqueue(kind, {})).id)
    return ids
  }

  it('that closes loses nothing: what it began ends, the rest waits as if never claimed', async () => {
    behave = () => new Promise((resolve) => setTimeout(resolve, 5))
    await test.fill(task, [test.tenant(), test.tenant()], 200)
    const worker = test.worker({ concurrency: 5 })
    await until(async () => ((await counts()).succeeded ?? 0) >= 20)
    await worker.close(10_000)
    const { succeeded = 0, queued = 0, ...others } = await counts()
    expect({ all: succeeded + queued, others }).to.deep.equal({ all: 400, others: {} })
    const [told] = await test.sql<object>(
      "select max(attempt) as attempt from worker_jobs where status = 'queued'",
    )
    expect(told).to.deep.equal({ attempt: 0 })
    await test.server.work()
    expect(await counts()).to.deep.equal({ succeeded: 400 })
  })

  it('that closes gives back what it has not begun at once, and another has it at once', async () => {
    const twin = await test.twin()
    const closing = test.worker({ concurrency: 2 })
    // Short jobs make it claim ahead.
    await test.fill(task, [test.tenant()], 200)
    test.server.resources.jobs.wake(task.name)
    await test.idle()
    const end = blockIn(test.server)
    await test.fill(task, [test.tenant()], 40)
    test.server.resources.jobs.wake(task.name)
    await until(async () => ((await counts()).running ?? 0) > 2)
    test.worker({}, twin)
    await until(async () => !(await counts()).queued)

    const closed = closing.close(10_000)
    await until(async () => (await counts()).succeeded === 238)
    expect(await counts()).to.deep.equal({ succeeded: 238, running: 2 })
    end.open()
    await closed
    expect(await counts()).to.deep.equal({ succeeded: 240 })
    const [told] = await test.sql<object>('select max(attempt) as attempt from worker_jobs')
    expect(told).to.deep.equal({ attempt: 1 })
  })

  it('that closes tells long runs to stop and gives them back uncounted', async () => {
    const reasons: string[] = []
    behave = async (ctx, { signal }) => {
      if (!isIn(ctx, test.server)) return
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      reasons.push(String(signal.reason))
      throw signal.reason
    }
    const worker = test.worker()
    const [id = ''] = await enqueue()
    await test.becomes(id, 'running')
    const twin = await test.twin()
    // It hears by the wire alone, which the worker that closes must not take from any more.
    await twin.resources.bus.close()
    test.worker({}, twin)
    await worker.close(20)
    expect(reasons).to.deep.equal(['Error: the job was stopped: shutdown'])
    const { attempt, fence } = await test.becomes(id, 'succeeded')
    expect({ attempt, fence }).to.deep.equal({ attempt: 1, fence: 2 })
    expect(await test.attempts(id)).to.deep.equal([])
  })

  it('that closes does not wait for a run that will not stop', async () => {
    const end = blockIn(test.server)
    const worker = test.worker({ stopGraceMs: 20 })
    const [id = ''] = await enqueue()
    await test.becomes(id, 'running')
    await worker.close(20)
    expect(await test.job(id)).to.include({ status: 'queued', attempt: 0 })
    end.open()
  })

  it('that closes waits for no place of a limited kind', async () => {
    const end = blockIn(test.server)
    const worker = test.worker({ concurrency: 1, stopGraceMs: 20 })
    const [id = ''] = await enqueue()
    await test.becomes(id, 'running')
    const [waiting = ''] = await enqueue(1, test.server, limited)
    await worker.close(20)
    for (const one of [id, waiting]) expect(await test.job(one)).to.include({ status: 'queued', attempt: 0 })
    end.open()
  })

  it('that closes without its database ends all the same, and another takes over its jobs', async () => {
    test.foreseeTrouble()
    const twin = await test.twin()
    const end = blockIn(twin)
    const worker = test.worker({ leaseMs: 300 }, twin)
    const [id = ''] = await enqueue(1, twin)
    await test.becomes(id, 'running')
    await twin.resources.db.close()
    end.open()
    await worker.close(1_000)
    test.worker({ lookMs: 100 })
    expect((await test.becomes(id, 'succeeded')).attempt).to.equal(2)
  })

  it('that is closing keeps no word of new jobs from the others', async () => {
    const [twin, producer] = [await test.twin(), await test.twin()]
    const end = blockIn(test.server)
    const closing = test.worker({ concurrency: 1 })
    const [blocked = ''] = await enqueue()
    await test.becomes(blocked, 'running')
    test.worker({}, twin)
    const closed = closing.close(20_000)
    const ids = await enqueue(20, producer)
    for (const id of ids) await test.becomes(id, 'succeeded')
    expect((await test.job(blocked)).status).to.equal('running')
    end.open()
    await closed
  })

  for (const kind of [task, limited]) {
    it(`that is full keeps no word of new jobs of ${kind.name} from the others`, async () => {
      const [twin, producer] = [await test.twin(), await test.twin()]
      const end = blockIn(test.server)
      test.worker({ concurrency: 2 })
      for (const id of await enqueue(2)) await test.becomes(id, 'running')
      // More than it has room for: it knows that something waits, and may take nothing.
      await enqueue(3)
      test.worker({}, twin)
      await until(async () => (await counts()).succeeded === 3)
      const ids = await enqueue(20, producer, kind)
      for (const id of ids) await test.becomes(id, 'succeeded')
      expect((await counts()).running).to.equal(2)
      end.open()
    })
  }
})
