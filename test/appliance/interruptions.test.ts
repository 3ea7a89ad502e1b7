import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { StartResult } from '../../cli/operations/start-deployment.js'
import { STEP_NAMES } from '../../cli/runtimes/compose/up.js'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { initAppliance, ok, uniqueName, type Vetrai, vetraiIn } from './deployment.js'
import { containersOf, docker, serviceOf } from './docker.js'
import { engineEnv } from './engine.js'

const NAME = uniqueName('interrupted')
const PROJECT = `vetrai-${NAME}`

describe('an interrupted up', function () {
  this.timeout(300_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let vetrai: Vetrai

  before(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, NAME)
    vetrai = vetraiIn(dir)
    await initAppliance(vetrai, NAME)
  })
  after(async () => {
    await vetrai('uninstall', '--confirm', NAME, '--quiet')
    await folder.remove()
  })

  /** One installation: each run is killed a step later than the one before, on what that one left. */
  for (const step of STEP_NAMES.filter((name) => name !== 'restart')) {
    it(`is killed as it begins the step ${step} of an installation`, async () => {
      const argv = ['up', '--dir', dir]
      const since = stepsIn(dir).length
      const run = await runVetrai(argv, {
        env: engineEnv(),
        killedWhen: () => stepsIn(dir).slice(since).includes(step),
      })
      expect(run.code, `${run.stdout}${run.stderr}`).to.equal(null)
    })
  }

  it('is finished by the next one', async () => {
    const done = (await ok(vetrai('up', '--json'))).json<StartResult & Record<string, unknown>>()
    expect(done.status).to.include({ ready: true })
    expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    expect((await ok(vetrai('tenants', 'create', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
  })

  for (const [service, ...verb] of [
    ['postgres', 'pause'],
    ['server', 'rm', '--force'],
    ['proxy', 'stop'],
  ] as const) {
    it(`heals a ${service} that met with ${verb[0]} behind its back`, async () => {
      const one = (await containersOf(PROJECT)).find((container) => serviceOf(container) === service)
      await docker(...verb, one?.Id ?? '')
      expect((await vetrai('status', '--json')).code).to.equal(3)
      await ok(vetrai('up'))
      expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
    })
  }

  it('is kept from a second operator while the first is at work', async () => {
    await ok(vetrai('config', 'set', 'log.level', 'debug'))
    const since = stepsIn(dir).length
    const first = vetrai('up', '--json')
    while (stepsIn(dir).length === since) await new Promise((next) => setTimeout(next, 10))
    const second = await vetrai('down', '--json')
    expect(second.code).to.equal(3)
    expect(second.stdout + second.stderr).to.include('deployment_busy')
    await ok(first)
  })
})

/** Steps that the journal names, oldest first. */
function stepsIn(dir: string): string[] {
  const folder = join(dir, 'journal')
  const text = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('')
  return [...text.matchAll(/"step":"(\w+)"/g)].map(([, name]) => name ?? '')
}
