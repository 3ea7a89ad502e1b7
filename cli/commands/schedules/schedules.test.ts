import { expect } from 'chai'
import { type StubDeployment, stubDeployment } from '../../testing/stub-deployment.js'

const SCHEDULE = {
  id: '01990f6e-5f0e-7000-8000-000000000005',
  name: 'Morning report',
  kind: 'workers.http-request',
  payload: { url: 'https://app.acme.example' },
  cron: '0 9 * * MON-FRI',
  every_s: null,
  time_zone: 'Europe/Berlin',
  description: 'at 09:00 on Monday to Friday (Europe/Berlin)',
  catch_up: 'last',
  overlap: 'allow',
  starts_at: null,
  ends_at: null,
  state: 'active',
  paused_at: null,
  next_at: '2026-11-23T08:00:00.000Z',
  last_at: '2026-11-20T08:00:00.000Z',
  last_job_id: '01990f6e-5f0e-7000-8000-000000000006',
  missed: 2,
  last_error: null,
  created_by: { type: 'user', id: '01990f6e-5f0e-7000-8000-000000000003' },
  created_at: '2026-11-01T10:00:00.000Z',
}
const RUNS = {
  description: 'at 02:30 every day (Europe/Berlin)',
  time_zone: 'Europe/Berlin',
  runs: [{ at: '2027-03-28T01:00:00.000Z', local: '2027-03-28T03:00:00+02:00' }],
  clock_changes: [
    { at: '2027-03-28T01:00:00.000Z', effect: 'moved', note: 'On 2027-03-28 clocks go forward.' },
  ],
}
const SCHEDULES = '/workers/v1/schedules'
const OURS = `${SCHEDULES}/${SCHEDULE.id}`

describe('schedules commands', () => {
  let bed: StubDeployment

  before(async () => {
    bed = await stubDeployment()
  })
  beforeEach(() => {
    bed.stub.reset()
    bed.stub.on(`GET ${SCHEDULES}`, { body: { data: [SCHEDULE], next_cursor: null, has_more: false } })
    bed.stub.on(`GET ${OURS}`, { body: SCHEDULE })
  })
  after(() => bed.remove())

  it('list those of a tenant, or of the installation, as a table or as the page itself', async () => {
    const text = await bed.run('schedules list --tenant acme --state active --kind workers.http-request')
    expect(text.stdout)
      .to.match(/NAME +KIND +WHEN +STATE +NEXT/)
      .and.include('0 9 * * MON-FRI Europe/Berlin')
    expect(bed.stub.seen[0]?.query).to.include({ state: 'active', kind: 'workers.http-request' })
    expect((await bed.run('schedules list --json')).json<{ data: object[] }>().data).to.deep.equal([SCHEDULE])
    expect(bed.stub.seen.map(({ headers }) => headers['x-tenant'])).to.deep.equal(['acme', undefined])
  })

  it('tell of one by its name what it does, when, and what it missed', async () => {
    const { stdout } = await bed.run(['schedules', 'info', 'Morning report', '--tenant', 'acme'])
    expect(bed.stub.seen[0]?.query).to.deep.equal({ name: 'Morning report', limit: '1' })
    expect(stdout)
      .to.include(SCHEDULE.description)
      .and.include('2026-11-23 08:00 UTC')
      .and.match(/missed +2/)
    bed.stub.on(`GET ${SCHEDULES}`, { body: { data: [], next_cursor: null, has_more: false } })
    const none = await bed.run('schedules info nothing --json')
    expect(none.json<{ error: object }>().error).to.include({ code: 'schedule_not_found' })
  })

  it('create one of exactly what was given', async () => {
    bed.stub.on(`POST ${SCHEDULES}`, { status: 201, body: SCHEDULE })
    const made = await bed.run([
      ...['schedules', 'create', 'Morning report', '--tenant', 'acme', '--kind', 'workers.http-request'],
      ...['--payload', '{"url":"https://app.acme.example"}', '--cron', '0 9 * * MON-FRI'],
      ...[
        '--time-zone',
        'Europe/Berlin',
        '--catch-up',
        'all',
        '--starts-at',
        '2026-12-01T00:00:00Z',
        '--json',
      ],
    ])
    expect(made.json()).to.deep.equal(SCHEDULE)
    expect(bed.stub.seen[0]?.body).to.deep.equal({
      ...{
        name: 'Morning report',
        kind: 'workers.http-request',
        payload: { url: 'https://app.acme.example' },
      },
      ...{ cron: '0 9 * * MON-FRI', time_zone: 'Europe/Berlin', catch_up: 'all' },
      starts_at: '2026-12-01T00:00:00Z',
    })
  })

  it('refuse a pattern beside a rhythm, and a payload that is no object, before they ask the server', async () => {
    const create = ['schedules', 'create', 'x', '--tenant', 'acme', '--kind', 'a.b']
    for (const wrong of [
      ['--cron', '@daily', '--every', '60'],
      ['--payload', '[1]'],
      ['--payload', '{'],
    ]) {
      expect((await bed.run([...create, ...wrong])).code, wrong.join(' ')).to.equal(2)
    }
    expect((await bed.run('schedules update x --tenant acme')).code).to.equal(2)
    expect((await bed.run('schedules preview')).code).to.equal(2)
    expect((await bed.run('schedules preview x --every 60')).code).to.equal(2)
    expect(bed.stub.seen).to.deep.equal([])
  })

  it('change what is given, and forget a bound by none', async () => {
    bed.stub.on(`PATCH ${OURS}`, { body: SCHEDULE })
    await bed.run(`schedules update ${SCHEDULE.id} --tenant acme --every 600 --ends-at none --overlap skip`)
    expect(bed.stub.seen.at(-1)?.body).to.deep.equal({ every_s: 600, ends_at: null, overlap: 'skip' })
  })

  it('pause, resume and run one', async () => {
    bed.stub.on(`POST ${OURS}/pause`, { body: { ...SCHEDULE, state: 'paused', next_at: null } })
    bed.stub.on(`POST ${OURS}/resume`, { body: SCHEDULE })
    bed.stub.on(`POST ${OURS}/run`, { status: 202, body: { job_id: 'the-job', is_new: true } })
    const named = (verb: string) => bed.run(['schedules', verb, 'Morning report', '--tenant', 'acme'])
    expect((await named('pause')).stdout).to.include('paused')
    expect((await named('resume')).stdout).to.include('active')
    expect((await named('run')).stdout).to.include('Made job the-job')
    bed.stub.on(`POST ${OURS}/run`, { status: 202, body: { job_id: 'the-job', is_new: false } })
    expect((await named('run')).stdout).to.include('not settled')
  })

  it('delete one only when its name is repeated', async () => {
    bed.stub.on(`DELETE ${OURS}`, { status: 204 })
    const remove = ['schedules', 'delete', 'Morning report', '--tenant', 'acme']
    expect((await bed.run([...remove, '--confirm', 'Evening report'])).code).to.equal(4)
    expect(bed.stub.seen.map(({ method }) => method)).not.to.include('DELETE')
    const done = await bed.run([...remove, '--confirm', 'Morning report', '--json'])
    expect(done.json()).to.deep.equal({ id: SCHEDULE.id, name: 'Morning report', deleted: true })
  })

  it('show when a pattern or a schedule fires, by both clocks, with what a change of the clocks does', async () => {
    bed.stub.on(`POST ${SCHEDULES}/preview`, { body: RUNS })
    bed.stub.on(`GET ${OURS}/next-runs`, { body: RUNS })
    const text = await bed.run([
      'schedules',
      'preview',
      '--cron',
      '30 2 * * *',
      '--time-zone',
      'Europe/Berlin',
    ])
    expect(text.stdout).to.include(RUNS.description).and.include('On 2027-03-28 clocks go forward.')
    expect(text.stdout).to.match(/2027-03-28 03:00:00 +2027-03-28 01:00:00/)
    expect(bed.stub.seen[0]?.body).to.deep.equal({
      ...{ cron: '30 2 * * *', time_zone: 'Europe/Berlin', count: 10 },
    })
    const json = await bed.run(`schedules preview ${SCHEDULE.id} --tenant acme --count 1 --json`)
    expect(json.json()).to.deep.equal(RUNS)
    expect(bed.stub.seen.at(-1)?.query).to.deep.equal({ count: '1' })
  })
})
