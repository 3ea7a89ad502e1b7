import { rename } from 'node:fs/promises'
import { expect } from 'chai'
import type { UpgradePlan } from '../../cli/operations/upgrade/plan-upgrade.js'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import { missingFields } from '../../cli/testing/documented.js'
import { ok } from './deployment.js'
import { LEAP, UPGRADE_FLAGS, useEmbeddedUpgrade } from './embedded-upgrade.js'
import { wholePlan } from './upgrading.js'

/** A server that answers that it lives, and is never ready. */
const NEVER_READY = `
import { createServer } from 'node:http'
createServer((request, response) => {
  response.statusCode = request.url === '/healthz' ? 200 : 503
  response.end(JSON.stringify({ ready: false, checks: { schema: { ok: false, detail: 'it never will be' } } }))
}).listen(Number(process.env.VETRAI_PORT), process.env.VETRAI_HOST)
process.on('SIGTERM', () => process.exit(0))
`

interface Failure {
  error: { code: string; message: string; next: string }
}

/** One deployment; each test goes on from the one before. */
describe('an upgrade without containers', function () {
  this.timeout(300_000)
  const { dir, old, versions, makeLeap, by, serves } = useEmbeddedUpgrade()
  let leaps: string

  before(async () => {
    leaps = await makeLeap('leaps')
  })

  it('is planned by the new command line, which tells that the version before would serve again by itself', async () => {
    const plan = await planned()
    expect(plan).to.deep.include({
      needed: true,
      mode: 'copy',
      problem: null,
      going_back: { automatic: true, command: null },
      migrations: [{ name: LEAP, compatible: false }],
    })
    expect(missingFields(['upgrade', 'plan'], wholePlan(plan))).to.deep.equal([])
  })

  it('over the programs of the version before says beforehand which command it takes to go back', async () => {
    await rename(old(), `${old()}-elsewhere`)
    const { going_back: goingBack } = await planned()
    await rename(`${old()}-elsewhere`, old())
    expect(goingBack.automatic).to.equal(false)
    expect(goingBack.command).to.match(/bin\/vetrai up --dir .* 0\.1\.0 is unpacked/)
  })

  it('whose migration fails ends on the version before, served from its own folder with its data', async () => {
    const fails = await makeLeap('fails', "await query('alter table nowhere add column x int')")
    const { message } = await rolledBack(fails, 'migrate')
    expect(message).to.match(/relation "nowhere" does not exist/)
  })

  it('whose server is never ready ends on the version before, and tells what it lacked', async () => {
    const never = await versions().make('never', { version: '0.2.0', program: NEVER_READY })
    const { message } = await rolledBack(never, 'start', ['--skip-backup', '--ready-within', '5'])
    expect(message).to.include('schema: it never will be')
  })

  it('brings the new version, and loses nothing that was acknowledged', async () => {
    const run = await ok(by(leaps, 'upgrade', 'run', ...UPGRADE_FLAGS, '--json'))
    expect(run.json<UpgradeReport>()).to.include({ changed: true, from: '0.1.0', to: '0.3.0', mode: 'copy' })
    await serves('0.3.0', leaps)
    const refused = await by(old(), 'up', '--json')
    expect(refused.code).to.equal(4)
    expect(refused.json<Failure>().error.next).to.include(`${leaps}/bin/vetrai up --dir ${dir()}`)
  })

  async function planned(): Promise<UpgradePlan> {
    return (await ok(by(leaps, 'upgrade', 'plan', '--json'))).json<UpgradePlan>()
  }

  async function rolledBack(program: string, step: string, flags = UPGRADE_FLAGS): Promise<Failure['error']> {
    const run = await by(program, 'upgrade', 'run', ...flags, '--json')
    expect(run.code, run.stdout + run.stderr).to.equal(1)
    const { error } = run.json<Failure>()
    expect(error.code, error.message).to.equal('upgrade_rolled_back')
    expect(error.message)
      .to.include(`failed at the step ${step}`)
      .and.match(/0\.1\.0 serves again/)
    await serves('0.1.0', old())
    return error
  }
})
