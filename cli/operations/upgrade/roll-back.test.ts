import { expect } from 'chai'
import { silentProgress } from '../../base/progress.js'
import { type Deployment, openDeployment } from '../../deployment/deployment.js'
import type { ToolRequest } from '../../runtimes/backup-tool.js'
import type { Runtime } from '../../runtimes/runtime.js'
import type { DatabaseFacts, ServerVersion, UpgradeHost } from '../../runtimes/upgrade-host.js'
import { type StubDeployment, stubDeployment } from '../../testing/stub-deployment.js'
import { consequenceOf, rollBack, rollbackCost } from './roll-back.js'
import type { UpgradeContext } from './upgrade-context.js'
import { keepUpgrade, readUpgrade, type UpgradeState } from './upgrade-state.js'

const PATH = '/installation/v1/maintenance'
const TO = { version: '2.0.0', schema_version: 'b', program: 'two' }

/** A deployment whose upgrade by a copy is done, and whose data before is kept. */
describe('taking an upgrade back', () => {
  let stub: StubDeployment
  let deployment: Deployment
  let did: string[]
  let facts: Pick<DatabaseFacts, 'writes' | 'counted_since'>
  let isDiskFull: boolean

  beforeEach(async () => {
    stub = await stubDeployment()
    deployment = await openDeployment(stub.dir)
    did = []
    facts = { writes: 130, counted_since: null }
    isDiskFull = false
    await deployment.updateLock((lock) => ({ ...lock, release: TO }))
    await keepUpgrade(deployment, {
      ...{
        id: '20270101t000000',
        phase: 'done',
        started_at: 'then',
        ended_at: 'then',
        mode: 'copy',
        step: 'record',
      },
      ...{
        from: { version: '1.0.0', schema_version: 'a', program: 'one' },
        to: TO,
        image_before: null,
        backup: null,
      },
      ...{ databases: { next: 'next', before: 'before' }, before_kept: true, keep_old: true, earlier: null },
      ...{ rests: false, writes: 100, counted_since: null, failure: null },
    } as UpgradeState)
    const answer = (on: boolean) => ({
      body: { on, message: null, retry_after_s: null, since: null, settled: true, running_jobs: 0 },
    })
    stub.stub.on(`GET ${PATH}`, answer(false))
    stub.stub.on(`PUT ${PATH}`, () => {
      did.push('rest')
      return answer(true)
    })
    stub.stub.on(`DELETE ${PATH}`, () => {
      did.push('open')
      return answer(false)
    })
  })
  afterEach(() => stub.remove())

  it('backs up what it gives up when nobody writes any more, and not before', async () => {
    expect(await rollBack(context(), { skipBackup: false })).to.include({ backup: 'b1', lost_writes: 30 })
    expect(did).to.deep.equal(['rest', 'create', 'verify', 'hold', 'swap-back', 'start', 'open'])
    expect(await readUpgrade(deployment)).to.include({ phase: 'rolled-back', rests: false })
  })

  it('gives up nothing where that cannot be backed up', async () => {
    isDiskFull = true
    const error = await rollBack(context(), { skipBackup: false }).catch((thrown: Error) => thrown)
    expect(error).to.have.property('message', 'the disk is full')
    expect(did).to.deep.equal(['rest', 'create', 'open'])
    expect(await readUpgrade(deployment)).to.include({ phase: 'done', rests: false, before_kept: true })
  })

  it('knows that there is something to lose also where the count of it began anew, or says none', async () => {
    for (const told of [
      { writes: 130, counted_since: '2027-01-02' },
      { writes: 7, counted_since: '2027-01-02' },
      { writes: 100, counted_since: null },
    ]) {
      facts = told
      const cost = await rollbackCost(context())
      expect(cost.lost_writes).to.equal(null)
      expect(consequenceOf(cost)).to.include('all changes to rows made since then will be lost')
    }
  })

  function context(): UpgradeContext {
    const does = (what: string) => async () => {
      did.push(what)
    }
    const host = {
      known: async (locked) =>
        ({ locked, release: { version: locked.version }, name: locked.version }) as ServerVersion,
      facts: async () => ({ migrations: [], postgres: 17, bytes: 1, ...facts }),
      database: async (_version, { verb }) => does(verb)(),
      start: does('start'),
      ...{ clear: async () => undefined, release: async () => undefined, choose: async () => undefined },
    } as Partial<UpgradeHost> as UpgradeHost
    const tool = async (_deployment: Deployment, { verb }: ToolRequest) => {
      did.push(verb)
      if (isDiskFull) throw new Error('the disk is full')
      return verb === 'create' ? { id: 'b1', bytes: 1 } : { ok: true, damaged: [] }
    }
    return {
      deployment,
      runtime: { tool, hold: does('hold') } as Partial<Runtime> as Runtime,
      host,
      progress: silentProgress,
    }
  }
})
