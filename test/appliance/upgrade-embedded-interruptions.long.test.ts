import { rename } from 'node:fs/promises'
import { expect } from 'chai'
import type { UpgradeRun } from '../../cli/operations/upgrade/history.js'
import type { SettledUpgrade } from '../../cli/operations/upgrade/resume-upgrade.js'
import { ok } from './deployment.js'
import { UPGRADE_FLAGS, useEmbeddedUpgrade } from './embedded-upgrade.js'

/** Each upgrade is killed at another step; the deployment is the same throughout. */
describe('an upgrade without containers that is cut short', function () {
  this.timeout(600_000)
  const { old, writer, versions, makeLeap, by, killedAt, serves } = useEmbeddedUpgrade()
  let leaps: string
  let fits: string

  before(async () => {
    leaps = await makeLeap('leaps')
    fits = await versions().make('fits', {
      version: '0.2.0',
      migration: {
        name: '20270102000000-kernel-add-marks',
        body: "await query('create table marks (id int)')",
        compatible: true,
      },
    })
  })

  for (const step of ['rest', 'hold', 'copy', 'migrate', 'swap', 'start']) {
    it(`as it begins the step ${step} is put back by resume`, async () => {
      await killedAt(step, leaps)
      expect(await settle(leaps)).to.include({ outcome: 'rolled-back', from: '0.1.0', to: '0.3.0', step })
      await serves('0.1.0', old())
    })
  }

  it('is put back also where going back is cut short, again and again', async () => {
    await killedAt('smoke', leaps)
    for (const step of ['go-back', 'put-back', 'serve']) await killedAt(step, leaps, ['upgrade', 'resume'])
    expect(await settle(leaps)).to.include({ outcome: 'rolled-back', step: 'smoke' })
    await serves('0.1.0', old())
  })

  for (const step of ['migrate', 'start', 'smoke']) {
    it(`in place, as it begins the step ${step}, is put back by the next up of the version before`, async () => {
      await killedAt(step, fits)
      await ok(by(old(), 'up'))
      await serves('0.1.0', old())
    })
  }

  it('that fails where the version before is gone keeps its data, and says what has it serve again', async () => {
    const fails = await makeLeap('fails', "await query('alter table nowhere add column x int')")
    await rename(old(), `${old()}-elsewhere`)
    const run = await by(fails, 'upgrade', 'run', ...UPGRADE_FLAGS, '--json')
    await rename(`${old()}-elsewhere`, old())
    const { error } = run.json<{ error: { code: string; message: string } }>()
    expect(error.code).to.equal('upgrade_stuck')
    expect(error.message).to.match(/Have it serve by: .*bin\/vetrai up --dir/)
    await ok(by(old(), 'up'))
    await serves('0.1.0', old())
  })

  it('once it is open to everybody is finished, and can be taken back', async () => {
    await killedAt('open', leaps, ['upgrade', 'run', '--keep-old', ...UPGRADE_FLAGS])
    expect(await settle(leaps)).to.include({ outcome: 'finished', to: '0.3.0' })
    await serves('0.3.0', leaps)
    await writer().stop()
    writer().acknowledged.length = 0
    await ok(by(leaps, 'upgrade', 'rollback', '--confirm', 'home', '--skip-backup'))
    await serves('0.1.0', old())
  })

  it('is in the history, and leaves nothing to settle', async () => {
    expect((await by(old(), 'upgrade', 'resume')).code).to.equal(3)
    const { data } = (await ok(by(old(), 'upgrade', 'history', '--json'))).json<{ data: UpgradeRun[] }>()
    const cut = data.filter(({ outcome, resumed }) => outcome === 'interrupted' && !resumed)
    expect(cut.map(({ step }) => step)).to.include.members(['rest', 'swap', 'smoke', 'open'])
  })

  async function settle(program: string): Promise<SettledUpgrade> {
    return (await ok(by(program, 'upgrade', 'resume', '--json'))).json<SettledUpgrade>()
  }
})
