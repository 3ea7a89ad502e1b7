import { expect } from 'chai'
import { gate, kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import type { JobHandle } from '../kernel/job-handle.js'

describe('settling a job', () => {
  let behave: (job: JobHandle, ctx: Ctx) => unknown = () => undefined
  const run = async (ctx: Ctx, _payload: unknown, job: JobHandle) => behave(job, ctx)
  const manual = kindOf('manual', { run })
  const auto = kindOf('auto', { transaction: 'auto', run })
  const system = kindOf('system', { transaction: 'system', run })
  const test = useJobs([manual, auto, system])

  before(() =>
    test.admin(`create table effects (job_id uuid, attempt integer, role text);
      grant all on effects to vetrai_app, vetrai_system`),
  )
  afterEach(() => test.admin('truncate effects'))

  const enqueue = async (kind = manual) => (await test.in(test.tenant()).enqueue(kind, {})).id
  const effects = () => test.sql<{ attempt: number; role: string }>('select attempt, role from effects')
  const effect = (job: JobHandle, ctx: Ctx) =>
    ctx.db.execute({
      text: 'insert into effects values ($1, $2, current_user)',
      values: [job.id, job.attempt],
    })
  /** What another worker does to a job whose lease ended. */
  const takeAway = (id: string) => test.sql('update worker_jobs set fence = fence + 1 where id = $1', id)

  it('keeps what a run in one transaction wrote together with its success', async () => {
    behave = async (job, ctx) => {
      await effect(job, ctx)
      return 'written'
    }
    const id = await enqueue(auto)
    await test.server.work()
    const { status, result } = await test.job(id)
    expect({ status, result }).to.deep.equal({ status: 'succeeded', result: 'written' })
    expect(await effects()).to.deep.equal([{ attempt: 1, role: 'vetrai_app' }])
  })

  it('keeps nothing of what a failed run in one transaction wrote', async () => {
    behave = async (job, ctx) => {
      await effect(job, ctx)
      if (job.attempt < 2) throw new Error('no luck')
    }
    await enqueue(auto)
    await test.server.work({ skipPauses: true })
    expect(await effects()).to.deep.equal([{ attempt: 2, role: 'vetrai_app' }])
  })

  it('lets a run across tenants do so in its one transaction', async () => {
    behave = effect
    await test.in(null).enqueue(system, {})
    await test.server.work()
    expect(await effects()).to.deep.equal([{ attempt: 1, role: 'vetrai_system' }])
  })

  it('by its own last transaction counts, whatever the run does after it', async () => {
    behave = async (job, ctx) => {
      await job.finish(async () => {
        await effect(job, ctx)
        return 'finished'
      })
      throw new Error('too late to fail')
    }
    const id = await enqueue()
    await test.server.work()
    const { status, result, attempt } = await test.job(id)
    expect({ status, result, attempt }).to.deep.equal({ status: 'succeeded', result: 'finished', attempt: 1 })
    expect(await effects()).to.have.length(1)
  })

  it('fails the run whose last transaction fails', async () => {
    behave = (job, ctx) =>
      job.finish(async () => {
        await effect(job, ctx)
        if (job.attempt < 2) throw new Error('no luck')
        return 'finished'
      })
    const id = await enqueue()
    await test.server.work({ skipPauses: true })
    expect((await test.job(id)).attempt).to.equal(2)
    expect(await effects()).to.deep.equal([{ attempt: 2, role: 'vetrai_app' }])
  })

  it('refuses the late result of a run whose job another has', async () => {
    behave = async (job) => {
      await takeAway(job.id)
      return 'late'
    }
    const id = await enqueue()
    await test.server.work()
    const { status, result } = await test.job(id)
    expect({ status, result }).to.deep.equal({ status: 'running', result: null })
  })

  for (const kind of [auto, manual]) {
    const how = kind === auto ? 'in one transaction' : 'in its last transaction'
    it(`takes back what a run ${how} wrote when another has its job`, async () => {
      let thrown = ''
      const write = async (job: JobHandle, ctx: Ctx) => {
        await effect(job, ctx)
        await takeAway(job.id)
      }
      behave = async (job, ctx) => {
        if (kind === auto) return write(job, ctx)
        await job
          .finish(() => write(job, ctx))
          .catch((error: Error) => {
            thrown = error.name
            throw error
          })
      }
      const id = await enqueue(kind)
      await test.server.work()
      const { status, attempt } = await test.job(id)
      expect({ status, attempt, thrown }).to.deep.equal({
        ...{ status: 'running', attempt: 1 },
        thrown: kind === auto ? '' : 'JobLost',
      })
      expect(await effects()).to.deep.equal([])
      expect(await test.attempts(id)).to.deep.equal([])
    })
  }

  it('takes the answer of the newest of two runs, in whatever order they end', async () => {
    const first = gate()
    behave = async (job) => {
      if (job.attempt === 1) await first.opened
      return `run ${job.attempt}`
    }
    const slow = test.worker({ lookMs: 50 })
    const id = await enqueue()
    await until(async () => (await test.job(id)).status === 'running')
    await test.sql('update worker_jobs set lease_until = now() where id = $1', id)
    await test.becomes(id, 'succeeded')
    first.open()
    await slow.close(1_000)
    const { result, attempt, fence } = await test.job(id)
    expect({ result, attempt, fence }).to.deep.equal({ result: 'run 2', attempt: 2, fence: 2 })
  })

  const nested = (depth: number): unknown => {
    let value: unknown = 'bottom'
    for (let n = 0; n < depth; n++) value = [value]
    return value
  }
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const cases: [string, unknown, unknown][] = [
    ['a null character', { 'a\0b': 'c\0d', kept: '\\u0000' }, { 'a\ufffdb': 'c\ufffdd', kept: '\\u0000' }],
    ['half a surrogate pair', ['\ud83d', '\ude00 \\ud83d', '😀'], ['\ufffd', '\ufffd \\ud83d', '😀']],
    ['a circle', circular, { omitted: 'it is no JSON' }],
    ['a big integer', 1n, { omitted: 'it is no JSON' }],
    ['a function', () => 1, null],
    ['more than 64 KB', 'x'.repeat(70_000), { omitted: '70002 characters' }],
    ['a hundred thousand levels', nested(100_000), { omitted: 'it is no JSON' }],
  ]
  for (const [words, answer, kept] of cases) {
    it(`holds up no other job when one answers ${words}`, async () => {
      const [plain, odd, odder] = [await enqueue(), await enqueue(), await enqueue(auto)]
      behave = (job) => (job.id === plain ? 'plain' : answer)
      await test.server.work()
      const told = await test.jobs({ ids: [plain, odd, odder] })
      expect(told.map(({ status, result }) => ({ status, result }))).to.deep.equal([
        { status: 'succeeded', result: 'plain' },
        { status: 'succeeded', result: kept },
        { status: 'succeeded', result: kept },
      ])
    })
  }
})
