import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { readSettings } from '../../server/config/config.js'
import { settings } from '../../server/config/settings.js'
import { Lifecycle } from '../../server/kernel/lifecycle.js'
import type { Resources } from '../../server/kernel/resources.js'
import { openResources } from '../../server/resources.js'
import { ChaosDeployment, STRIKES } from './deployment.js'
import { chaosService } from './kinds.js'
import { countOpen, countSettled, type Ledger, readLedger } from './ledger.js'
import { Producer } from './producer.js'
import { Random } from './random.js'

const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000))
const JOBS = Number(process.env.CHAOS_JOBS ?? 20_000)
const WORKERS = 3
/** Strikes in each thousand jobs, and at least so many. */
const STRIKES_PER_THOUSAND = 0.6
const STRIKES_MIN = 10

describe('jobs while everything dies', function () {
  this.timeout(600_000)
  const life = new Lifecycle({ graceMs: 10_000 })
  let deployment: ChaosDeployment
  let resources: Resources

  before(async () => {
    deployment = await ChaosDeployment.start(WORKERS)
    resources = await openResources(readSettings(settings, deployment.env), life, {
      services: [chaosService],
      permissions: {},
    })
  })
  after(async () => {
    await life.close()
    await deployment?.remove()
  })

  it(`are all done exactly once (CHAOS_SEED=${SEED} CHAOS_JOBS=${JOBS})`, async () => {
    const producer = new Producer(resources, new Random(SEED))
    let settled = 0
    let failure: unknown
    const produced = producer
      .produce(JOBS, () => settled)
      .catch((error: unknown) => {
        failure = error
      })
    /** Resolves when so many have ended; PostgreSQL may be away meanwhile. */
    const reach = async (count: number) => {
      while (settled < count && !failure) {
        settled = await countSettled(resources.db).catch(() => settled)
        await sleep(100)
      }
    }
    const strikes: string[] = []
    const random = new Random(SEED + 1)
    for (const { strike, at } of schedule(random)) {
      await reach(at)
      strikes.push(`at ${settled}: ${await deployment.strike(strike, random)}`)
    }
    await reach(JOBS)
    await produced
    if (failure) throw failure
    while ((await countOpen(resources.db).catch(() => 1)) > 0) await sleep(100)

    const ledger = await readLedger(resources.db, {
      acknowledged: [...producer.acknowledged],
      takenBack: producer.takenBack,
    })
    tell({ strikes, ledger, producer, poisoned: deployment.poisoned })
    const { counts: _counts, letters, ...faults } = ledger
    // It stops at its third attempt, and takes nothing else along.
    expect(letters).to.deep.equal(['chaos.poison lost 3'])
    for (const [fault, jobs] of Object.entries(faults)) expect(jobs, fault).to.deep.equal([])
    expect(deployment.crashes).to.deep.equal([])
    // A strike that killed the process of the poisonous job took one of its attempts.
    expect(deployment.poisoned).to.be.within(1, 3)
  })
})

/** Each kind of strike at least once, at shares of all jobs that the seed decides. */
function schedule(random: Random) {
  const count = Math.max(STRIKES_MIN, Math.round((JOBS / 1_000) * STRIKES_PER_THOUSAND))
  const order = Array.from({ length: count }, (_, n) => STRIKES[n] ?? random.pick(STRIKES))
  for (let n = order.length - 1; n > 0; n--) {
    const other = random.between(0, n)
    ;[order[n], order[other]] = [
      order[other] as (typeof STRIKES)[number],
      order[n] as (typeof STRIKES)[number],
    ]
  }
  const shares = order.map(() => 0.02 + random.next() * 0.9).sort((a, b) => a - b)
  return order.map((strike, n) => ({ strike, at: (shares[n] ?? 0) * JOBS }))
}

function tell(told: { strikes: string[]; ledger: Ledger; producer: Producer; poisoned: number }): void {
  const { strikes, ledger, producer, poisoned } = told
  const lines = [
    `seed ${SEED}: ${producer.acknowledged.size} jobs acknowledged, ${producer.failures} orders given again, ` +
      `${producer.takenBack.length} taken back, ${poisoned} workers killed by a job`,
    ...strikes,
    Object.entries(ledger.counts)
      .map(([what, n]) => `${what} ${n}`)
      .join(', '),
  ]
  for (const line of lines) console.log(`      ${line}`)
}
