import { expect } from 'chai'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { failingUpgrades, fails, startWriter, upgradingOf, WATCHED } from './upgrading.js'
import { TestVersions } from './versions.js'
import type { Writer } from './writer.js'

/** One deployment, written to all the while. */
describe('an upgrade of an appliance that comes back', function () {
  this.timeout(600_000)
  after(async () => {
    await writer?.stop()
    await versions?.remove()
  })
  const appliance = useAppliance('back')
  const { name, vetrai } = appliance
  const { imageInUse, psql, tables, databases } = upgradingOf(appliance)
  const { rolledBack, losesNothing } = failingUpgrades(appliance, { writer: () => writer, before: '0.1.0' })
  let versions: TestVersions
  let writer: Writer

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
    versions = new TestVersions(await imageInUse())
    writer = await startWriter(vetrai, 'acme')
  })

  it('as its answers take too long, without one failed request', async () => {
    const body = `
      await query("create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return new; end'")
      await query('create trigger dawdle before insert on notification_subscribers for each row execute function dawdle()')`
    const image = await versions.make('dawdles', {
      version: '0.2.0',
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

  it('by hand from a version that the one before cannot follow, with the data before', async () => {
    const image = await versions.make('leaps', {
      version: '0.3.0',
      migration: {
        name: '20270201000000-kernel-add-leaps',
        body: "await query('create table leaps (id int)')",
        compatible: false,
      },
    })
    const report = (
      await ok(vetrai('upgrade', 'run', '--to', image, '--skip-backup', ...WATCHED, '--keep-old', '--json'))
    ).json<UpgradeReport>()
    expect(report).to.include({ to: '0.3.0', mode: 'copy' })
    expect(await databases()).to.include(report.kept)
    expect(await tables()).to.include('leaps')
    await writer.stop()
    const refused = await fails(vetrai('upgrade', 'rollback', '--json'), 2)
    expect(refused.stdout).to.match(/puts 0\.1\.0 back .* \d+ changes? to rows made since then will be lost/)
    await losesNothing()
    await ok(vetrai('upgrade', 'rollback', '--confirm', name, '--skip-backup'))
    expect(await tables()).not.to.include('leaps')
    expect(await databases()).to.deep.equal(['postgres', 'vetrai'])
    expect((await ok(vetrai('status', '--json'))).json()).to.include({ version: '0.1.0', ready: true })
  })

  it('is in the history', async () => {
    const { data } = (await ok(vetrai('upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    expect(data.map(({ outcome, step, reason }) => [outcome, step, reason])).to.deep.equal([
      ['rolled-back', 'watch', 'upgrade_latency'],
      ['done', 'record', null],
      ['rolled-back', 'done', 'asked'],
    ])
  })
})
