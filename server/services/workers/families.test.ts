import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { until } from '../../../test/until.js'
import { tellParents } from '../../jobs/settle.js'

describe('families of jobs, changed by hand', () => {
  const server = useServer({ settings: { OUTBOUND_ALLOW: '127.0.0.1' } })
  let statuses: number[] = []
  let application: Server
  let url: string
  let admin: BuiltUser

  before(async () => {
    application = createServer((_request, response) => response.writeHead(statuses.shift() ?? 200).end())
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
    admin = await buildMember(server)
  })
  after(() => application.close())

  const read = async (jobId: string) => (await admin.api.get(`/workers/v1/jobs/${jobId}`)).body
  const sql = (text: string, ...values: unknown[]) => server.resources.db.readSystem({ text, values })
  /** A gathering job and its children, which wait for an hour except for the first. */
  const gather = async (count: number) => {
    const jobs = Array.from({ length: count }, (_, n) => ({
      kind: 'workers.http-request',
      payload: { url },
      delay_s: n === 0 ? 0 : 3_600,
    }))
    const res = await admin.api.post('/workers/v1/jobs/batch', { jobs, gather: true })
    expect(res.status, res.text).to.equal(202)
    return {
      parent: res.body.gather_id as string,
      children: res.body.data.map(({ id }: { id: string }) => id),
    }
  }
  const runNow = async (jobId: string) => {
    await sql('update worker_jobs set run_at = now() where id = $1', jobId)
    await server.work()
  }

  it('have the parent wait for a child that is redriven while others are still to come', async () => {
    statuses = [404]
    const { parent, children } = await gather(3)
    await server.work()
    expect(await read(parent)).to.include({ status: 'waiting', pending_children: 2 })
    await admin.api.post('/workers/v1/dead-letters/redrive', {})
    await server.work()
    expect(await read(children[0])).to.include({ status: 'succeeded' })
    expect(await read(parent)).to.include({ status: 'waiting', pending_children: 2 })
    await runNow(children[1])
    expect(await read(parent)).to.include({ status: 'waiting', pending_children: 1 })
    await runNow(children[2])
    expect((await read(parent)).result).to.include({ succeeded: 3, failed: 0 })
  })

  it('have a parent that is tried again wait for the children that have not ended', async () => {
    const { parent, children } = await gather(2)
    await server.work()
    await sql("update worker_jobs set status = 'failed' where id = $1", parent)
    expect((await admin.api.post(`/workers/v1/jobs/${parent}/retry`)).body).to.include({
      status: 'waiting',
      pending_children: 1,
    })
    await runNow(children[1])
    expect((await read(parent)).result).to.include({ succeeded: 2 })
  })

  it('are redriven together: parents wait for the children that run again', async () => {
    statuses = [404, 404]
    const { parent, children } = await gather(2)
    await server.work()
    await runNow(children[1])
    await sql("update worker_jobs set status = 'failed' where id = $1", parent)
    await sql(
      `insert into dead_letters (tenant_id, id, job_id, queue, kind, reason, attempts)
       values ($1, gen_random_uuid(), $2, 'workers', 'workers.gather', 'child_failed', 1)`,
      ...[admin.tenant.id, parent],
    )
    expect((await admin.api.post('/workers/v1/dead-letters/redrive', {})).body).to.deep.equal({ redriven: 3 })
    expect(await read(parent)).to.include({ status: 'waiting', pending_children: 2 })
    await server.work()
    expect((await read(parent)).result).to.include({ succeeded: 2, failed: 0 })
  })

  it('are cancelled without waiting in a circle for a child that ends meanwhile', async () => {
    const { parent, children } = await gather(2)
    const { db } = server.resources
    await sql("update worker_jobs set status = 'running', started_at = now() where id = $1", children[0])
    let cancelled: Promise<{ status: number }> | undefined
    await db.transaction({ role: 'system', tenantId: null }, async () => {
      await db.query({
        text: "update worker_jobs set status = 'succeeded' where id = $1",
        values: [children[0]],
      })
      cancelled = admin.api.post(`/workers/v1/jobs/${parent}/cancel`)
      await until(async () => {
        const { rows } = await asAdmin(
          await stores(),
          "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
          server.databaseName,
        )
        return Number(rows[0]?.n) > 0
      })
      await tellParents(db, [{ tenantId: admin.tenant.id, id: parent, hasFailed: false }])
    })
    expect((await cancelled)?.status).to.equal(200)
    expect(await read(parent)).to.include({ status: 'cancelled' })
    expect(await read(children[1])).to.include({ status: 'cancelled' })
  })
})
