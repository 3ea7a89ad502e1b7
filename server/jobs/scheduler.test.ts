import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import pg from 'pg'
import { z } from 'zod'
import { figure } from '../../test/figures.js'
import { startTwin, type TestServer, useServer } from '../../test/server.js'
import { asAdmin, stores } from '../../test/stores.js'
import { backgroundContext } from '../kernel/context.js'
import { defineJob, type JobRecord, type Period } from '../kernel/define-job.js'
import { defineService } from '../kernel/define-service.js'
import { newId } from '../kernel/ids.js'
import type { Resources } from '../kernel/resources.js'
import { nothing } from '../kernel/schema.js'
import { housekeeping } from '../storage/housekeeping.js'
import { syncBuiltIns } from './built-in-schedules.js'
import { INSTALLATION } from './job-row.js'
import { readPeriods } from './read-periods.js'
import { Scheduler, tellSchedulers } from './scheduler.js'

const quiet = { attempts: 1, timeoutMs: 1_000, safeToRepeat: 'a test', run: async () => null }
const count = defineJob({ ...quiet, name: 'test.count', payload: z.strictObject({ n: z.int().optional() }) })
const periodic = (name: string, period: Period) => defineJob({ ...quiet, name, payload: nothing, period })
const tidy = periodic('test.tidy', { everySeconds: 3_600 })

const service = defineService({
  name: 'test',
  summary: 'Tests.',
  prefix: '/test',
  needs: [],
  routes: [],
  jobs: [count, tidy],
})

describe('the scheduler', () => {
  const options = { services: [service], permissions: {} }
  const server = useServer(options)
  const admin = async (sql: string) => (await asAdmin(await stores(), sql, server.databaseName)).rows
  const jobs = () => admin('select * from worker_jobs order by run_at, id')
  const scheduleOf = async (id: string) => (await admin(`select * from schedules where id = '${id}'`))[0]

  beforeEach(async () => {
    await admin('delete from worker_jobs; delete from job_keys; delete from schedules')
    await new Scheduler(server.resources).look()
  })

  /** A schedule as stored; `nextAt` is SQL. */
  async function schedule(columns: Record<string, string> = {}): Promise<string> {
    const id = newId()
    const all: Record<string, string> = {
      ...{ tenant_id: `'${newId()}'`, id: `'${id}'`, name: `'${id}'`, kind: "'test.count'", every_s: '3600' },
      ...{ next_at: "now() - interval '1 second'", created_by: "'test'", ...columns },
    }
    if (columns.cron) delete all.every_s
    await admin(
      `insert into schedules (${Object.keys(all).join(', ')}) values (${Object.values(all).join(', ')})`,
    )
    return id
  }

  it('makes the job of a schedule that is due, for its tenant, and sets when it is next', async () => {
    const id = await schedule({ payload: `'{"n": 7}'`, created_at: "now() - interval '1 hour 1 second'" })
    const wait = await new Scheduler(server.resources).look()
    const stored = await scheduleOf(id)
    const [job, ...others] = await jobs()
    expect(others).to.deep.equal([])
    expect(job).to.deep.include({
      ...{ tenant_id: stored.tenant_id, kind: 'test.count', payload: { n: 7 }, status: 'queued' },
      ...{ schedule_id: id, created_by: 'system:scheduler' },
    })
    expect(stored).to.deep.include({ last_job_id: job.id, missed: 0, last_error: null })
    expect(stored.next_at - stored.last_at).to.equal(3_600_000)
    expect(wait).to.be.within(1, 30_000)
    await server.runJobs()
    expect((await jobs())[0].status).to.equal('succeeded')
  })

  it('fires once each, however many schedulers look at the same time', async () => {
    for (let n = 0; n < 50; n++) await schedule()
    const { twin, stop } = await startTwin(server, options)
    const schedulers = [server, twin, server, twin].map(({ resources }) => new Scheduler(resources))
    await Promise.all(schedulers.map((one) => one.look()))
    await Promise.all(schedulers.map((one) => one.look()))
    const made = await jobs()
    expect(made).to.have.length(50)
    expect(new Set(made.map((job) => job.schedule_id)).size).to.equal(50)
    await stop()
  })

  it('keeps nothing of a firing that dies half way, and another scheduler does it once', async () => {
    const id = await schedule()
    await admin(`create function hold_up() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(4711); return new; end';
      create trigger hold_up before update on schedules for each row execute function hold_up()`)
    const [holder, release] = await holdLock(server, 4711)
    const dying = new Scheduler(server.resources).look().catch((error: unknown) => error)
    // Its job is stored by now and its next time is not.
    const [victim] = await until(() =>
      admin(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like 'update schedules%'",
      ),
    )
    expect(await new Scheduler(server.resources).look(), 'another took what it holds').to.equal(1_000)
    await admin(`select pg_terminate_backend(${victim.pid})`)
    expect(await dying).to.be.instanceOf(Error)
    expect(await jobs()).to.deep.equal([])
    await release()
    await admin('drop trigger hold_up on schedules; drop function hold_up()')
    await new Scheduler(server.resources).look()
    await new Scheduler(server.resources).look()
    expect((await jobs()).map((job) => job.schedule_id)).to.deep.equal([id])
    expect(holder).to.equal(true)
  })

  it('makes up for what was missed by the policy of each schedule, and says what it left out', async () => {
    const missed = { next_at: "now() - interval '5 hours'", created_at: "now() - interval '6 hours'" }
    const [none, last, all] = [
      await schedule({ ...missed, catch_up: "'none'" }),
      await schedule({ ...missed, catch_up: "'last'" }),
      await schedule({ ...missed, catch_up: "'all'" }),
    ]
    await new Scheduler(server.resources).look()
    const made = await jobs()
    const of = (id: string) => made.filter((job) => job.schedule_id === id)
    expect([none, last, all].map((id) => of(id).length)).to.deep.equal([1, 1, 6])
    const gaps = of(all).map((job, i, list) => (i > 0 ? job.run_at - list[i - 1].run_at : 3_600_000))
    expect(gaps.slice(1, 5)).to.deep.equal([3_600_000, 3_600_000, 3_600_000, 3_600_000])
    expect((await scheduleOf(last)).missed).to.equal(5)
    expect(server.logs.filter((line) => line.includes(last)).join()).to.contain('"leftOut":5')
  })

  it('leaves alone what is paused, ended, of an unknown kind or of a tenant that is shut out', async () => {
    const tenantId = newId()
    await admin(
      `insert into tenants (id, slug, name, status) values ('${tenantId}', 'shut', 'Shut', 'suspended')`,
    )
    await schedule({ paused_at: 'now()', next_at: 'null' })
    await schedule({ next_at: 'null' })
    await schedule({ kind: "'gone.kind'" })
    const shut = await schedule({ tenant_id: `'${tenantId}'` })
    expect(await new Scheduler(server.resources).look()).to.be.above(1_000)
    expect(await jobs()).to.deep.equal([])
    await admin(`update tenants set status = 'active' where id = '${tenantId}'`)
    await new Scheduler(server.resources).look()
    expect((await jobs()).map((job) => job.schedule_id)).to.deep.equal([shut])
  })

  it('tells for how long the longest due has been due', async () => {
    const overdue = () => figure(server, 'vetrai_schedules_overdue_seconds')
    expect(await overdue()).to.equal(0)
    await schedule({ next_at: "now() - interval '90 seconds'" })
    await schedule()
    expect(await overdue()).to.be.within(90, 120)
    await new Scheduler(server.resources).look()
    expect(await overdue()).to.equal(0)
  })

  it('comes to an end', async () => {
    const id = await schedule({ ends_at: "now() + interval '10 minutes'" })
    await new Scheduler(server.resources).look()
    expect(await scheduleOf(id)).to.include({ next_at: null })
    expect(await jobs()).to.have.length(1)
  })

  it('skips a firing while the job before it is not settled, where the schedule says so', async () => {
    const id = await schedule({ overlap: "'skip'" })
    const again = () => admin(`update schedules set next_at = now() where id = '${id}'`)
    await new Scheduler(server.resources).look()
    await again()
    await new Scheduler(server.resources).look()
    expect(await jobs()).to.have.length(1)
    expect(await scheduleOf(id)).to.include({ missed: 1 })
    await server.runJobs()
    await again()
    await new Scheduler(server.resources).look()
    expect(await jobs()).to.have.length(2)
  })

  it('goes past a schedule whose payload or zone is not accepted any more, and tells', async () => {
    const payload = await schedule({ payload: `'{"n": "seven"}'` })
    const zone = await schedule({ cron: "'@daily'", time_zone: "'Mars/Olympus'" })
    const good = await schedule()
    await new Scheduler(server.resources).look()
    expect((await jobs()).map((job) => job.schedule_id)).to.deep.equal([good])
    expect((await scheduleOf(payload)).last_error).to.match(/^payload\.n is not accepted any more/)
    expect((await scheduleOf(payload)).next_at).to.be.above(new Date())
    expect(await scheduleOf(zone)).to.include({ next_at: null })
    expect((await scheduleOf(zone)).last_error).to.contain('Mars/Olympus')
  })

  describe('as a loop', () => {
    let scheduler: Scheduler
    afterEach(() => scheduler.close())

    it('asks the database once for each look when idle, and only when it is time', async () => {
      await admin(`update schedules set next_at = now() + interval '1 hour'`)
      const [resources, asked] = counting(server.resources)
      scheduler = new Scheduler(resources)
      scheduler.start()
      await until(async () => asked)
      await sleep(100)
      const first = asked.length
      expect(asked.at(-1)).to.equal('readSystem')
      // Nobody is woken by what is later than what is awaited anyhow.
      tell(new Date(Date.now() + 3_600_000))
      await sleep(100)
      expect(asked).to.have.length(first)
      await scheduler.look()
      expect(asked.slice(first)).to.deep.equal(['readSystem'])
    })

    it('is woken by what was made meanwhile, and fires it when it is due', async () => {
      scheduler = new Scheduler(server.resources)
      scheduler.start()
      await sleep(50)
      const id = await schedule({ next_at: "now() + interval '200 milliseconds'" })
      tell(new Date(Date.now() + 200))
      const [job] = await until(jobs)
      expect(job.schedule_id).to.equal(id)
      expect(job.created_at).to.be.at.least((await scheduleOf(id)).last_at)
    })

    it('goes on after the database was away', async () => {
      await admin('alter table schedules rename to away')
      scheduler = new Scheduler(server.resources)
      scheduler.start()
      await until(async () => server.logs.filter((line) => line.includes('schedules were not looked at')))
      await admin('alter table away rename to schedules')
      const id = await schedule()
      expect((await until(jobs))[0].schedule_id).to.equal(id)
    })

    it('ends at once when it sleeps, and lets what it fires be kept', async () => {
      for (let n = 0; n < 30; n++) await schedule()
      scheduler = new Scheduler(server.resources)
      scheduler.start()
      await until(jobs)
      await scheduler.close()
      const [made, fired] = [await jobs(), await admin('select 1 from schedules where last_at is not null')]
      expect(made).to.have.length(fired.length)
    })

    const tell = (at: Date) => tellSchedulers(backgroundContext(server.resources, 'test'), at)
  })

  describe('and periodic jobs', () => {
    const ctx = () => backgroundContext(server.resources, 'test')
    const sync = (jobs: readonly JobRecord[], owns = (kind: string) => kind.startsWith('test.')) =>
      readPeriods(server.resources, jobs).then((periods) => syncBuiltIns(ctx(), periods, owns))
    const read = async (kind: string) =>
      (await admin(`select * from schedules where tenant_id = '${INSTALLATION}' and kind = '${kind}'`))[0]

    it('has a schedule for each, which first fires after its period and not again at a restart', async () => {
      for (const { name } of [housekeeping, tidy])
        expect(await read(name), name).to.include({ overlap: 'skip' })
      const before = await read('test.tidy')
      expect(before.next_at - before.created_at).to.equal(3_600_000)
      await new Scheduler(server.resources).look()
      expect(await read('test.tidy')).to.deep.equal(before)
      expect(await jobs()).to.deep.equal([])
    })

    it('makes one job however many firings were missed, and none while it waits or runs', async () => {
      await admin("update schedules set next_at = now() - interval '1 day' where kind = 'test.tidy'")
      await new Scheduler(server.resources).look()
      await admin("update schedules set next_at = now() where kind = 'test.tidy'")
      await new Scheduler(server.resources).look()
      const made = await jobs()
      expect(made.map((job) => [job.kind, job.tenant_id])).to.deep.equal([['test.tidy', INSTALLATION]])
    })

    it('takes on a changed period and keeps when it last fired', async () => {
      const at = '2026-01-01T00:00:00.000Z'
      await admin(`update schedules set last_at = '${at}' where kind = 'test.tidy'`)
      await sync([periodic('test.tidy', { cron: '0 3 * * *', timeZone: 'Europe/Berlin' })])
      const changed = await read('test.tidy')
      expect(changed).to.include({ cron: '0 3 * * *', every_s: null, time_zone: 'Europe/Berlin' })
      expect(changed.last_at.toISOString()).to.equal(at)
      expect(changed.next_at).to.be.above(new Date())
      await sync([tidy])
      expect(await read('test.tidy')).to.include({ cron: null, every_s: 3_600 })
    })

    it('asks some when they run, follows what changes meanwhile, and stays as it is where the answer makes no sense', async () => {
      let answer: Period | undefined = { cron: '17 3 * * *', timeZone: 'Europe/Berlin' }
      const asked: JobRecord = {
        ...periodic('test.asked', { everySeconds: 60 }),
        period: async () => {
          if (answer && 'everySeconds' in answer) throw new Error('the settings cannot be read')
          return answer
        },
      }
      await sync([tidy, asked])
      expect(await read('test.asked')).to.include({ cron: '17 3 * * *', time_zone: 'Europe/Berlin' })
      answer = { cron: '5 4 * * *' }
      await sync([tidy, asked])
      expect(await read('test.asked')).to.include({ cron: '5 4 * * *', time_zone: 'UTC' })
      for (const nonsense of [
        { everySeconds: 1 },
        { cron: 'never' },
        { cron: '1 1 1 1 1', timeZone: 'Nowhere' },
      ]) {
        answer = nonsense
        await sync([tidy, asked])
        expect(await read('test.asked')).to.include({ cron: '5 4 * * *' })
      }
      answer = undefined
      await sync([tidy, asked])
      expect(await read('test.asked')).to.equal(undefined)
    })

    it('removes the schedules of jobs that are no more, of the services it mounts only', async () => {
      await sync([
        tidy,
        periodic('test.old', { everySeconds: 60 }),
        periodic('other.one', { everySeconds: 60 }),
      ])
      await sync([tidy])
      expect(await read('test.old')).to.equal(undefined)
      expect(await read('other.one')).to.be.an('object')
    })

    it('is set up once by many that start together', async () => {
      await admin(`delete from schedules where tenant_id = '${INSTALLATION}'`)
      await Promise.all([1, 2, 3, 4].map(() => new Scheduler(server.resources).look()))
      const names = await admin('select name from schedules order by 1')
      expect(names.map(({ name }) => name)).to.deep.equal([
        ...['kernel.housekeeping', 'kernel.reseal', 'test.tidy'],
      ])
    })
  })
})

/** The resources, and the name of each call that reaches the database from now on. */
function counting(resources: Resources): [Resources, string[]] {
  const asked: string[] = []
  const db = new Proxy(resources.db, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        asked.push(String(name))
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
  return [{ ...resources, db }, asked]
}

/** Waits for a list that is not empty; the test's own time limit ends it. */
async function until<T>(read: () => Promise<T[]>): Promise<[T, ...T[]]> {
  for (;;) {
    const [first, ...rest] = await read()
    if (first !== undefined) return [first, ...rest]
    await sleep(10)
  }
}

/** Takes an advisory lock on a connection of its own; answers how to give it back. */
async function holdLock(server: TestServer, key: number): Promise<[boolean, () => Promise<void>]> {
  const { postgres } = await stores()
  const client = new pg.Client({
    ...{
      host: postgres.host,
      port: postgres.port,
      user: postgres.adminUser,
      password: postgres.adminPassword,
    },
    database: server.databaseName,
  })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query('select pg_try_advisory_lock($1) as mine', [key])
  return [rows[0].mine, () => client.end()]
}
