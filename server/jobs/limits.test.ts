import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { kindOf, useJobs } from '../../test/jobs.js'
import { until } from '../../test/until.js'
import type { Ctx } from '../kernel/context.js'
import { defineJob, type JobRecord } from '../kernel/define-job.js'
import type { JobHandle } from '../kernel/job-handle.js'

/** Counts what runs at the same time, by whatever name. */
class Gauge {
  readonly #now = new Map<string, number>()
  readonly most = new Map<string, number>()

  async during(names: string[], work: () => Promise<unknown>): Promise<void> {
    for (const name of names) {
      const count = (this.#now.get(name) ?? 0) + 1
      this.#now.set(name, count)
      this.most.set(name, Math.max(count, this.most.get(name) ?? 0))
    }
    await work()
    for (const name of names) this.#now.set(name, (this.#now.get(name) ?? 0) - 1)
  }

  /** The most at any time of names that begin so. */
  of(prefix: string): number {
    return Math.max(...[...this.most].filter(([name]) => name.startsWith(prefix)).map(([, count]) => count))
  }
}

describe('limits of jobs', () => {
  let gauge = new Gauge()
  let takes = 5
  let begun: (string | null)[] = []
  const run = (_ctx: Ctx, { n = 0 }: { n?: number | undefined }, { tenantId, kind }: JobHandle) => {
    begun.push(tenantId)
    const names = [`${kind}`, `tenant ${kind} ${tenantId}`, `key ${kind} ${tenantId} ${n % 5}`]
    return gauge.during(names, () => sleep(takes))
  }
  const keyOf = ({ n = 0 }: { n?: number | undefined }) => `key ${n % 5}`
  const total = kindOf('total', { run, concurrency: { total: 3 } })
  const perTenant = kindOf('per-tenant', { run, concurrency: { perTenant: 2 } })
  const perKey = kindOf('per-key', { run, keyOf, concurrency: { perKey: 1 } })
  const all = kindOf('all', { run, keyOf, concurrency: { total: 6, perTenant: 4, perKey: 2 } })
  const one = kindOf('one', { run, concurrency: { perTenant: 1 } })
  const rated = kindOf('rated', { run, rate: { starts: 4, windowS: 0.5, per: 'installation' } })
  const tenantRated = kindOf('tenant-rated', { run, rate: { starts: 3, windowS: 0.5, per: 'tenant' } })
  const yearly = kindOf('yearly', { run, rate: { starts: 1, windowS: 100 * 365 * 86_400, per: 'tenant' } })
  const open = kindOf('open', { run })
  const test = useJobs([total, perTenant, perKey, all, one, rated, tenantRated, yearly, open])

  beforeEach(() => {
    gauge = new Gauge()
    takes = 5
    begun = []
  })

  const LANE = "'key ' || (n % 5)"
  const tenants = (count: number) => Array.from({ length: count }, () => test.tenant())
  /** Runs all there is with three workers that race for it. */
  const race = async () => {
    for (const server of [test.server, await test.twin(), await test.twin()]) test.worker({}, server)
    await test.idle()
  }

  it('hold in the whole installation', async () => {
    await test.fill(total, tenants(3), 40)
    await race()
    expect(begun).to.have.length(120)
    expect(gauge.of('test.total')).to.equal(3)
  })

  it('hold for each tenant', async () => {
    await test.fill(perTenant, tenants(3), 40)
    await race()
    expect(begun).to.have.length(120)
    expect(gauge.of('tenant test.per-tenant')).to.equal(2)
    expect(gauge.of('test.per-tenant')).to.be.at.most(6)
  })

  it('hold for each key', async () => {
    await test.fill(perKey, tenants(2), 50, LANE)
    await race()
    expect(begun).to.have.length(100)
    expect(gauge.of('key test.per-key')).to.equal(1)
  })

  it('hold together', async () => {
    await test.fill(all, tenants(3), 50, LANE)
    await race()
    expect(begun).to.have.length(150)
    expect(gauge.of('key test.all')).to.be.at.most(2)
    expect(gauge.of('tenant test.all')).to.be.at.most(4)
    expect(gauge.of('test.all')).to.be.at.most(6)
  })

  it('hold for jobs that are enqueued one by one while others run', async () => {
    const ctx = test.in(test.tenant())
    const twin = await test.twin()
    for (const server of [test.server, twin]) test.worker({}, server)
    await Promise.all(Array.from({ length: 40 }, (_, n) => ctx.enqueue(total, { n })))
    await test.idle()
    expect(begun).to.have.length(40)
    expect(gauge.of('test.total')).to.be.at.most(3)
  })

  it('keep a kind at its limit from holding up others', async () => {
    const [tenant] = tenants(1)
    await test.fill(one, [tenant ?? ''], 10)
    takes = 200
    test.worker({ concurrency: 2 })
    await until(() => begun.length > 0)
    takes = 0
    await test.fill(open, [tenant ?? ''], 30)
    const { id } = await test.in(tenant ?? '').enqueue(open, {})
    await test.becomes(id, 'succeeded')
    const [left] = await test.sql<{ n: number }>(
      "select count(*) as n from worker_jobs where kind = 'test.one' and status = 'queued'",
    )
    expect(left?.n).to.be.at.least(8)
  })

  it('let no tenant with thousands of keys stand before another', async () => {
    const [many, few] = tenants(2) as [string, string]
    await test.fill(perKey, [many], 3_000, "'key ' || n")
    await test.fill(perKey, [few], 2)
    const worker = test.worker({ concurrency: 1 })
    await until(() => begun.filter((tenantId) => tenantId === few).length === 2)
    expect(begun.lastIndexOf(few)).to.be.at.most(3)
    await worker.close(1_000)
  })

  it('let no thousand tenants at their limit hide the one that is not', async () => {
    const full = tenants(1_200)
    await test.fill(one, full, 2)
    await test.admin(`update worker_jobs j set status = 'running', lease_until = now() + interval '1 hour'
      where id = (select min(id::text)::uuid from worker_jobs k where k.tenant_id = j.tenant_id)`)
    const free = test.tenant()
    test.worker()
    const { id } = await test.in(free).enqueue(one, {})
    await test.becomes(id, 'succeeded')
    expect(begun).to.deep.equal([free])
  })

  it('take the highest priority of all keys of a tenant first', async () => {
    const tenant = test.tenant()
    await test.fill(perKey, [tenant], 100, LANE)
    const [, second] = await test.in(tenant).enqueueMany(perKey, [{ n: 3 }, { n: 4 }], { priority: 5 })
    const order: string[] = []
    test.worker({ concurrency: 1 })
    await test.idle()
    for (const { id } of await test.sql<{ id: string }>('select id from worker_jobs order by started_at, id'))
      order.push(id)
    expect(order.indexOf(second?.id ?? '')).to.be.at.most(1)
  })

  for (const [kind, per, most] of [
    [rated, 'kind', 4],
    [tenantRated, 'tenant_id', 3],
  ] as [JobRecord, string, number][]) {
    it(`of ${kind.name} hold in each window, however many workers there are`, async () => {
      await test.fill(kind, tenants(2), 5)
      await race()
      const windows = await test.sql<{ n: number }>(
        `select count(*) as n from worker_jobs group by floor(extract(epoch from started_at) / 0.5), ${per}`,
      )
      expect(windows.reduce((sum, { n }) => sum + n, 0)).to.equal(10)
      for (const { n } of windows) expect(n).to.be.at.most(most)
    })
  }

  it('may be of windows longer than a timer', async () => {
    const warnings: string[] = []
    const listen = ({ name }: Error) => warnings.push(name)
    process.on('warning', listen)
    await test.fill(yearly, tenants(2), 2)
    const worker = test.worker()
    await until(() => begun.length === 2)
    const { id } = await test.in(test.tenant()).enqueue(open, {})
    await test.becomes(id, 'succeeded')
    await worker.close(1_000)
    process.off('warning', listen)
    expect(warnings).to.deep.equal([])
    expect(begun).to.have.length(3)
  })

  it('by key need something to tell the key by', () => {
    const spec = { ...open, name: 'test.keyless', concurrency: { perKey: 1 } }
    expect(() => defineJob(spec)).to.throw(/keyOf/)
  })
})
