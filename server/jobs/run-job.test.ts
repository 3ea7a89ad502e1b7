import { expect } from 'chai'
import fc from 'fast-check'
import { figure } from '../../test/figures.js'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import type { Ctx } from '../kernel/context.js'
import { GiveUp, type JobHandle, RunLater } from '../kernel/job-handle.js'
import { pauseMs } from './run-job.js'

describe('the run of a job', () => {
  /** What runs do; each test says it. */
  let behave: (job: JobHandle, ctx: Ctx) => unknown = () => undefined
  let begun: number[] = []
  const task = kindOf('task', {
    run: async (ctx, _payload, job) => {
      begun.push(job.attempt)
      return behave(job, ctx)
    },
  })
  const hasty = kindOf('hasty', { attempts: 2, timeoutMs: 50, run: task.run })
  const test = useJobs([task, hasty])

  beforeEach(() => {
    begun = []
  })

  const enqueue = async (kind = task) => (await test.in(test.tenant()).enqueue(kind, {})).id
  const letters = (id: string) =>
    test.sql<{ reason: string; error: string; attempts: number }>(
      'select reason, error, attempts from dead_letters where job_id = $1',
      id,
    )

  it('keeps what it answers', async () => {
    behave = () => ({ words: ['done'], count: 3 })
    const id = await enqueue()
    await test.server.work()
    const { status, result, error, finished_at, lease_until } = await test.job(id)
    expect({ status, result, error, lease_until }).to.deep.equal({
      ...{ status: 'succeeded', error: null, lease_until: null },
      result: { words: ['done'], count: 3 },
    })
    expect(finished_at).to.be.instanceOf(Date)
    expect(await test.attempts(id)).to.deep.equal([])
  })

  it('is counted by how it ended, and what failed for good as long as it is not run again', async () => {
    const runs = (outcome: string) =>
      figure(test.server, 'vetrai_job_run_duration_seconds_count', { kind: 'test.task', outcome })
    const outcomes = ['succeeded', 'later', 'retried', 'failed']
    const before = await Promise.all(outcomes.map(runs))
    behave = (job) => {
      if (job.attempt === 1) throw new Error('no luck')
      if (begun.length === 2) throw new RunLater('not yet', 0, true)
    }
    await enqueue()
    await test.server.work({ skipPauses: true })
    behave = (job) => job.finish(async () => undefined)
    await enqueue()
    await test.server.work()
    behave = () => {
      throw new GiveUp('never')
    }
    await enqueue()
    await test.server.work()
    const after = await Promise.all(outcomes.map(runs))
    expect(after.map((count, i) => count - (before[i] ?? 0))).to.deep.equal([2, 1, 1, 1])
    expect(await figure(test.server, 'vetrai_jobs_dead_letters', { queue: 'test' })).to.equal(1)
    await test.sql('update dead_letters set redriven_at = now()')
    expect(await figure(test.server, 'vetrai_jobs_dead_letters')).to.equal(0)
  })

  it('works in the tenant of its job, under the request it began with', async () => {
    let told: unknown
    behave = (job, ctx) => {
      told = { tenant: ctx.tenant.id, request: ctx.requestId, of: job.tenantId, id: job.id, kind: job.kind }
    }
    const tenant = test.tenant()
    const ctx = test.in(tenant)
    const { id } = await ctx.enqueue(task, {})
    await test.server.work()
    expect(told).to.deep.equal({ tenant, request: ctx.requestId, of: tenant, id, kind: task.name })
  })

  it('is tried again after a failure, each attempt told of', async () => {
    behave = (job) => {
      if (job.attempt < 3) throw new Error(`no luck at ${job.attempt} of ${job.attempts}`)
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })

    const { status, attempt, error } = await test.job(id)
    expect({ status, attempt, error, begun }).to.deep.equal({
      ...{ status: 'succeeded', attempt: 3, error: null },
      begun: [1, 2, 3],
    })
    expect(
      (await test.attempts(id)).map(({ attempt: n, outcome, error }) => [n, outcome, error]),
    ).to.deep.equal([
      [1, 'failed', 'no luck at 1 of 3'],
      [2, 'failed', 'no luck at 2 of 3'],
    ])
  })

  it('that fails at every attempt leaves a dead letter and tells of it once', async () => {
    behave = () => {
      throw new Error('no luck')
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })

    const { status, attempt, error } = await test.job(id)
    expect({ status, attempt, error, begun }).to.deep.equal({
      ...{ status: 'failed', attempt: 3, error: 'no luck' },
      begun: [1, 2, 3],
    })
    expect(await letters(id)).to.deep.equal([{ reason: 'attempts', error: 'no luck', attempts: 3 }])
    expect((await test.attempts(id)).map(({ next_run_at }) => next_run_at !== null)).to.deep.equal([
      true,
      true,
      false,
    ])
  })

  it('pauses at random below the ceiling of its attempt, and never longer than its cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        (baseMs, capMs, attempt) => {
          const ceiling = Math.min(capMs, baseMs * 2 ** (attempt - 1))
          const pause = pauseMs({ backoff: { baseMs, capMs } }, attempt)
          expect(Number.isSafeInteger(pause) && pause >= 0 && pause <= ceiling).to.equal(true)
        },
      ),
    )
    const pauses = Array.from({ length: 200 }, () =>
      pauseMs({ backoff: { baseMs: 1_000, capMs: 60_000 } }, 3),
    )
    expect(Math.max(...pauses)).to.be.within(2_001, 4_000)
    expect(Math.min(...pauses)).to.be.within(0, 1_999)
  })

  it('may ask to be run later, at the cost of an attempt', async () => {
    behave = () => {
      throw new RunLater('the remote end asks to wait', 3_600_000)
    }
    const id = await enqueue()
    await test.server.work()
    const { status, attempt, run_at, started_at } = await test.job(id)
    expect({ status, attempt }).to.deep.equal({ status: 'scheduled', attempt: 1 })
    expect(run_at.getTime() - Number(started_at)).to.be.at.least(3_600_000)

    await test.server.work({ skipPauses: true })
    expect((await test.job(id)).status).to.equal('failed')
    expect(begun).to.deep.equal([1, 2, 3])
  })

  it('may wait as often as it likes where that is free', async () => {
    behave = () => {
      if (begun.length < 8) throw new RunLater('not ready', 3_600_000, true)
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    const { status, attempt } = await test.job(id)
    expect({ status, attempt, begun }).to.deep.equal({
      ...{ status: 'succeeded', attempt: 1 },
      begun: [1, 1, 1, 1, 1, 1, 1, 1],
    })
    expect(await test.attempts(id)).to.deep.equal([])
  })

  for (const afterMs of [Number.NaN, Number.POSITIVE_INFINITY, -5, 1e300]) {
    it(`takes a pause of ${afterMs} ms for what it can mean`, async () => {
      const other = await enqueue()
      const id = await enqueue()
      behave = (job) => {
        if (job.id === id && begun.length < 3) throw new RunLater('the remote end said so', afterMs)
      }
      await test.server.work({ skipPauses: true })
      expect((await test.job(other)).status).to.equal('succeeded')
      expect((await test.job(id)).status).to.equal('succeeded')
    })
  }

  it('may give up for good', async () => {
    behave = () => {
      throw new GiveUp('the account is gone')
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    expect(begun).to.deep.equal([1])
    expect(await letters(id)).to.deep.equal([
      { reason: 'gave_up', error: 'the account is gone', attempts: 1 },
    ])
  })

  it('is told when its time is over', async () => {
    const reasons: string[] = []
    behave = async (job) => {
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve))
      reasons.push(String(job.signal.reason))
      throw job.signal.reason
    }
    const id = await enqueue(hasty)
    await test.server.work({ skipPauses: true })
    expect(reasons).to.deep.equal([
      'Error: the job was stopped: timeout',
      'Error: the job was stopped: timeout',
    ])
    expect((await test.job(id)).error).to.equal('it took longer than 50 ms')
    expect((await test.attempts(id)).map(({ outcome }) => outcome)).to.deep.equal(['timed_out', 'timed_out'])
  })

  it('is left to itself when it ignores that, and what it answers later is refused', async () => {
    const late = gate()
    behave = async (job) => {
      await late.opened
      return job.finish(async () => 'too late')
    }
    test.worker({ stopGraceMs: 20 })
    const id = await enqueue(hasty)
    const { error } = await test.becomes(id, 'failed')
    late.open()
    expect(error).to.equal('it took longer than 50 ms')
    expect((await test.attempts(id)).map(({ outcome }) => outcome)).to.deep.equal(['timed_out', 'timed_out'])
    await test.worker().close(1_000)
    const { status, result } = await test.job(id)
    expect({ status, result }).to.deep.equal({ status: 'failed', result: null })
  })

  it('keeps no secret, no null character and no novel of an error', async () => {
    behave = () => {
      throw new Error(`vtr_live_${'a'.repeat(40)} \0 ${'x'.repeat(5_000)}`)
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    const { error } = await test.job(id)
    expect(error).to.have.length.at.most(2_000).and.not.include('aaaa').and.not.include('\0')
  })

  it('may throw anything', async () => {
    behave = () => {
      throw ['not', 'an', 'error']
    }
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    expect((await test.job(id)).error).to.equal('not,an,error')
  })
})
