import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { kindOf, useJobs } from '../../test/jobs.js'

describe('unique keys of jobs', () => {
  const seen: unknown[] = []
  const mail = kindOf('mail', {
    run: async (_ctx, { n }) => {
      seen.push(n)
    },
  })
  const other = kindOf('other')
  const test = useJobs([mail, other])

  beforeEach(() => {
    seen.length = 0
  })

  it('make one job of 50 that are enqueued at the same time', async () => {
    const tenant = test.tenant()
    const twin = await test.twin()
    const contexts = [test.in(tenant), test.in(tenant, twin)]
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        (contexts[n % 2] ?? test.in(tenant)).enqueue(mail, { n }, { unique: { key: 'welcome' } }),
      ),
    )
    expect(new Set(made.map(({ id }) => id)).size).to.equal(1)
    expect(made.filter(({ isNew }) => isNew)).to.have.length(1)
    expect(await test.jobs({ kind: mail.name })).to.have.length(1)
    await test.server.work()
    expect(seen).to.have.length(1)
  })

  it('hold until the job is settled, through retries, and not longer', async () => {
    const ctx = test.in(test.tenant())
    const unique = { key: 'report' }
    const first = await ctx.enqueue(mail, { n: 1 }, { unique })
    await test.sql("update worker_jobs set status = 'scheduled', attempt = 1 where id = $1", first.id)
    expect(await ctx.enqueue(mail, { n: 2 }, { unique })).to.deep.equal({ id: first.id, isNew: false })
    await test.server.work({ skipPauses: true })

    const next = await ctx.enqueue(mail, { n: 3 }, { unique })
    expect(next.isNew).to.equal(true)
    await test.server.work()
    expect(seen).to.deep.equal([1, 3])
  })

  it('are given back where the transaction is', async () => {
    const ctx = test.in(test.tenant())
    const unique = { key: 'report' }
    const failing = ctx.transaction(async () => {
      await ctx.enqueue(mail, { n: 1 }, { unique })
      throw new Error('thought better of it')
    })
    await expectRejection(failing, /better/)
    expect((await ctx.enqueue(mail, { n: 2 }, { unique })).isNew).to.equal(true)
  })

  it('are of one kind and one tenant, the installation being one more', async () => {
    const unique = { key: 'same' }
    const [ours, theirs] = [test.in(test.tenant()), test.in(test.tenant())]
    const made = [
      await ours.enqueue(mail, {}, { unique }),
      await ours.enqueue(other, {}, { unique }),
      await theirs.enqueue(mail, {}, { unique }),
      await test.in(null).system('a test', () => test.in(null).enqueue(mail, {}, { unique })),
    ]
    expect(made.map(({ isNew }) => isNew)).to.deep.equal([true, true, true, true])
  })

  it('hold for a window from the first job on, settled or not', async () => {
    const ctx = test.in(test.tenant())
    const unique = { key: 'digest', mode: 'window', windowS: 3_600 } as const
    const first = await ctx.enqueue(mail, { n: 1 }, { unique })
    await test.server.work()
    expect(await ctx.enqueue(mail, { n: 2 }, { unique })).to.deep.equal({ id: first.id, isNew: false })

    await test.sql('update job_keys set expires_at = now()')
    expect((await ctx.enqueue(mail, { n: 3 }, { unique })).isNew).to.equal(true)
  })

  it('put off a job that has not begun, which then takes the newest payload', async () => {
    const ctx = test.in(test.tenant())
    const unique = { key: 'typing', mode: 'debounce', windowS: 3_600 } as const
    const options = { delayMs: 60_000, unique }
    const first = await ctx.enqueue(mail, { n: 1 }, options)
    await test.sql("update worker_jobs set run_at = run_at - interval '30 seconds'")
    const second = await ctx.enqueue(mail, { n: 2 }, options)
    const { payload, run_at } = await test.job(first.id)

    expect(second).to.deep.equal({ id: first.id, isNew: false })
    expect(payload).to.deep.equal({ n: 2 })
    const [latest] = await test.sql<{ is_anew: boolean }>(
      "select $1::timestamptz > now() + interval '50 seconds' as is_anew",
      run_at,
    )
    expect(latest?.is_anew).to.equal(true)
  })

  it('put a job off until its window ends at the latest', async () => {
    const ctx = test.in(test.tenant())
    const options = { delayMs: 60_000, unique: { key: 'typing', mode: 'debounce', windowS: 90 } as const }
    const { id } = await ctx.enqueue(mail, { n: 0 }, options)
    await test.sql("update worker_jobs set created_at = created_at - interval '80 seconds'")
    for (let n = 1; n <= 3; n++) await ctx.enqueue(mail, { n }, options)

    const { run_at, created_at, payload } = await test.job(id)
    expect(run_at.getTime() - created_at.getTime()).to.equal(90_000)
    expect(payload).to.deep.equal({ n: 3 })
  })

  it('hand the newest payload to a job that is due and not begun', async () => {
    const ctx = test.in(test.tenant())
    const unique = { key: 'typing', mode: 'debounce', windowS: 3_600 } as const
    const first = await ctx.enqueue(mail, { n: 1 }, { unique })
    const second = await ctx.enqueue(mail, { n: 2 }, { unique })
    expect(second).to.deep.equal({ id: first.id, isNew: false })
    await test.server.work()
    expect(seen).to.deep.equal([2])
  })

  it('give what comes while a debounced job runs a job of its own', async () => {
    const ctx = test.in(test.tenant())
    const options = { delayMs: 60_000, unique: { key: 'typing', mode: 'debounce' } as const }
    const first = await ctx.enqueue(mail, { n: 1 }, options)
    await test.sql("update worker_jobs set status = 'running', attempt = 1")
    const second = await ctx.enqueue(mail, { n: 2 }, options)
    const third = await ctx.enqueue(mail, { n: 3 }, options)

    expect(second.isNew).to.equal(true)
    expect(third).to.deep.equal({ id: second.id, isNew: false })
    expect((await test.job(first.id)).payload).to.deep.equal({ n: 1 })
  })

  it('leave a job alone whose first run failed: what comes then is for the next one', async () => {
    const ctx = test.in(test.tenant())
    const options = { delayMs: 60_000, unique: { key: 'typing', mode: 'debounce' } as const }
    const first = await ctx.enqueue(mail, { n: 1 }, options)
    await test.sql('update worker_jobs set attempt = 1')
    const second = await ctx.enqueue(mail, { n: 2 }, options)
    expect(second.isNew).to.equal(true)
    expect((await test.job(first.id)).payload).to.deep.equal({ n: 1 })
  })

  it('of the installation are taken by the system role only, which alone sees who holds them', async () => {
    const ctx = test.in(test.tenant())
    const options = { tenantId: null, unique: { key: 'x' } }
    await expectRejection(ctx.enqueue(mail, {}, options), /ctx\.system/)
    const made = await ctx.system('a test', () => ctx.enqueue(mail, {}, options))
    expect(made.isNew).to.equal(true)
  })

  it('take one payload only', async () => {
    const ctx = test.in(test.tenant())
    const two = ctx.enqueueMany(mail, [{ n: 1 }, { n: 2 }], { unique: { key: 'x' } } as object)
    await expectRejection(two, /exactly one payload/)
  })
})
