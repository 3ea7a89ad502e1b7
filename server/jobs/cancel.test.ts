import { expect } from 'chai'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import { type JobHandle, RunLater } from '../kernel/job-handle.js'

describe('cancelling a job', () => {
  let behave: (job: JobHandle, ctx: Ctx) => unknown = () => undefined
  let begun: string[] = []
  const run = async (ctx: Ctx, _payload: unknown, job: JobHandle) => {
    begun.push(job.id)
    return behave(job, ctx)
  }
  const task = kindOf('task', { run })
  const parent = kindOf('parent', { run })
  const test = useJobs([task, parent])

  beforeEach(() => {
    begun = []
    behave = () => undefined
  })

  const enqueue = async () => (await test.in(test.tenant()).enqueue(task, {})).id
  /** What the operation stores before it tells workers. */
  const ask = (id: string) => test.sql('update worker_jobs set cancel_requested_at = now() where id = $1', id)
  const untilStopped = async ({ signal }: JobHandle) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    throw signal.reason
  }

  it('that runs in another process tells it to stop', async () => {
    behave = untilStopped
    const twin = await test.twin()
    // Of the job it may learn by its own look; of the end only by being told, as no renewal is near.
    test.worker({ lookMs: 500, leaseMs: 600_000 }, twin)
    const id = await enqueue()
    await test.becomes(id, 'running')
    await ask(id)
    // Said again, as the other process may run its job before it listens.
    const saying = setInterval(() => test.server.resources.jobs.cancel(id), 100)
    const { error, attempt } = await test.becomes(id, 'cancelled').finally(() => clearInterval(saying))
    expect({ error, attempt }).to.deep.equal({ error: null, attempt: 1 })
    expect((await test.attempts(id)).map(({ outcome }) => outcome)).to.deep.equal(['cancelled'])
  })

  it('is noticed at the next renewal where nobody was told', async () => {
    behave = untilStopped
    test.worker({ leaseMs: 300 })
    const id = await enqueue()
    await test.becomes(id, 'running')
    await ask(id)
    await test.becomes(id, 'cancelled')
  })

  it('that ends in spite of it keeps what it answered', async () => {
    const end = gate()
    behave = async () => {
      await end.opened
      return 'done'
    }
    test.worker()
    const id = await enqueue()
    await test.becomes(id, 'running')
    await ask(id)
    test.server.resources.jobs.cancel(id)
    end.open()
    expect((await test.becomes(id, 'succeeded')).result).to.equal('done')
  })

  it('that will not stop ends it all the same', async () => {
    const end = gate()
    behave = () => end.opened
    test.worker({ stopGraceMs: 20 })
    const id = await enqueue()
    await test.becomes(id, 'running')
    await ask(id)
    test.server.resources.jobs.cancel(id)
    await test.becomes(id, 'cancelled')
    end.open()
  })

  it('keeps it from being begun again after a run that failed meanwhile', async () => {
    behave = async (job) => {
      await ask(job.id)
      throw new RunLater('not ready', 3_600_000)
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    expect((await test.job(id)).status).to.equal('cancelled')
    expect(begun).to.deep.equal([id])
  })

  it('that was claimed and not begun keeps it from beginning', async () => {
    const end = gate()
    const worker = test.worker({ concurrency: 2, leaseMs: 60_000 })
    // Short jobs make it claim ahead.
    await test.fill(task, [test.tenant()], 200)
    test.server.resources.jobs.wake(task.name)
    await test.idle()
    behave = () => end.opened
    begun = []
    await test.fill(task, [test.tenant()], 40)
    test.server.resources.jobs.wake(task.name)
    const claimed = () => test.sql<{ id: string }>("select id from worker_jobs where status = 'running'")
    await until(async () => begun.length === 2 && (await claimed()).length > 2)
    const ahead = (await claimed()).filter(({ id }) => !begun.includes(id))
    for (const { id } of ahead) {
      await ask(id)
      test.server.resources.jobs.cancel(id)
    }
    for (const { id } of ahead) await test.becomes(id, 'cancelled')
    expect(begun).to.have.length(2)
    end.open()
    await worker.close(5_000)
  })

  it('fails the parent that must not survive it', async () => {
    behave = untilStopped
    test.worker()
    const { id } = await test
      .in(test.tenant())
      .enqueueFlow({ job: parent, payload: {}, children: [{ job: task, payload: {}, children: [] }] })
    const [child] = await test.jobs({ kind: task.name })
    await test.becomes(child?.id ?? '', 'running')
    await ask(child?.id ?? '')
    test.server.resources.jobs.cancel(child?.id ?? '')
    await test.becomes(id, 'failed')
  })
})
