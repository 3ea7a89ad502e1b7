import { join } from 'node:path'
import { expect } from 'chai'
import { silentProgress as silent } from '../../base/progress.js'
import { openDeployment } from '../../deployment/deployment.js'
import { findFreePort } from '../../deployment/free-port.js'
import { runtimeFor } from '../../runtimes/index.js'
import type { KilledRestore } from '../../testing/killed-restore.js'
import {
  backUp,
  expectSettled,
  type LivingDeployment,
  livingDeployment,
  slugsIn,
} from '../../testing/living-deployment.js'
import { killed, planInto, restoreInto } from '../../testing/restoring.js'
import { startDeployment } from '../start-deployment.js'

describe('a restore that makes its deployment', function () {
  this.timeout(300_000)
  let living: LivingDeployment
  let from: { folder: string; identity: string }
  let accepted: string[]
  const made = (name: string) => join(living.folder, name)

  before(async () => {
    living = await livingDeployment('made-anew')
    await living.load.more(4)
    accepted = living.load.accepted.map(({ slug }) => slug)
    const deployment = await living.open()
    await backUp(deployment)
    from = { folder: deployment.paths.backups, identity: living.recoveryKey }
    await living.load.stop()
    await runtimeFor(deployment).down(deployment, silent)
  })
  after(async () => {
    for (const name of ['one', 'served', 'other']) {
      const deployment = await openDeployment(made(name)).catch(() => undefined)
      if (deployment) await runtimeFor(deployment).down(deployment, silent)
      if (deployment) await runtimeFor(deployment).uninstall(deployment, silent)
    }
    await living.remove()
  })

  const killedAt = (dir: string, at: Pick<KilledRestore, 'step' | 'title'>) =>
    killed({ dir, work: 'restore', from, ...at })
  const isServed = async (dir: string) => {
    const { localUrl } = await openDeployment(dir)
    const answer = await fetch(`${localUrl}/healthz`).catch(() => undefined)
    return answer?.ok === true
  }

  it('goes on by the same command however often it is killed, and serves nobody until it is done', async () => {
    const dir = made('one')
    for (const at of [{ title: 'Load' }, { step: 'objects' }]) {
      await killedAt(dir, at)
      expect(await isServed(dir), JSON.stringify(at)).to.equal(false)
      expect((await planInto(dir, from)).plan).to.include({ creates: true, replaces: false })
    }
    await killedAt(dir, { step: 'open' })
    expect(await restoreInto(dir, from)).to.include({ creates: true, safety_backup: null })
    const there = await slugsIn(await openDeployment(dir))
    expect(accepted.filter((slug) => !there.has(slug))).to.deep.equal([])
    await expectSettled(dir)
    expect((await planInto(dir, from)).plan).to.include({ creates: false, replaces: true })
  })

  it('asks for a confirmation where what it made may have served somebody', async () => {
    const dir = made('served')
    await killedAt(dir, { title: 'Stop server' })
    expect(await isServed(dir)).to.equal(true)
    expect((await planInto(dir, from)).plan).to.include({ creates: false, replaces: true })
  })

  it('is nothing that goes on once somebody has started what it made, or asks for another', async () => {
    const dir = made('other')
    await killedAt(dir, { title: 'Load' })
    const changes = { port: await findFreePort() }
    const other = await planInto(dir, { ...from, changes }).catch((error: unknown) => error)
    expect(other).to.include({ code: 'usage' })
    await startDeployment(dir, silent)
    await expectSettled(dir)
    expect(await slugsIn(await openDeployment(dir))).to.deep.equal(new Set())
    expect((await planInto(dir, from)).plan).to.include({ creates: false, replaces: true })
  })
})
