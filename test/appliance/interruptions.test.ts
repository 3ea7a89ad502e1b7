import { expect } from 'chai'
import type { StartResult } from '../../cli/operations/start-deployment.js'
import { STEP_NAMES } from '../../cli/runtimes/compose/up.js'
import { runVetrai } from '../../cli/testing/run-vetrai.js'
import { initAppliance, journaledSteps, ok, useAppliance } from './deployment.js'
import { containersOf, docker, serviceOf } from './docker.js'
import { engineEnv } from './engine.js'

describe('an interrupted up', function () {
  this.timeout(300_000)
  const { name, project, dir, vetrai } = useAppliance('interrupted')

  before(() => initAppliance(vetrai, name))

  /** One installation: each run is killed a step later than the one before, on what that one left. */
  for (const step of STEP_NAMES.filter((name) => name !== 'restart')) {
    it(`is killed as it begins the step ${step} of an installation`, async () => {
      const argv = ['up', '--dir', dir()]
      const since = journaledSteps(dir()).length
      const run = await runVetrai(argv, {
        env: engineEnv(),
        killedWhen: () => journaledSteps(dir()).slice(since).includes(step),
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
      const one = (await containersOf(project)).find((container) => serviceOf(container) === service)
      await docker(...verb, one?.Id ?? '')
      expect((await vetrai('status', '--json')).code).to.equal(3)
      await ok(vetrai('up'))
      expect((await ok(vetrai('tenants', 'info', 'acme', '--json'))).json()).to.include({ slug: 'acme' })
    })
  }

  it('is kept from a second operator while the first is at work', async () => {
    await ok(vetrai('config', 'set', 'log.level', 'debug'))
    const since = journaledSteps(dir()).length
    const first = vetrai('up', '--json')
    while (journaledSteps(dir()).length === since) await new Promise((next) => setTimeout(next, 10))
    const second = await vetrai('down', '--json')
    expect(second.code).to.equal(3)
    expect(second.stdout + second.stderr).to.include('deployment_busy')
    await ok(first)
  })
})
