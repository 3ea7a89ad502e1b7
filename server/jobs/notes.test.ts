import { expect } from 'chai'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import type { JobHandle } from '../kernel/job-handle.js'

describe('notes of jobs', () => {
  let behave: (job: JobHandle) => unknown = () => undefined
  const run = async (_ctx: Ctx, _payload: unknown, job: JobHandle) => behave(job)
  const task = kindOf('task', { run })
  const auto = kindOf('auto', { run, transaction: 'auto' })
  const test = useJobs([task, auto])

  const enqueue = async (kind = task) => (await test.in(test.tenant()).enqueue(kind, {})).id
  const lines = async (id: string) =>
    (
      await test.sql<{ line: string }>('select line from job_logs where job_id = $1 order by sequence', id)
    ).map(({ line }) => line)

  for (const kind of [task, auto]) {
    it(`are all there when a job of ${kind.name} is seen as settled`, async () => {
      behave = (job) => {
        for (let n = 0; n < 5; n++) job.log(`line ${n}`)
        job.progress(0.5, 'half way')
        job.progress(0.9, 'nearly')
      }
      test.worker()
      const id = await enqueue(kind)
      const { progress } = await test.becomes(id, 'succeeded')
      expect(await lines(id)).to.deep.equal(['line 0', 'line 1', 'line 2', 'line 3', 'line 4'])
      expect(progress).to.deep.equal({ share: 0.9, words: 'nearly' })
    })
  }

  it('are kept while the job still runs', async () => {
    const end = gate()
    behave = async (job) => {
      job.log('begun')
      job.progress(0.25)
      await end.opened
    }
    test.worker()
    const id = await enqueue()
    await until(async () => (await test.job(id)).progress !== null)
    expect(await lines(id)).to.deep.equal(['begun'])
    expect(await test.job(id)).to.deep.include({ status: 'running', progress: { share: 0.25 } })
    end.open()
    await test.becomes(id, 'succeeded')
  })

  it('of all attempts are kept, also of those that failed', async () => {
    behave = (job) => {
      job.log(`attempt ${job.attempt}`)
      if (job.attempt < 3) throw new Error('no luck')
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    expect(await lines(id)).to.deep.equal(['attempt 1', 'attempt 2', 'attempt 3'])
  })

  it('are at most 1,000 lines, whether they come at once or one by one', async () => {
    behave = async (job) => {
      for (let n = 0; n < 600; n++) job.log(`${n}`)
      await new Promise((resolve) => setTimeout(resolve, 300))
      for (let n = 600; n < 3_000; n++) job.log(`${n}`)
    }
    const id = await enqueue()
    await test.server.work()
    const kept = await lines(id)
    expect(kept).to.deep.equal(Array.from({ length: 1_000 }, (_, n) => String(n)))
  })

  it('are at most 2,000 characters long, without control characters, whatever is cut in half', async () => {
    const odd = `${'x'.repeat(1_999)}😀`
    behave = (job) => {
      job.log(`a\0b\u001b[31m\nc ${'y'.repeat(5_000)}`)
      job.log(odd)
      job.log('\ud83d alone')
      job.progress(0.5, odd)
    }
    const id = await enqueue()
    await test.server.work()
    const [first, second, third] = await lines(id)
    expect(first)
      .to.have.length(2_000)
      .and.match(/^a b \[31m c y+$/)
    expect(second).to.match(/^x{1999}.?$/u)
    expect(third).to.match(/^. alone$/u)
    const { progress } = await test.job(id)
    expect(JSON.stringify(progress)).to.match(/x{1999}/)
  })

  it('of progress beyond its bounds stay within them', async () => {
    const shares = [-1, 7, Number.NaN, Number.POSITIVE_INFINITY]
    const kept: unknown[] = []
    for (const share of shares) {
      behave = (job) => job.progress(share)
      const id = await enqueue()
      await test.server.work()
      kept.push((await test.job(id)).progress)
    }
    expect(kept).to.deep.equal([{ share: 0 }, { share: 1 }, { share: 0 }, { share: 1 }])
  })

  it('of a run that lost its job change nothing of its progress', async () => {
    behave = async (job) => {
      await test.sql('update worker_jobs set fence = fence + 1 where id = $1', job.id)
      job.progress(0.5)
    }
    const id = await enqueue()
    await test.server.work()
    expect((await test.job(id)).progress).to.equal(null)
  })

  it('of many jobs at the same time go to the right ones', async () => {
    behave = (job) => job.log(job.id)
    const made = await test.in(test.tenant()).enqueueMany(
      task,
      Array.from({ length: 200 }, () => ({})),
    )
    await test.server.work()
    const rows = await test.sql<{ job_id: string; line: string }>('select job_id, line from job_logs')
    expect(rows).to.have.length(made.length)
    expect(rows.every(({ job_id, line }) => job_id === line)).to.equal(true)
  })
})
