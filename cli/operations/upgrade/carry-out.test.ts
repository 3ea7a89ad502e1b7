import { join } from 'node:path'
import { expect } from 'chai'
import { silentProgress } from '../../base/progress.js'
import type { Deployment } from '../../deployment/deployment.js'
import type { CliError } from '../../deployment/errors.js'
import type { ClusterHost } from '../../runtimes/cluster-move.js'
import type { Runtime } from '../../runtimes/runtime.js'
import type { ServerVersion, UpgradeHost } from '../../runtimes/upgrade-host.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'
import { carryOut } from './carry-out.js'
import type { Work } from './steps.js'
import { readUpgrade, type UpgradeMode, type UpgradeState } from './upgrade-state.js'

/** What a deployment does for an upgrade is noted, and fails as often as a test wants it to. */
describe('the course of an upgrade', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let did: string[]
  let failures: Record<string, number>
  let canMove: boolean

  beforeEach(async () => {
    folder = await temporaryFolder()
    did = []
    failures = {}
    canMove = true
  })
  afterEach(() => folder.remove())

  it('is finished by itself where something dies once it is open to everybody, after all is brought up', async () => {
    for (const what of ['facts', 'drop']) {
      did = []
      failures = { [what]: 1 }
      expect(await course()).to.equal(undefined)
      expect(did.slice(did.indexOf(what), did.indexOf(what) + 3)).to.deep.equal([what, 'start', what])
      expect(await state()).to.include({ phase: 'done', failure: null, before_kept: false })
    }
  })

  it('is left to be finished where that fails again', async () => {
    failures = { facts: 2 }
    expect(await course()).to.include({ code: 'upgrade_unfinished' })
    expect(await state()).to.include({ phase: 'running', step: 'open' })
  })

  it('is put back by itself where something dies on the way back', async () => {
    failures = { swap: 1, 'swap-back': 1 }
    expect(await course()).to.include({ code: 'upgrade_rolled_back' })
    expect(did.slice(did.indexOf('swap-back'))).to.deep.equal(['swap-back', 'hold', 'swap-back', 'start'])
    const { phase, failure } = await state()
    expect([phase, failure?.step]).to.deep.equal(['rolled-back', 'swap'])
  })

  it('is left to be put back where that fails again', async () => {
    failures = { swap: 1, 'swap-back': 2 }
    expect(await course()).to.include({ code: 'upgrade_stuck' })
    expect(await state()).to.include({ phase: 'going-back' })
  })

  it('has the copy on trial before it takes the place of the database, and until it is open', async () => {
    await course()
    const trial = did.filter((what) =>
      ['migrate', 'trial', 'swap', 'start', 'facts', 'end-trial'].includes(what),
    )
    expect(trial).to.deep.equal(['migrate', 'trial', 'swap', 'start', 'facts', 'end-trial'])
  })

  it('has the database on trial before anybody can reach it in another cluster, and until it is open', async () => {
    await course('move')
    const trial = did.filter((what) =>
      ['fill', 'switch', 'migrate', 'trial', 'start', 'facts', 'end-trial'].includes(what),
    )
    expect(trial).to.deep.equal(['fill', 'switch', 'migrate', 'trial', 'start', 'facts', 'end-trial'])
  })

  it('is not gone on with, and loses nothing, where nobody can move the database any more', async () => {
    canMove = false
    expect(await course('move')).to.include({ code: 'upgrade_stuck' })
    expect(did).to.not.include('start')
    expect(await state()).to.include({ phase: 'going-back' })
  })

  async function course(mode: UpgradeMode = 'copy'): Promise<CliError | undefined> {
    const note = async () => undefined
    return carryOut(work(mode), note, 'hold').then(
      () => undefined,
      (error: CliError) => error,
    )
  }

  async function state(): Promise<UpgradeState> {
    return (await readUpgrade(deployment())) as UpgradeState
  }

  const deployment = () => ({ paths: { upgrade: join(folder.path, 'upgrade.json') } }) as Deployment

  function work(mode: UpgradeMode): Work {
    const does =
      <T>(what: string, outcome?: T) =>
      async () => {
        did.push(what)
        if ((failures[what] ?? 0) <= 0) return outcome as T
        failures[what] = (failures[what] ?? 0) - 1
        throw new Error(`${what} fails`)
      }
    const host = {
      migrate: does('migrate', { applied: [] }),
      database: async (_version, { verb }) => does(verb)(),
      putOnTrial: does('trial', { rested: true }),
      endTrial: does('end-trial'),
      facts: does('facts', { migrations: [], postgres: 17, bytes: 1, writes: 1, counted_since: null }),
      start: does('start'),
      ...(canMove && {
        clusters: {
          keep: does('keep'),
          fill: does('fill'),
          switchOver: does('switch'),
        } as Partial<ClusterHost> as ClusterHost,
      }),
      ...{ clear: async () => undefined, release: async () => undefined, choose: async () => undefined },
    } as Partial<UpgradeHost> as UpgradeHost
    const version = (name: string) =>
      ({ locked: { version: name }, release: { version: name }, name }) as ServerVersion
    return {
      deployment: deployment(),
      runtime: { hold: does('hold') } as Partial<Runtime> as Runtime,
      host,
      progress: silentProgress,
      from: version('1.0.0'),
      to: version('2.0.0'),
      options: { rollbackOn: [], watchS: 0, readyWithinS: 1, keepOld: false, skipBackup: true },
      state: {
        ...{
          id: '20270101t000000',
          phase: 'running',
          mode,
          step: 'rest',
          failure: null,
          backup: null,
        },
        ...{ from: version('1.0.0').locked, to: version('2.0.0').locked, earlier: null, rests: false },
        databases: { next: 'next', before: 'before' },
        ...(mode === 'move' && { move: { to: { major: 18 } } }),
      } as Partial<UpgradeState> as UpgradeState,
    }
  }
})
