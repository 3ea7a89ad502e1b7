import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { startTwin, useServer } from '../../test/server.js'
import { asAdmin, stores } from '../../test/stores.js'
import { housekeeping } from '../storage/housekeeping.js'
import type { Ctx } from './context.js'
import { defineJob } from './define-job.js'
import { JobRunner } from './job-runner.js'
import { nothing } from './schema.js'

describe('the job runner', () => {
  const server = useServer({ services: [], permissions: {} })
  let ran: string[]

  beforeEach(async () => {
    ran = []
    await admin('delete from job_runs')
  })

  const admin = async (sql: string) => (await asAdmin(await stores(), sql, server.databaseName)).rows
  const job = (run: (ctx: Ctx, signal: AbortSignal) => Promise<unknown>, everySeconds = 3_600) =>
    defineJob({
      name: 'test.count',
      payload: nothing,
      attempts: 1,
      timeoutMs: 60_000,
      safeToRepeat: 'a test',
      period: { everySeconds },
      run: (ctx, _payload, { signal }) => run(ctx, signal),
    })
  const counting = job(async (ctx) => {
    ran.push(`${ctx.principal.kind}:${ctx.principal.id}`)
    expect(ctx.db.scope).to.deep.equal({ role: 'system', tenantId: null })
    await sleep(20)
  })

  it('runs a job once in its time, in all processes together and across restarts', async () => {
    const { twin, stop } = await startTwin(server, { services: [], permissions: {} })
    const runners = [server, twin, server].map(({ resources }) => new JobRunner(resources))
    await Promise.all(runners.map((runner) => runner.runDue(counting)))
    for (const runner of runners) await runner.runDue(counting)
    await new JobRunner(server.resources).runDue(counting)
    expect(ran).to.deep.equal(['system:job:test.count'])
    await admin("update job_runs set finished_at = now() - interval '1 hour'")
    await Promise.all(runners.map((runner) => runner.runDue(counting)))
    expect(ran).to.have.length(2)
    await stop()
  })

  it('runs one at once when asked, due or not, though never twice at the same time', async () => {
    const runner = new JobRunner(server.resources)
    await runner.run(counting)
    await runner.run(counting)
    expect(ran).to.have.length(2)
    await Promise.all([runner.run(counting), runner.run(counting), runner.run(counting)])
    expect(ran).to.have.length(3)
  })

  it('takes back what a failing run did, says so, and tries again', async () => {
    const failing = job(async (ctx) => {
      await ctx.db.query({ text: "insert into job_runs values ('half done', now())" })
      ran.push('tried')
      throw new Error('not today')
    })
    const runner = new JobRunner(server.resources)
    await runner.runDue(failing)
    await runner.runDue(failing)
    expect(ran).to.deep.equal(['tried', 'tried'])
    expect(await admin('select name from job_runs')).to.deep.equal([])
    expect(server.logs.join('')).to.contain('periodic job failed').and.to.contain('not today')
  })

  it('looks by itself once started; when closed it asks running jobs to stop and waits for them', async () => {
    let stopped = false
    const long = job(async (_ctx, signal) => {
      ran.push('started')
      while (!signal.aborted) await sleep(5)
      stopped = true
    }, 0.02)
    const runner = new JobRunner(server.resources, [long])
    runner.start()
    while (ran.length === 0) await sleep(5)
    await runner.close()
    expect(stopped).to.equal(true)
    const before = ran.length
    await sleep(60)
    expect(ran).to.have.length(before)
  })

  it('has the kernel keep its own house: delivered events and expired answers go, the rest stays', async () => {
    await admin(`insert into outbox (id, name, payload, delivered_at) values
      (gen_random_uuid(), 'old', '{}', now() - interval '8 days'), (gen_random_uuid(), 'new', '{}', now()),
      (gen_random_uuid(), 'waiting', '{}', null)`)
    await admin(`insert into idempotency_records (scope_hash, request_hash, status, response, expires_at) values
      ('\\x01', '\\x', 200, '\\x', now() - interval '1 s'), ('\\x02', '\\x', 200, '\\x', now() + interval '1 hour')`)
    await new JobRunner(server.resources).run(housekeeping)
    expect(await admin('select name from outbox order by 1')).to.deep.equal([
      { name: 'new' },
      { name: 'waiting' },
    ])
    expect(await admin('select scope_hash from idempotency_records')).to.have.length(1)
  })
})
