import { expect } from 'chai'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import { UPGRADE_STEPS } from '../../cli/operations/upgrade/steps.js'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { engineEnv } from './engine.js'
import { QUICK, upgradeSteps, upgradingOf } from './upgrading.js'
import { TestVersions } from './versions.js'

/** Those that a way by a copy goes through, and then the two of the other way. */
const BY_COPY = UPGRADE_STEPS.map(({ name }) => name).filter(
  (name) => !['backup', 'move', 'switch', 'trial', 'watch'].includes(name),
)
const IN_PLACE = ['migrate', 'trial', 'start']
/** From here on everybody may write to the new version. */
const PAST_RETURN = ['open', 'record']
/** Parts of going back. */
const GOING_BACK = ['go-back', 'put-back', 'serve']

/** Each upgrade is killed a step later than the one before, and settled; the deployment is the same throughout. */
describe('an upgrade that is cut short', function () {
  this.timeout(600_000)
  const appliance = useAppliance('cut')
  const { name, dir, vetrai } = appliance
  const { imageInUse, settle, serves } = upgradingOf(appliance)
  let versions: TestVersions
  let leaps: string
  let fits: string

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
    versions = new TestVersions(await imageInUse())
    const body = "await query('create table plans (id int)')"
    leaps = await versions.make('leaps', {
      version: '0.3.0',
      migration: { name: '20270101000000-kernel-add-plans', body, compatible: false },
    })
    fits = await versions.make('fits', {
      version: '0.2.0',
      migration: {
        name: '20270102000000-kernel-add-marks',
        body: "await query('create table marks (id int)')",
        compatible: true,
      },
    })
  })
  after(() => versions?.remove())

  for (const step of BY_COPY.filter((one) => !PAST_RETURN.includes(one))) {
    it(`as it begins the step ${step} is put back, with its data`, async () => {
      await killedAt(step, ['upgrade', 'run', '--to', leaps])
      expect(await settle()).to.include({ outcome: 'rolled-back', from: '0.1.0', to: '0.3.0', step })
      await isAsBefore()
    })
  }

  it('is put back also where going back is cut short, again and again', async () => {
    await killedAt('smoke', ['upgrade', 'run', '--to', leaps])
    for (const step of GOING_BACK) await killedAt(step, ['upgrade', 'resume'])
    expect(await settle()).to.include({ outcome: 'rolled-back', step: 'smoke' })
    await isAsBefore()
  })

  for (const step of IN_PLACE) {
    it(`in place, as it begins the step ${step}, is put back by the next up`, async () => {
      await killedAt(step, ['upgrade', 'run', '--to', fits])
      const { status, upgrade } = (await ok(vetrai('up', '--json'))).json<{
        status: { version: string; ready: boolean }
        upgrade: unknown
      }>()
      expect(status).to.include({ version: '0.1.0', ready: true })
      expect(upgrade).to.equal(null)
      await tenantIsThere()
    })
  }

  it('once it is open to everybody is finished', async () => {
    await killedAt('open', ['upgrade', 'run', '--to', leaps])
    await killedAt('record', ['upgrade', 'resume'])
    expect(await settle()).to.include({ outcome: 'finished', to: '0.3.0' })
    await serves('0.3.0')
    await tenantIsThere()
  })

  it('leaves nothing to settle, and all of it in the history', async () => {
    const refused = await vetrai('upgrade', 'resume', '--json')
    expect(refused.code).to.equal(3)
    expect(refused.stdout).to.include('upgrade_none')
    const { data } = (await ok(vetrai('upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    const cut = data.filter(({ outcome, resumed }) => outcome === 'interrupted' && !resumed)
    expect(cut.map(({ step }) => step)).to.include.members([...BY_COPY.slice(0, 3), 'smoke', 'trial', 'open'])
  })

  async function killedAt(step: string, argv: string[]): Promise<void> {
    const since = upgradeSteps(dir()).length
    const flags = argv.includes('run') ? QUICK : []
    const run = await runVetrai([...argv, ...flags, '--dir', dir()], {
      env: engineEnv(),
      killedWhen: () => upgradeSteps(dir()).slice(since).includes(step),
    })
    expect(run.code, `${step}: ${run.stdout}${run.stderr}`).to.equal(null)
  }

  async function isAsBefore(): Promise<void> {
    await serves('0.1.0')
    await tenantIsThere()
  }

  async function tenantIsThere(): Promise<void> {
    expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
  }
})
