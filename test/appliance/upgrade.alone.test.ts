import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { DeploymentLock } from '../../cli/deployment/lock-file.js'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import type { UpgradePlan } from '../../cli/operations/upgrade/plan-upgrade.js'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import { missingFields } from '../../cli/testing/documented.js'
import type { VetraiRun } from '../../cli/testing/run-vetrai.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { docker } from './docker.js'
import { imageOverrides } from './engine.js'
import { startWriter, upgradingOf, wholePlan } from './upgrading.js'
import { TestVersions } from './versions.js'
import type { Writer } from './writer.js'

/** Room of the database's volume: a disk that is soon full. */
const VOLUME = '400m'
/** Every version of these tests but the first one. */
const WATCHED = ['--watch', '1', '--ready-within', '60']
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

interface Failure {
  error: { code: string; message: string; next: string }
}

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
  const { imageInUse, psql } = upgradingOf(appliance)
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
    const error = await rolledBack(image, 'migrate')
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

  it('whose answers take too long gives its place back without one failed request', async () => {
    const body = `
      await query("create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return new; end'")
      await query('create trigger dawdle before insert on notification_subscribers for each row execute function dawdle()')`
    const image = await versions.make('dawdles', {
      version: '0.3.0',
      migration: { name: '20270115000000-kernel-add-dawdle', body, compatible: true },
    })
    writer.takeFailures()
    const watched = ['--skip-backup', '--watch', '20', '--rollback-on', 'latency:p95>200ms']
    const error = await rolledBack(image, 'watch', watched)
    expect(error.message).to.match(
      /Of \d+ answers of the new version the p95 is \d{3} ms, more than 200 ms\./,
    )
    expect(writer.takeFailures()).to.equal(0)
    await psql('drop trigger dawdle on notification_subscribers')
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
    const error = await rolledBack(image, 'migrate')
    expect(error.message, error.message).to.match(
      /No space left on device|Connection terminated|recovery mode|not reachable/i,
    )
    expect(await databases()).to.deep.equal(['postgres', 'vetrai'])
  })

  it('brings a version that the one before cannot follow, by a copy, and goes back to the data before', async () => {
    const image = await versions.make('leaps', {
      version: '0.3.0',
      migration: {
        name: '20270201000000-kernel-drop-plans',
        body: "await query('drop table plans')",
        compatible: false,
      },
    })
    const report = (
      await ok(vetrai('upgrade', 'run', '--to', image, ...SKIP, '--keep-old', '--json'))
    ).json<UpgradeReport>()
    expect(report).to.include({ to: '0.3.0', mode: 'copy' })
    expect(await databases()).to.include(report.kept)
    expect(await tables()).not.to.include('plans')
    await writer.stop()
    const refused = await vetrai('upgrade', 'rollback', '--json')
    expect(refused.code).to.equal(2)
    expect(refused.stdout).to.match(/puts 0\.2\.0 back .* \d+ changes? to rows made since then will be lost/)
    const written = await subscribers()
    for (const id of writer.acknowledged) expect(written.has(id), `${id} is lost`).to.equal(true)
    await ok(vetrai('upgrade', 'rollback', '--confirm', name, '--skip-backup'))
    expect(await tables()).to.include('plans')
    expect(await databases()).to.deep.equal(['postgres', 'vetrai'])
    expect((await ok(vetrai('status', '--json'))).json()).to.include({ version: '0.2.0', ready: true })
  })

  it('is in the history, whatever became of it', async () => {
    const { data } = (await ok(vetrai('upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    expect(data.map(({ outcome, step, reason }) => [outcome, step, reason])).to.deep.equal([
      ['refused', 'check', 'upgrade_skips'],
      ['done', 'record', null],
      ['done', 'check', null],
      ['rolled-back', 'migrate', 'migration_failed'],
      ['rolled-back', 'trial', 'upgrade_not_ready'],
      ['rolled-back', 'watch', 'upgrade_latency'],
      ['rolled-back', 'migrate', 'migration_failed'],
      ['done', 'record', null],
      ['rolled-back', 'done', 'asked'],
    ])
  })

  async function rolledBack(image: string, step: string, flags = SKIP): Promise<Failure['error']> {
    writer.takeGap()
    const run = await fails(vetrai('upgrade', 'run', '--to', image, ...flags, '--json'), 1)
    const seconds = await backInService()
    const { error } = run.json<Failure>()
    expect(error.code, error.message).to.equal('upgrade_rolled_back')
    expect(error.message)
      .to.include(`failed at the step ${step}`)
      .and.match(/0\.2\.0 serves again/)
    expect(seconds, 'seconds without an acknowledged write').to.be.below(60)
    expect((await ok(vetrai('status', '--json'))).json()).to.include({ version: '0.2.0', ready: true })
    // Taken before the list is read: what is acknowledged meanwhile need not be in it.
    const acknowledged = [...writer.acknowledged]
    const written = await subscribers()
    for (const id of acknowledged) expect(written.has(id), `${id} is lost`).to.equal(true)
    return error
  }

  /** Seconds of the longest time in which nothing was acknowledged, once something is again. */
  async function backInService(): Promise<number> {
    const before = writer.acknowledged.length
    while (writer.acknowledged.length === before) await new Promise((next) => setTimeout(next, 50))
    const seconds = writer.takeGap()
    process.stderr.write(`      ${seconds.toFixed(1)} s without an acknowledged write\n`)
    return seconds
  }

  async function fails(run: Promise<VetraiRun>, code: number): Promise<VetraiRun> {
    const done = await run
    expect(done.code, done.stdout + done.stderr).to.equal(code)
    return done
  }

  async function subscribers(): Promise<Set<string>> {
    const list = await ok(vetrai('subscribers', 'list', '--tenant', 'acme', '--all', '--json'))
    return new Set(list.json<{ data: { external_id: string }[] }>().data.map((one) => one.external_id))
  }

  const tables = () => psql("select tablename from pg_tables where schemaname = 'public'")
  const databases = () => psql('select datname from pg_database where not datistemplate order by 1')

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
