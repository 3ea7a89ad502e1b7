import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { DeploymentLock } from '../../cli/deployment/lock-file.js'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import type { UpgradePlan } from '../../cli/operations/upgrade/plan-upgrade.js'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import { missingFields } from '../../cli/testing/documented.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { docker } from './docker.js'
import { imageOverrides } from './engine.js'
import {
  type Failure,
  failingUpgrades,
  fails,
  startWriter,
  upgradingOf,
  WATCHED,
  wholePlan,
} from './upgrading.js'
import { TestVersions } from './versions.js'
import type { Writer } from './writer.js'

/** Room of the database's volume: a disk that is soon full. */
const VOLUME = '400m'
const SKIP = ['--skip-backup', ...WATCHED]

/** A server that answers that it lives, and is never ready. */
const NEVER_READY = `
import { createServer } from 'node:http'
createServer((request, response) => {
  response.statusCode = request.url === '/healthz' ? 200 : 503
  response.end(JSON.stringify({ ready: false, checks: { schema: { ok: false, detail: 'it never will be' } } }))
}).listen(8000, '0.0.0.0')
process.on('SIGTERM', () => process.exit(0))
`

/** One deployment, written to all the while; each test goes on from the one before. */
describe('an upgrade of an appliance', function () {
  this.timeout(600_000)
  // Before the deployment is removed, which takes its volume with it.
  after(async () => {
    await writer?.stop()
    await docker('rm', '--force', `${volume}-keeper`).catch(() => undefined)
    await versions?.remove()
  })
  const appliance = useAppliance('upgrade')
  const { name, project, dir, vetrai } = appliance
  const { imageInUse, tables, databases } = upgradingOf(appliance)
  const { rolledBack } = failingUpgrades(appliance, { writer: () => writer, before: '0.2.0' })
  const volume = `${project}-postgres`
  let versions: TestVersions
  let writer: Writer

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await makeSmallVolume()
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
    versions = new TestVersions(await imageInUse())
    writer = await startWriter(vetrai, 'acme')
  })

  it('is planned without a change: path, database, room, steps', async () => {
    const image = await versions.make('planned', {
      version: '0.2.0',
      migration: {
        name: '20270101000000-kernel-add-plans',
        body: "await query('create table plans (id int)')",
        compatible: false,
      },
      release: { breaking: [{ version: '0.2.0', note: 'Tell everybody.' }] },
    })
    const plan = (await ok(vetrai('upgrade', 'plan', '--to', image, '--json'))).json<UpgradePlan>()
    expect(plan).to.deep.include({
      needed: true,
      mode: 'copy',
      downtime: 'maintenance',
      problem: null,
      breaking: [{ version: '0.2.0', note: 'Tell everybody.' }],
      migrations: [{ name: '20270101000000-kernel-add-plans', compatible: false }],
    })
    expect(plan.database.postgres).to.equal(17)
    expect(missingFields(['upgrade', 'plan'], wholePlan(plan))).to.deep.equal([])
    const refused = await versions.make('skips', { version: '9.0.0', release: { hard_stops: ['5.0.0'] } })
    const { error } = (
      await fails(vetrai('upgrade', 'run', '--to', refused, ...SKIP, '--json'), 4)
    ).json<Failure>()
    expect(error).to.include({ code: 'upgrade_skips', next: 'Upgrade to 5.0.0, then to 9.0.0.' })
  })

  it('brings a version that fits without one failed request, and names the backup made before', async () => {
    const image = await versions.make('fits', {
      version: '0.2.0',
      migration: {
        name: '20270101000000-kernel-add-plans',
        body: "await query('create table plans (id int)')",
        compatible: true,
      },
    })
    writer.takeFailures()
    const report = (
      await ok(vetrai('upgrade', 'run', '--to', image, ...WATCHED, '--json'))
    ).json<UpgradeReport>()
    expect(report).to.include({ changed: true, to: '0.2.0', mode: 'in-place' })
    expect(report.backup).to.be.a('string')
    expect(writer.takeFailures()).to.equal(0)
    expect((await ok(vetrai('upgrade', 'run', '--to', image, ...SKIP, '--json'))).json()).to.include({
      changed: false,
    })
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false, upgrade: null })
    expect((await ok(vetrai('status', '--json'))).json()).to.include({ version: '0.2.0' })
  })

  it('whose migration fails ends on the version before, with its data, and says why', async () => {
    const image = await versions.make('fails', {
      version: '0.3.0',
      migration: {
        name: '20270201000000-kernel-drop-plans',
        body: "await query('drop table plans'); await query('alter table nowhere add column x int')",
        compatible: false,
      },
    })
    const error = await rolledBack(image, 'migrate', SKIP)
    expect(error.message).to.match(/relation "nowhere" does not exist/)
    expect(await tables()).to.include('plans')
  })

  it('whose server is never ready does not cost a request', async () => {
    const image = await versions.make('never', { version: '0.3.0', program: NEVER_READY })
    writer.takeFailures()
    const error = await rolledBack(image, 'trial', ['--skip-backup', '--ready-within', '8'])
    expect(error.message).to.match(/not become ready within 8 s: schema: it never will be/)
    expect(writer.takeFailures()).to.equal(0)
  })

  it('that fills the disk ends on the version before, with its data', async () => {
    const image = await versions.make('fills', {
      version: '0.3.0',
      migration: {
        name: '20270201000000-kernel-add-filler',
        body: 'await query("create table filler as select md5(g::text) || repeat(\'x\', 900) as t from generate_series(1, 2000000) g")',
        compatible: false,
      },
    })
    const error = await rolledBack(image, 'migrate', SKIP)
    expect(error.message, error.message).to.match(
      /No space left on device|Connection terminated|recovery mode|not reachable/i,
    )
    expect(await databases()).to.deep.equal(['postgres', 'vetrai'])
  })

  it('is in the history, whatever became of it', async () => {
    const { data } = (await ok(vetrai('upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    expect(data.map(({ outcome, step, reason }) => [outcome, step, reason])).to.deep.equal([
      ['refused', 'check', 'upgrade_skips'],
      ['done', 'record', null],
      ['done', 'check', null],
      ['rolled-back', 'migrate', 'migration_failed'],
      ['rolled-back', 'trial', 'upgrade_not_ready'],
      ['rolled-back', 'migrate', 'migration_failed'],
    ])
  })

  async function lock(): Promise<DeploymentLock> {
    return JSON.parse(await readFile(join(dir(), 'lock.json'), 'utf8')) as DeploymentLock
  }

  /** Of memory; what is in it stays for as long as some container has it. */
  async function makeSmallVolume(): Promise<void> {
    const label = ['--label', `ai.vetrai.deployment=${(await lock()).id}`]
    const options = ['type=tmpfs', 'device=tmpfs', `o=size=${VOLUME},mode=0777`].flatMap((one) => [
      '--opt',
      one,
    ])
    await docker('volume', 'create', ...options, ...label, volume)
    // Where one is there already, `up` takes it for a deployment that has run, which has the others too.
    for (const other of ['redis', 'proxy']) await docker('volume', 'create', ...label, `${project}-${other}`)
    const keep = ['--name', `${volume}-keeper`, '--network', 'none', '--volume', `${volume}:/kept`]
    await docker('run', '--detach', ...keep, '--entrypoint', 'sleep', imageOverrides().postgres, 'infinity')
  }
})
