import { expect } from 'chai'
import { withClient } from '../../../server/backup/database/open-client.js'
import { type TableChecksum, tableChecksums } from '../../../server/backup/database/table-checksums.js'
import { silentProgress as silent } from '../../base/progress.js'
import { runtimeFor } from '../../runtimes/index.js'
import { atTitle } from '../../testing/deadly-journal.js'
import type { KilledRestore } from '../../testing/killed-restore.js'
import {
  backUp,
  expectSettled,
  type LivingDeployment,
  livingDeployment,
  slugsIn,
  toolsOf,
} from '../../testing/living-deployment.js'
import { itOfLongWalks, walksEveryStep } from '../../testing/long-walk.js'
import { killed as killedRestore, restoreOnto } from '../../testing/restoring.js'
import type { CreateResult } from '../backup/protocol.js'
import { startDeployment } from '../start-deployment.js'

describe('backups and restores that are cut short while people write', function () {
  this.timeout(300_000)
  let living: LivingDeployment
  let backup: CreateResult
  let checksums: TableChecksum[]

  before(async () => {
    living = await livingDeployment('cut-short')
    await living.load.more(6)
    // At rest, so that it is known what the data was to the last row.
    const deployment = await living.open()
    await runtimeFor(deployment).hold(deployment, silent)
    checksums = await checksumsNow()
    backup = await backUp(deployment)
    await startDeployment(living.dir, silent)
  })
  after(() => living.remove())

  const source = () => ({ kind: 'target', target: null, id: backup.id }) as const

  /** Of every table but the one that says whether the installation rests. */
  const checksumsNow = async (): Promise<TableChecksum[]> => {
    const deployment = await living.open()
    const login = {
      url: `postgres://127.0.0.1:${deployment.lock.ports.postgres}/vetrai`,
      role: 'postgres',
      password: await deployment.secret('postgres-superuser-password'),
    }
    const sums = await withClient(login, tableChecksums)
    return sums.filter(({ name }) => name !== 'installation_state')
  }

  const killed = (how: Omit<KilledRestore, 'dir'>) =>
    killedRestore({ dir: living.dir, backup: backup.id, ...how })

  /** When the newest restore that came so far swapped, and when it was opened for the first time. */
  const timesOf = async () => {
    const entries = await (await living.open()).journal.entries(1_000)
    const steps = entries.filter(({ action, phase }) => action === 'restore' && phase === 'step')
    const from = steps.findLastIndex(({ detail }) => detail?.step === 'swap')
    const open = steps.slice(from).find(({ detail }) => detail?.step === 'open')
    return { swapped: Date.parse(steps[from]?.at ?? ''), opened: Date.parse(open?.at ?? '') }
  }

  /** Everything accepted is there, whenever it was. */
  const expectAll = async () => {
    await living.load.more(2)
    const { accepted } = living.load
    const there = await slugsIn(await living.open())
    expect(accepted.filter(({ slug }) => !there.has(slug))).to.deep.equal([])
    expect(living.load.problems).to.deep.equal([])
    await expectSettled(living.dir)
  }

  /** Everything accepted before the backup or since the restore is there, and nothing from between. */
  const expectRestored = async () => {
    await living.load.more(2)
    const taken = Date.parse(backup.created_at)
    const { swapped, opened } = await timesOf()
    const { accepted } = living.load
    const there = await slugsIn(await living.open())
    const before = accepted.filter(({ answered }) => answered < taken)
    const between = accepted.filter(({ sent, answered }) => sent > taken && answered < swapped)
    expect(before.length).to.be.greaterThan(0)
    expect(before.filter(({ slug }) => !there.has(slug))).to.deep.equal([])
    expect(between.length).to.be.greaterThan(0)
    expect(between.filter(({ slug }) => there.has(slug))).to.deep.equal([])
    const meanwhile = accepted.filter(({ answered }) => answered > swapped && answered < opened)
    expect(meanwhile, 'accepted while nobody could be sure of it').to.deep.equal([])
    // What is not in the data any more is nothing that must be there from now on.
    living.load.forget(({ slug }) => accepted.some((one) => one.slug === slug) && !there.has(slug))
    expect(living.load.problems).to.deep.equal([])
    await expectSettled(living.dir)
  }

  const goesDown = async () => {
    const deployment = await living.open()
    await runtimeFor(deployment).down(deployment, silent)
  }

  const killComponent = async (name: string) => {
    const deployment = await living.open()
    const { components } = await runtimeFor(deployment).status(deployment, { brief: true })
    const pid = components.find((one) => one.name === name)?.pid
    expect(pid, name).to.be.a('number')
    process.kill(Number(pid), 'SIGKILL')
  }

  describe('where the command is killed', () => {
    it('leaves no half backup, and nothing that goes on', async () => {
      await killed({ work: 'backup', title: 'Copy the database' })
      await expectAll()
      const again = await backUp(await living.open())
      expect(again.rows).to.be.at.least(backup.rows)
    })

    const undone: (Omit<KilledRestore, 'dir' | 'work'> & { down: boolean })[] = [
      { title: 'Load', down: false },
      { step: 'objects', down: true },
    ]
    const alsoUndone: typeof undone = [
      { step: 'hold', down: true },
      { title: 'Copy the database', down: false },
      { step: 'start', down: false },
    ]
    for (const { down, ...point } of walksEveryStep ? [...undone, ...alsoUndone] : undone) {
      it(`is taken back by the next start, killed at ${JSON.stringify(point)}${down ? ' as the host goes down' : ''}`, async () => {
        await killed({ work: 'restore', ...point })
        if (down) await goesDown()
        const { changed } = await startDeployment(living.dir, silent)
        expect(changed).to.equal(true)
        await expectAll()
      })
    }

    it('is taken back where what takes it back is killed as well', async () => {
      await killed({ work: 'restore', step: 'cache' })
      expect(await checksumsNow(), 'the restored data, before anybody writes to it').to.deep.equal(checksums)
      await killed({ work: 'up', title: 'Put the earlier data back' })
      await killed({ work: 'up', title: 'Remove what is no longer needed' })
      await startDeployment(living.dir, silent)
      await expectAll()
    })

    it('is finished by the next start once the restored data is open', async () => {
      await killed({ work: 'restore', step: 'finish' })
      await living.load.more(2)
      await startDeployment(living.dir, silent)
      await expectRestored()
    })

    itOfLongWalks(
      'is finished by the next start once the restored data is in its place, also where the host went down',
      async () => {
        await living.load.more(2)
        await killed({ work: 'restore', step: 'open' })
        await goesDown()
        await startDeployment(living.dir, silent)
        await expectRestored()
      },
    )

    itOfLongWalks('is settled by the next restore too', async () => {
      await living.load.more(2)
      await killed({ work: 'restore', step: 'swap' })
      const { safety_backup: safety } = await restoreOnto(living.dir, { source: source() })
      expect(safety).to.be.a('string')
      await expectRestored()
    })
  })

  describe('where something else is killed', () => {
    /** Restores, and does something in the midst of it; the error, if it failed. */
    const restoreWhile = async (title: string, act: () => Promise<void>): Promise<unknown> => {
      let acted: Promise<void> | undefined
      const progress = atTitle(title, () => {
        acted = act()
      })
      const error = await restoreOnto(living.dir, { source: source(), progress }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(acted, title).to.not.equal(undefined)
      await acted
      return error
    }
    const expectEither = async (error: unknown) => {
      if (error === undefined) return expectRestored()
      expect(error).to.have.property('next').that.is.a('string')
      await startDeployment(living.dir, silent)
      await expectAll()
    }

    it('has everything as it was, without a request refused, where the program that loads is', async () => {
      const error = await restoreWhile('Load', async () => {
        for (const { pid } of await toolsOf(living.dir)) process.kill(pid, 'SIGKILL')
      })
      expect(error).to.include({ code: 'tool_failed' })
      await expectAll()
    })

    itOfLongWalks('goes on where the server is, while it loads', async () => {
      await living.load.more(2)
      expect(await restoreWhile('Load', () => killComponent('server'))).to.equal(undefined)
      await expectRestored()
    })

    for (const title of ['Put the restored data in its place', 'Load', 'Wait until the server is ready']) {
      const tell = title.startsWith('Put') ? it : itOfLongWalks
      tell(`has the old data or the restored, whole, where PostgreSQL is at "${title}"`, async () => {
        await living.load.more(2)
        await expectEither(await restoreWhile(title, () => killComponent('postgres')))
      })
    }

    it('has the next backup made where the program or PostgreSQL is in the midst of one', async () => {
      const acts = {
        program: async () => {
          for (const { pid } of await toolsOf(living.dir)) process.kill(pid, 'SIGKILL')
        },
        postgres: () => killComponent('postgres'),
      }
      for (const act of Object.values(acts)) {
        let acted: Promise<void> | undefined
        const progress = atTitle('Copy the database', () => {
          acted = act()
        })
        await backUp(await living.open(), progress).catch(() => undefined)
        await acted
        await startDeployment(living.dir, silent)
        await backUp(await living.open())
        await expectAll()
      }
    })
  })
})
