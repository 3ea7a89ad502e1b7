import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { UpgradeReport } from '../../cli/operations/upgrade/run-upgrade.js'
import type { Release } from '../../cli/release/release.js'
import type { VetraiRun } from '../../cli/testing/run-vetrai.js'
import { initAppliance, ok, useAppliance } from './deployment.js'
import { containersOf, docker, serviceOf } from './docker.js'
import { QUICK, startWriter, upgradeSteps, upgradingOf } from './upgrading.js'
import { TestVersions } from './versions.js'
import type { Writer } from './writer.js'

/** What is killed, and whether the engine starts it again as after a crash or it stays away. */
interface Death {
  title: string
  service: 'server' | 'postgres'
  isForGood?: boolean
  /** The one that is started beside the one that serves. */
  isBeside?: boolean
}

const SERVER: Death = { title: 'the server is killed', service: 'server' }
const BESIDE: Death = { title: 'the server beside it is killed', service: 'server', isBeside: true }
const DATABASE: Death = { title: 'PostgreSQL is killed', service: 'postgres' }
const forGood = (death: Death): Death => ({ ...death, title: `${death.title} for good`, isForGood: true })

/** Steps of each way; the server is stopped in those that are PostgreSQL's alone. */
const WAYS = {
  'by a copy': {
    both: ['reserve', 'rest', 'hold', 'start', 'smoke', 'open', 'record'],
    database: ['copy', 'migrate', 'swap'],
  },
  'in place': {
    both: ['reserve', 'migrate', 'trial', 'start', 'smoke', 'open', 'record'],
    database: [],
  },
}
type Way = keyof typeof WAYS
type Case = [Way, Death, string]

/** Where what nobody starts again is in the way of the command itself. */
const FOR_GOOD: Case[] = [
  ['by a copy', forGood(SERVER), 'rest'],
  ['by a copy', forGood(DATABASE), 'rest'],
  ['by a copy', forGood(DATABASE), 'copy'],
  ['by a copy', forGood(DATABASE), 'swap'],
  ['by a copy', forGood(SERVER), 'open'],
  ['by a copy', forGood(DATABASE), 'open'],
  ['by a copy', forGood(DATABASE), 'record'],
  ['in place', forGood(DATABASE), 'migrate'],
  ['in place', forGood(SERVER), 'start'],
]

/** In each of these the new version does not pass its checks. */
const GOING_BACK: Case[] = [
  // What it was to begin with could not be asked: callers must not be let in before it is open all the same.
  ['by a copy', SERVER, 'rest'],
  ['by a copy', SERVER, 'put-back'],
  ['by a copy', SERVER, 'serve'],
  ['by a copy', DATABASE, 'put-back'],
  ['by a copy', DATABASE, 'serve'],
  ['by a copy', forGood(DATABASE), 'put-back'],
  ['in place', SERVER, 'serve'],
  ['in place', DATABASE, 'serve'],
]

interface Wish {
  way: Way
  /** What it says that it is, where that is not what it is: its smoke checks fail. */
  release?: Partial<Release>
  body?: string
}

interface Ending {
  run: VetraiRun
  from: string
  to: string
}

/**
 * One deployment, written to all the while, is upgraded again and again. Whatever becomes of each, the next goes on from there.
 */
describe('an upgrade under which something dies', function () {
  this.timeout(600_000)
  after(async () => {
    await writer?.stop()
    for (const one of versions) await one.remove()
  })
  const appliance = useAppliance('kills')
  const { name, project, dir, vetrai } = appliance
  const { imageInUse, psql, serves, settle } = upgradingOf(appliance)
  const versions: TestVersions[] = []
  let writer: Writer
  let current = '0.1.0'
  let made = 0

  before(async () => {
    await initAppliance(vetrai, name, ['--objects', 'file'])
    await ok(vetrai('up'))
    await ok(vetrai('tenants', 'create', 'acme'))
    writer = await startWriter(vetrai, 'acme')
  })

  for (const [way, { both, database }] of Object.entries(WAYS) as [Way, (typeof WAYS)[Way]][]) {
    for (const [death, steps] of [
      [SERVER, both],
      [DATABASE, [...both, ...database]],
    ] as const)
      for (const step of steps)
        it(`${way}: ${death.title} as the step ${step} begins`, async () => {
          await isSettled(await upgrade({ way }, step, () => kill(death)))
        })
  }

  for (const step of ['trial', 'start'])
    it(`in place: ${BESIDE.title} as the step ${step} begins`, async () => {
      await isSettled(await upgrade({ way: 'in place' }, step, () => kill(BESIDE)))
    })

  for (const [way, death, step] of FOR_GOOD)
    it(`${way}: ${death.title} as the step ${step} begins`, async () => {
      await isSettled(await upgrade({ way }, step, () => kill(death)))
    })

  for (const [way, death, step] of GOING_BACK)
    it(`${way}: ${death.title} as the step ${step} begins of one that has to go back`, async () => {
      const ending = await upgrade({ way, release: { version: '99.0.0' } }, step, () => kill(death))
      expect(await isSettled(ending)).to.equal(ending.from)
    })

  for (const way of ['by a copy', 'in place'] as const)
    it(`${way}: PostgreSQL is killed in the middle of a migration`, async () => {
      const body = "await query('select pg_sleep(4)')"
      await isSettled(
        await upgrade({ way, body }, 'migrate', async () => {
          const sql =
            "select 1 from pg_stat_activity where query like '%pg_sleep(4)%' and pid <> pg_backend_pid()"
          while ((await psql(sql)).length === 0) await sleep(50)
          await kill(DATABASE)
        }),
      )
    })

  /** Upgrades to one more version, and does something as a step begins. */
  async function upgrade(wish: Wish, step: string, deed: () => Promise<void>): Promise<Ending> {
    const { image, version } = await makeNext(wish)
    const since = upgradeSteps(dir()).length
    let isOver = false
    const run = vetrai('upgrade', 'run', '--to', image, ...QUICK, '--json').finally(() => {
      isOver = true
    })
    const begins = () => upgradeSteps(dir()).slice(since).includes(step)
    while (!isOver && !begins()) await sleep(20)
    if (begins()) await deed()
    const done = await run
    expect(begins(), done.stdout).to.equal(true)
    return { run: done, from: current, to: wish.release?.version ?? version }
  }

  async function makeNext({ way, release, body }: Wish): Promise<{ image: string; version: string }> {
    made += 1
    const version = `0.${made + 1}.0`
    const base = new TestVersions(await imageInUse())
    versions.push(base)
    const migration = {
      name: `20270101${String(made).padStart(6, '0')}-kernel-add-plans`,
      body: `await query('create table plans_${made} (id int)'); ${body ?? ''}`,
      compatible: way === 'in place',
    }
    return {
      image: await base.make(`n${made}`, { version, migration, ...(release && { release }) }),
      version,
    }
  }

  async function kill({ service, isForGood, isBeside = false }: Death): Promise<void> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(20)) {
      const one = (await containersOf(project)).find(
        (container) =>
          serviceOf(container) === service &&
          (container.Config.Labels['com.docker.compose.oneoff'] === 'True') === isBeside &&
          container.State.Pid > 0,
      )
      if (one && isForGood) await docker('kill', one.Id)
      else if (one) process.kill(one.State.Pid, 'SIGKILL')
      if (one) return
    }
    throw new Error(`there is no ${service} to kill`)
  }

  /** One version or the other serves with all that was acknowledged; tells which. */
  async function isSettled({ run, from, to }: Ending): Promise<string> {
    const version = await outcomeOf(run, from, to)
    if (!(await isReadySoon())) await ok(vetrai('up'))
    await serves(version)
    await nothingIsLost()
    current = version
    return version
  }

  async function outcomeOf(run: VetraiRun, from: string, to: string): Promise<string> {
    if (run.code === 0) {
      say('done')
      return run.json<UpgradeReport>().to
    }
    const { error } = run.json<{ error: { code: string; message: string; next: string } }>()
    say(`${error.code}: ${error.message}`)
    expect(run.code, run.stdout).to.equal(1)
    expect(error.code, error.message).to.be.oneOf([
      'upgrade_rolled_back',
      'upgrade_stuck',
      'upgrade_unfinished',
    ])
    if (error.code === 'upgrade_rolled_back') {
      expect(error.message).to.include(`${from} serves again`)
      return from
    }
    expect(error.next).to.include('vetrai upgrade resume')
    const { outcome } = await settle()
    say(`then ${outcome}`)
    return outcome === 'finished' ? to : from
  }

  async function isReadySoon(): Promise<boolean> {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(500)) {
      if ((await vetrai('status', '--json')).code === 0) return true
    }
    return false
  }

  async function nothingIsLost(): Promise<void> {
    const before = writer.acknowledged.length
    while (writer.acknowledged.length === before) await sleep(50)
    const acknowledged = [...writer.acknowledged]
    const written = new Set(await psql('select external_id from notification_subscribers'))
    expect(acknowledged.filter((id) => !written.has(id))).to.deep.equal([])
    say(`${acknowledged.length} writes, ${writer.takeGap().toFixed(1)} s without one`)
  }

  function say(text: string): void {
    process.stderr.write(`      ${text}\n`)
  }
})
