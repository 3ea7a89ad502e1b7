import { expect } from 'chai'
import { z } from 'zod'
import { type BuiltUser, buildKey, buildMember, unique } from '../../../test/build.js'
import type { Answer } from '../../../test/caller.js'
import { startTwin, useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { Scheduler } from '../../jobs/scheduler.js'
import { defineJob } from '../../kernel/define-job.js'
import { defineService } from '../../kernel/define-service.js'
import { newId } from '../../kernel/ids.js'
import { permissions } from '../../permissions.js'
import { services } from '../../services.js'

const ran: string[] = []
const quiet = { attempts: 1, timeoutMs: 1_000, safeToRepeat: 'a test' }
const report = defineJob({
  ...quiet,
  name: 'tests.report',
  payload: z.strictObject({ to: z.string().max(20), copies: z.int().max(9).default(1) }),
  exposed: { permission: 'workers.jobs.create', summary: 'Reports.' },
  run: async (ctx, { to, copies }) => {
    ran.push(`${to} ${copies} ${ctx.tenant.id}`)
  },
})
const nothing = { payload: z.looseObject({}), run: async () => null }
const operatorsOnly = defineJob({
  ...{ ...quiet, ...nothing, name: 'tests.operate' },
  exposed: { permission: 'tenancy.tenants.administer', summary: 'For operators.' },
})
const internal = defineJob({ ...quiet, ...nothing, name: 'tests.internal' })
const tests = defineService({
  name: 'tests',
  summary: 'Tests.',
  prefix: '/tests',
  needs: [],
  routes: [],
  jobs: [report, operatorsOnly, internal],
})

const SCHEDULES = '/workers/v1/schedules'

describe('schedules', () => {
  const options = { services: [...services, tests], permissions }
  const server = useServer(options)
  let admin: BuiltUser
  const sql = async (text: string) => (await asAdmin(await stores(), text, server.databaseName)).rows

  before(async () => {
    admin = await buildMember(server)
  })

  const fields = (differs: Record<string, unknown> = {}) => ({
    ...{ name: unique('schedule'), kind: 'tests.report', payload: { to: 'ada' }, cron: '0 9 * * *' },
    ...differs,
  })
  const create = (differs: Record<string, unknown> = {}, who = admin) =>
    who.api.post(SCHEDULES, fields(differs))
  const made = async (differs: Record<string, unknown> = {}, who = admin) => {
    const answer = await create(differs, who)
    expect(answer.status, answer.text).to.equal(201)
    return answer.body
  }
  const problems = ({ status, body }: Answer): string[] => {
    expect(status).to.equal(422)
    return body.errors.map((one: { pointer: string; message: string }) => `${one.pointer} ${one.message}`)
  }
  const everyCall = (id: string): [string, string, unknown?][] => [
    ['GET', ''],
    ['POST', '', fields()],
    ['POST', '/preview', { cron: '@daily' }],
    ['GET', `/${id}`],
    ['PATCH', `/${id}`, { name: unique('other') }],
    ['DELETE', `/${id}`],
    ...(['pause', 'resume', 'run'] as const).map((verb): [string, string] => ['POST', `/${id}/${verb}`]),
    ['GET', `/${id}/next-runs`],
  ]

  describe('are open to', () => {
    it('nobody without a credential', async () => {
      for (const [method, path, body] of everyCall((await made()).id))
        expect((await server.anonymous.call(method, SCHEDULES + path, { body })).status, path).to.equal(401)
    })

    it('no role without the permission', async () => {
      const user = await buildMember(server, { tenant: admin.tenant, role: 'user' })
      for (const [method, path, body] of everyCall((await made()).id))
        expect((await user.api.call(method, SCHEDULES + path, { body })).status, path).to.equal(403)
    })

    it('no other tenant', async () => {
      const { id } = await made()
      const stranger = await buildMember(server)
      for (const [method, path, body] of everyCall(id).filter(([, one]) => one.includes(id))) {
        const theirs = await stranger.api.call(method, SCHEDULES + path, { body })
        expect(theirs.body.code, path).to.equal('workers.schedule_not_found')
      }
      expect((await stranger.api.get(SCHEDULES)).body.data).to.deep.equal([])
      expect((await admin.api.get(`${SCHEDULES}/${id}`)).status).to.equal(200)
    })

    it('nobody as a way around the permission for a kind of job', async () => {
      const { id } = await made()
      const key = server.as((await buildKey(admin, ['schedules:read', 'schedules:write'])).key)
      const needing = [
        await key.post(SCHEDULES, fields()),
        await key.patch(`${SCHEDULES}/${id}`, { payload: { to: 'eve' } }),
        await key.post(`${SCHEDULES}/${id}/run`),
        await key.post(`${SCHEDULES}/${id}/resume`),
        await create({ kind: 'tests.operate' }),
      ]
      expect(needing.map(({ status }) => status)).to.deep.equal([403, 403, 403, 403, 403])
      expect(needing[0]?.body.detail).to.contain('workers.jobs.create')
      expect((await key.get(`${SCHEDULES}/${id}`)).status).to.equal(200)
      expect((await key.post(`${SCHEDULES}/${id}/pause`)).status).to.equal(200)
    })
  })

  describe('when made', () => {
    it('answer when they fire, in words too', async () => {
      const answer = await create({ name: 'Morning', cron: '0 9 * * MON-FRI', time_zone: 'Europe/Berlin' })
      expect(answer.headers.get('location')).to.equal(`${SCHEDULES}/${answer.body.id}`)
      expect(answer.body).to.deep.include({
        ...{ name: 'Morning', kind: 'tests.report', payload: { to: 'ada' }, every_s: null, state: 'active' },
        ...{
          catch_up: 'last',
          overlap: 'allow',
          missed: 0,
          last_at: null,
          last_job_id: null,
          last_error: null,
        },
        description: 'at 09:00 on Monday to Friday (Europe/Berlin)',
        created_by: { type: 'user', id: admin.id },
      })
      expect(new Date(answer.body.next_at)).to.be.above(new Date())
      expect(await made({ cron: undefined, every_s: 5_400 })).to.include({ description: 'every 90 minutes' })
    })

    it('are refused for what is wrong with their times', async () => {
      expect(problems(await create({ cron: '0 25 * * *' }))[0]).to.match(
        /^\/cron "25" at character 3 is wrong/,
      )
      expect(problems(await create({ cron: '*/5 * * * * *' }))[0]).to.match(/^\/cron fires more often/)
      expect(problems(await create({ time_zone: 'Mars/Olympus' }))[0]).to.match(/^\/time_zone /)
      expect(problems(await create({ cron: undefined }))).to.deep.equal(['/cron give either cron or every_s'])
      expect(problems(await create({ every_s: 60 }))).to.deep.equal(['/cron give either cron or every_s'])
      expect(problems(await create({ cron: undefined, every_s: 9 }))[0]).to.match(/^\/every_s /)
      const past = { starts_at: '2020-01-02T00:00:00Z', ends_at: '2020-01-01T00:00:00Z' }
      expect(problems(await create(past))[0]).to.match(/^\/ends_at /)
      for (const never of [{ cron: '0 0 31 2 *' }, { ends_at: '2020-01-01T00:00:00Z' }])
        expect((await create(never)).body.code).to.equal('workers.schedule_never_fires')
    })

    it('are refused for kinds that are not offered', async () => {
      for (const kind of ['tests.internal', 'tests.nothing', 'kernel.housekeeping'])
        expect((await create({ kind })).body.code, kind).to.equal('workers.unknown_kind')
    })

    it('are refused for a payload that their kind would not take, with where', async () => {
      const answer = await create({ payload: { copies: 10, more: 1 } })
      expect(problems(answer).map((one) => one.split(' ')[0])).to.have.members([
        '/payload/to',
        '/payload/copies',
        '/payload/more',
      ])
    })

    it('have a name of their own in their tenant, also when made at once', async () => {
      const name = unique('twice')
      const answers = await Promise.all([1, 2, 3, 4].map(() => create({ name })))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409, 409])
      expect(answers.find(({ status }) => status === 409)?.body.code).to.equal('workers.schedule_name_taken')
      await made({ name }, await buildMember(server))
    })

    it('are bounded in number', async () => {
      const full = await buildMember(server)
      await sql(`insert into schedules (tenant_id, id, name, kind, every_s, created_by)
        select '${full.tenant.id}', gen_random_uuid(), 'one ' || n, 'tests.report', 3600, 'test' from generate_series(1, 999) n`)
      await made({}, full)
      expect((await create({}, full)).body.code).to.equal('workers.schedule_limit_reached')
    })

    it('leave an audit line', async () => {
      const { id } = await made({ name: 'Told' })
      const { data } = (await admin.api.get('/tenancy/v1/audit-logs?limit=1')).body
      expect(data[0]).to.include({ action: 'schedule.created', target: id })
    })
  })

  it('are listed by state, kind and name, page by page', async () => {
    const owner = await buildMember(server)
    const active = await made({ name: 'a' }, owner)
    const paused = await made({ name: 'p', paused: true }, owner)
    const list = async (query: string) =>
      (await owner.api.get(`${SCHEDULES}${query}`)).body.data.map(({ id }: { id: string }) => id)
    expect(await list('?state=active')).to.deep.equal([active.id])
    expect(await list('?state=paused')).to.deep.equal([paused.id])
    expect(await list('?state=ended')).to.deep.equal([])
    expect(await list('?name=p&kind=tests.report')).to.deep.equal([paused.id])
    const { next_cursor } = (await owner.api.get(`${SCHEDULES}?limit=1`)).body
    expect(await list(`?limit=1&cursor=${next_cursor}`)).to.deep.equal([active.id])
  })

  describe('when changed', () => {
    const patch = (id: string, changes: unknown, headers = {}) =>
      admin.api.patch(`${SCHEDULES}/${id}`, changes, { headers })

    it('take the fields given and leave the others', async () => {
      const before = await made({ catch_up: 'all' })
      const after = (await patch(before.id, { name: 'Changed', payload: { to: 'bob' } })).body
      expect(after).to.deep.equal({ ...before, name: 'Changed', payload: { to: 'bob' } })
    })

    it('fire by their new times from then on', async () => {
      const { id, created_at, next_at } = await made({ cron: '0 9 1 1 *' })
      const changed = (await patch(id, { every_s: 3_600 })).body
      expect(changed).to.include({ cron: null, every_s: 3_600 })
      expect((Date.parse(changed.next_at) - Date.parse(created_at)) % 3_600_000).to.equal(0)
      expect((await patch(id, { cron: '0 9 1 1 *' })).body).to.include({ every_s: null, next_at })
      const there = (await patch(id, { time_zone: 'Asia/Tokyo' })).body
      expect(Date.parse(next_at) - Date.parse(there.next_at)).to.equal(9 * 3_600_000)
      const startsAt = new Date(Date.now() + 400 * 86_400_000).toISOString()
      expect(Date.parse((await patch(id, { starts_at: startsAt })).body.next_at)).to.be.above(
        Date.parse(startsAt),
      )
      expect((await patch(id, { starts_at: null })).body.next_at).to.equal(there.next_at)
    })

    it('are held to the same rules', async () => {
      const [one, other] = [await made(), await made()]
      expect((await patch(one.id, { name: other.name })).body.code).to.equal('workers.schedule_name_taken')
      expect((await patch(one.id, { name: one.name })).status).to.equal(200)
      expect(problems(await patch(one.id, { payload: { to: 1 } }))[0]).to.match(/^\/payload\/to /)
      expect(problems(await patch(one.id, { cron: '@daily', every_s: 60 }))[0]).to.match(/^\/cron /)
      expect((await patch(one.id, { ends_at: '2020-01-01T00:00:00Z' })).body.code).to.equal(
        'workers.schedule_never_fires',
      )
      expect((await patch(one.id, { kind: 'tests.report' })).status).to.equal(422)
    })

    it('are not by who saw an older version', async () => {
      const { id } = await made()
      const etag = (await admin.api.get(`${SCHEDULES}/${id}`)).headers.get('etag') ?? ''
      expect((await patch(id, { catch_up: 'none' }, { 'if-match': etag })).status).to.equal(200)
      expect((await patch(id, { catch_up: 'all' }, { 'if-match': etag })).status).to.equal(412)
      expect((await admin.api.with({ 'if-match': etag }).delete(`${SCHEDULES}/${id}`)).status).to.equal(412)
    })

    it('stay paused', async () => {
      const { id } = await made({ paused: true })
      expect((await patch(id, { cron: '@hourly' })).body).to.include({ state: 'paused', next_at: null })
    })
  })

  it('fire no more while paused and go on from then, however often they are told to', async () => {
    const { id } = await made()
    const paused = (await admin.api.post(`${SCHEDULES}/${id}/pause`)).body
    expect(paused).to.include({ state: 'paused', next_at: null })
    expect((await admin.api.post(`${SCHEDULES}/${id}/pause`)).body).to.deep.equal(paused)
    await new Scheduler(server.resources).look()
    const resumed = (await admin.api.post(`${SCHEDULES}/${id}/resume`)).body
    expect(resumed).to.include({ state: 'active', paused_at: null, missed: 0 })
    expect(new Date(resumed.next_at)).to.be.above(new Date())
    expect((await admin.api.post(`${SCHEDULES}/${id}/resume`)).body).to.deep.equal(resumed)
  })

  it('have their job made and run for their tenant when it is time', async () => {
    const { id, next_at } = await made({ payload: { to: 'bob', copies: 2 } })
    await sql(`update schedules set next_at = now() where id = '${id}'`)
    await new Scheduler(server.resources).look()
    await server.work()
    expect(ran.splice(0)).to.deep.equal([`bob 2 ${admin.tenant.id}`])
    const after = (await admin.api.get(`${SCHEDULES}/${id}`)).body
    expect(after).to.include({ next_at, missed: 0 })
    const [job] = await sql(`select * from worker_jobs where id = '${after.last_job_id}'`)
    expect(job).to.include({ status: 'succeeded', schedule_id: id, tenant_id: admin.tenant.id })
  })

  it('wake the schedulers of other processes when made and when changed', async () => {
    const { twin, stop } = await startTwin(server, options)
    const scheduler = new Scheduler(twin.resources)
    await scheduler.look()
    scheduler.start()
    const { id } = await made({ cron: '0 9 1 1 *' })
    const soon = new Date(Date.now() + 400).toISOString()
    await admin.api.patch(`${SCHEDULES}/${id}`, { every_s: 86_400, starts_at: soon })
    while ((await sql(`select 1 from worker_jobs where schedule_id = '${id}'`)).length === 0);
    await scheduler.close()
    await stop()
    expect((await admin.api.get(`${SCHEDULES}/${id}`)).body.last_at).to.equal(soon)
    await server.work()
    ran.splice(0)
  })

  it('make a job when asked to, also while paused, and leave their times alone', async () => {
    const before = await made({ paused: true })
    const answer = await admin.api.post(`${SCHEDULES}/${before.id}/run`)
    expect(answer.status).to.equal(202)
    expect(answer.headers.get('location')).to.equal(`/workers/v1/jobs/${answer.body.job_id}`)
    await server.work()
    expect(ran.splice(0)).to.deep.equal([`ada 1 ${admin.tenant.id}`])
    expect((await admin.api.get(`${SCHEDULES}/${before.id}`)).body).to.deep.equal(before)
  })

  it('make no second job by hand while the first is not settled, where they skip overlaps', async () => {
    const { id } = await made({ overlap: 'skip' })
    const first = (await admin.api.post(`${SCHEDULES}/${id}/run`)).body
    const second = (await admin.api.post(`${SCHEDULES}/${id}/run`)).body
    expect([first.is_new, second]).to.deep.equal([true, { job_id: first.job_id, is_new: false }])
    await server.work()
    expect(ran.splice(0)).to.have.length(1)
  })

  it('are gone when deleted, and their jobs stay', async () => {
    const { id } = await made()
    const { job_id } = (await admin.api.post(`${SCHEDULES}/${id}/run`)).body
    expect((await admin.api.delete(`${SCHEDULES}/${id}`)).status).to.equal(204)
    expect((await admin.api.get(`${SCHEDULES}/${id}`)).status).to.equal(404)
    expect(await sql(`select 1 from worker_jobs where id = '${job_id}'`)).to.have.length(1)
    await server.work()
    ran.splice(0)
  })

  describe('of the installation', () => {
    const builtIn = async () =>
      (await server.operator.get(`${SCHEDULES}?kind=kernel.housekeeping`)).body.data[0]

    before(async () => {
      await new Scheduler(server.resources).look()
    })

    it('are seen by operators who name no tenant, and by nobody else', async () => {
      const { id, ...shown } = await builtIn()
      expect(shown).to.include({
        name: 'kernel.housekeeping',
        every_s: 300,
        overlap: 'skip',
        state: 'active',
      })
      expect((await server.operator.get(`${SCHEDULES}/${id}/next-runs`)).body.runs).to.have.length(10)
      expect((await server.operator.in(admin.tenant.id).get(`${SCHEDULES}/${id}`)).status).to.equal(404)
      expect((await admin.api.get(`${SCHEDULES}/${id}`)).status).to.equal(404)
      expect((await admin.api.post(`${SCHEDULES}/${id}/pause`)).status).to.equal(404)
    })

    it('are paused through restarts, resumed and run by operators, and neither changed nor deleted', async () => {
      const { id } = await builtIn()
      expect((await server.operator.post(`${SCHEDULES}/${id}/pause`)).body.state).to.equal('paused')
      await new Scheduler(server.resources).look()
      expect(await builtIn()).to.include({ state: 'paused', next_at: null })
      expect((await server.operator.post(`${SCHEDULES}/${id}/run`)).status).to.equal(202)
      await server.work()
      expect((await server.operator.post(`${SCHEDULES}/${id}/resume`)).body.state).to.equal('active')
      expect((await server.operator.patch(`${SCHEDULES}/${id}`, { name: 'mine' })).status).to.equal(400)
      expect((await server.operator.delete(`${SCHEDULES}/${id}`)).status).to.equal(400)
      const { data } = (await server.operator.get('/tenancy/v1/audit-logs?limit=3')).body
      expect(data.map((line: { action: string }) => line.action)).to.deep.equal([
        ...['schedule.resumed', 'schedule.run', 'schedule.paused'],
      ])
    })
  })

  describe('shown before they fire', () => {
    before(() => {
      server.now = () => new Date('2026-03-27T12:00:00Z')
    })
    after(() => {
      server.now = undefined
    })

    it('say when, by the clock of the zone, and what a change of the clocks does', async () => {
      const preview = { cron: '30 2 * * *', time_zone: 'Europe/Berlin', count: 3 }
      expect((await admin.api.post(`${SCHEDULES}/preview`, preview)).body).to.deep.equal({
        description: 'at 02:30 every day (Europe/Berlin)',
        time_zone: 'Europe/Berlin',
        runs: [
          { at: '2026-03-28T01:30:00.000Z', local: '2026-03-28T02:30:00+01:00' },
          { at: '2026-03-29T01:00:00.000Z', local: '2026-03-29T03:00:00+02:00' },
          { at: '2026-03-30T00:30:00.000Z', local: '2026-03-30T02:30:00+02:00' },
        ],
        clock_changes: [
          {
            at: '2026-03-29T01:00:00.000Z',
            effect: 'moved',
            note: 'On 2026-03-29 clocks go forward from 02:00 to 03:00: times in between do not exist and run at 03:00.',
          },
          {
            at: '2026-10-25T01:00:00.000Z',
            effect: 'once',
            note: 'On 2026-10-25 clocks go back from 03:00 to 02:00: times in between come twice and run the first time.',
          },
          {
            at: '2027-03-28T01:00:00.000Z',
            effect: 'moved',
            note: 'On 2027-03-28 clocks go forward from 02:00 to 03:00: times in between do not exist and run at 03:00.',
          },
        ],
      })
      const steady = (await admin.api.post(`${SCHEDULES}/preview`, { every_s: 60, count: 1 })).body
      expect(steady).to.deep.include({ description: 'every minute', clock_changes: [] })
    })

    it('say so when there is nothing to show', async () => {
      const never = await admin.api.post(`${SCHEDULES}/preview`, { cron: '0 0 30 2 *' })
      expect(never.body.code).to.equal('workers.schedule_never_fires')
      expect(problems(await admin.api.post(`${SCHEDULES}/preview`, { cron: '@often' }))[0]).to.contain(
        '@daily',
      )
    })

    it('list their next runs, as many as asked for', async () => {
      const { id } = await made({ paused: true })
      const runs = async (query = '') =>
        (await admin.api.get(`${SCHEDULES}/${id}/next-runs${query}`)).body.runs.map(
          ({ at }: { at: string }) => at,
        )
      expect(await runs('?count=2')).to.deep.equal(['2026-03-28T09:00:00.000Z', '2026-03-29T09:00:00.000Z'])
      expect(await runs()).to.have.length(10)
      expect((await admin.api.get(`${SCHEDULES}/${id}/next-runs?count=101`)).status).to.equal(422)
      expect((await admin.api.get(`${SCHEDULES}/${newId()}/next-runs`)).status).to.equal(404)
    })
  })
})
