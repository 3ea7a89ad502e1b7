import { expect } from 'chai'
import { openDeployment } from '../../cli/deployment/deployment.js'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import type { UpgradePlan } from '../../cli/operations/upgrade/plan-upgrade.js'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import { makeCredentials } from '../../cli/testing/credentials.js'
import { missingFields } from '../../cli/testing/documented.js'
import { Cluster, NEWER } from './cluster.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { idsOf } from './docker.js'

const RUN = ['upgrade', 'run', '--skip-backup', '--watch', '0', '--ready-within', '60', '--json']

/** One deployment; each test goes on from the one before. */
describe('an image with another PostgreSQL major', function () {
  this.timeout(600_000)
  const { name, project, dir, vetrai } = useAppliance('majors')
  const volume = `${project}-postgres`
  const cluster = new Cluster(project)
  let credentials: () => Promise<void>

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
    credentials = await makeCredentials(await openDeployment(dir()))
    // What an operator may have beside VetrAI's own, and a copy that an upgrade kept.
    await cluster.ask("create role reports login password 'quiet river'")
    await cluster.ask('create database reports owner reports')
    await cluster.ask(
      "create table kept as select n, 'é' || n as text from generate_series(1, 1000) n",
      'reports',
    )
    await cluster.ask('create database vetrai_before_20260101t000000')
  })

  it('is refused before anything is touched, with the way on', async () => {
    const before = await idsOf(project)
    await ok(vetrai('config', 'set', 'images.postgres', NEWER))
    const refused = await vetrai('up', '--json')
    expect(refused.code).to.equal(4)
    expect(refused.stdout).to.include('postgres_major').and.include('vetrai upgrade run')
    expect(await idsOf(project)).to.deep.equal(before)
    await hasItsData()
  })

  it('is planned: into a new volume, with the room and the rest it takes, the old one kept', async () => {
    const plan = (await ok(vetrai('upgrade', 'plan', '--json'))).json<UpgradePlan>()
    expect(plan).to.deep.include({ needed: true, mode: 'move', downtime: 'maintenance', problem: null })
    const { postgres, bytes, move } = plan.database
    expect(postgres).to.equal(17)
    expect(move).to.include({ postgres: 18, image: NEWER, kept_volume: volume })
    expect(plan.disk.need_bytes).to.be.above(2 * bytes)
    expect(
      missingFields(['upgrade', 'plan'], { ...plan, problem: { code: '', message: '', next: '' } }),
    ).to.deep.equal([])
    expect((await ok(vetrai('upgrade', 'plan'))).stdout).to.match(new RegExp(`${volume} is kept`))
  })

  it('whose cluster cannot take all of the data leaves the old one as it was', async () => {
    // A check by a function that finds its helper only by the search path, which nothing that is loaded may count on.
    const trap = ['function helped(int)', 'function helper(int)']
    await cluster.ask(
      "create function helper(int) returns int language sql immutable as 'select $1'",
      'reports',
    )
    await cluster.ask(
      "create function helped(int) returns int language sql immutable as 'select helper($1)'",
      'reports',
    )
    await cluster.ask('alter table kept add constraint trap check (helped(n) > 0)', 'reports')
    const failed = await vetrai(...RUN)
    expect(failed.code, failed.stdout + failed.stderr).to.equal(1)
    const { error } = failed.json<{ error: { code: string; message: string } }>()
    expect(error.code, error.message).to.equal('upgrade_rolled_back')
    expect(error.message)
      .to.include('failed at the step move')
      .and.match(/function helper\(integer\) does not exist/)
    expect(await cluster.major()).to.equal('17')
    expect(await cluster.volumes()).to.deep.equal([volume])
    await hasItsData()
    expect((await ok(vetrai('maintenance', 'status', '--json'))).json()).to.include({ on: false })
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    await cluster.ask('alter table kept drop constraint trap', 'reports')
    for (const one of trap) await cluster.ask(`drop ${one}`, 'reports')
  })

  it('is taken with all of the data, roles, keys and sessions, and the old volume is kept', async () => {
    const report = (await ok(vetrai(...RUN))).json<UpgradeReport>()
    expect(report).to.include({ changed: true, mode: 'move', kept: volume })
    expect(await cluster.major()).to.equal('18')
    expect(await cluster.volumes())
      .to.have.length(2)
      .and.include(volume)
    await hasItsData()
    await credentials()
    expect((await ok(vetrai('audit', 'verify', '--json'))).json()).to.include({ ok: true })
    expect(await cluster.databases()).to.deep.equal(['postgres', 'reports', 'vetrai'])
    expect(await cluster.ask('select count(*), max(text) from kept', 'reports')).to.equal('1000|é999')
    expect(await cluster.signsIn('reports', 'quiet river')).to.equal('reports')
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    expect((await ok(vetrai(...RUN))).json()).to.include({ changed: false })
    const { data } = (await ok(vetrai('upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    expect(data.map(({ outcome, step, kept_volume: kept }) => [outcome, step, kept])).to.deep.equal([
      ['rolled-back', 'move', null],
      ['done', 'record', volume],
      ['done', 'check', null],
    ])
  })

  async function hasItsData(): Promise<void> {
    expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
  }
})
