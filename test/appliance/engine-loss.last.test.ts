import { expect } from 'chai'
import { until } from '../until.js'
import { initAppliance, journaledSteps, ok, useAppliance } from './deployment.js'
import { enginePid, startEngine } from './engine.js'

/** Only an engine that the tests started themselves may be killed by them. */
if (enginePid() === undefined) {
  process.stderr.write('left out: the loss of the Docker engine, as this one was not started by the tests\n')
} else {
  describe('the loss of the Docker engine', function () {
    this.timeout(300_000)
    // First of all that comes after, so that the deployment can be removed.
    after(() => startEngine())
    const { name, dir, vetrai } = useAppliance('loss')

    before(async () => {
      await initAppliance(vetrai, name, ['--objects', 'file'])
      await ok(vetrai('up'))
    })

    it('while all is quiet is told by every command, and healed by the next up', async () => {
      await ok(vetrai('tenants', 'create', 'quiet'))
      await killEngine()
      const status = await vetrai('up', '--json')
      expect(status.code).to.be.oneOf([1, 3])
      expect(status.stdout + status.stderr).to.match(/docker_(unreachable|missing)|preflight_failed/)
      startEngine()
      await ok(vetrai('up'))
      expect((await ok(vetrai('tenants', 'info', 'quiet', '--json'))).json()).to.include({ slug: 'quiet' })
    })

    it('in the middle of an up ends it with words, and the next one goes on', async () => {
      await ok(vetrai('tenants', 'create', 'middle'))
      await ok(vetrai('config', 'set', 'log.level', 'debug'))
      const since = journaledSteps(dir()).length
      const running = vetrai('up', '--json')
      await until(() => journaledSteps(dir()).slice(since).includes('server'), 60_000)
      await killEngine()
      const cut = await running
      expect(cut.code, cut.stdout).to.be.greaterThan(0)
      expect(JSON.parse(cut.stdout || cut.stderr)).to.have.nested.property('error.next')
      startEngine()
      await ok(vetrai('up'))
      expect((await ok(vetrai('tenants', 'info', 'middle', '--json'))).json()).to.include({ slug: 'middle' })
      expect((await ok(vetrai('up', '--json'))).json()).to.include({ changed: false })
    })
  })
}

async function killEngine(): Promise<void> {
  const pid = enginePid()
  if (pid === undefined) throw new Error('there is no engine to kill')
  process.kill(pid, 'SIGKILL')
  await until(() => enginePid() === undefined)
}
